#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/csv.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/notify/v1/notify_service.pb.h"

// gridctl notice ... and gridctl roster ...
namespace gridwarden::gridctl {
namespace {

namespace v1 = notify::v1;

constexpr int kRowsMax = 1'000;

std::string Method(std::string_view name) {
  return "gridwarden.notify.v1.NotifyService/" + std::string(name);
}

std::string UrgencyMark(const v1::Notice& notice) {
  switch (notice.urgency()) {
    case v1::Notice::PRESSING:
      return "!!";
    case v1::Notice::ACT:
      return "!";
    default:
      return "";
  }
}

absl::Status List(Invocation& run) {
  v1::ListNoticesRequest request;
  request.set_unread_only(run.Has("--unread"));
  for (const std::string& kind : run.All("--kind")) request.add_kinds(absl::AsciiStrToUpper(kind));
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const auto page,
                      run.session().Call<v1::ListNoticesResponse>(Method("ListNotices"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.notices().empty()) {
    std::puts(Say(run, "no notices", "没有消息").c_str());
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"READ", "", "TIME", "TEXT", "ABOUT", "NOTICE"});
  for (const v1::Notice& notice : page.notices()) {
    table.Add({notice.has_read_time() ? Say(run, "read", "已读") : Say(run, "unread", "未读"),
               UrgencyMark(notice), LocalTime(notice.create_time()),
               run.chinese ? notice.text_zh() : notice.text_en(), notice.subject(), notice.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Count(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const auto count, run.session().Call<v1::UnreadCount>(Method("GetUnreadCount"),
                                                                            v1::GetUnreadCountRequest()));
  if (run.json)
    PrintJson(count);
  else
    std::printf(run.chinese ? "%d 条未读，其中 %d 条已提醒\n" : "%d unread, %d of them announced\n",
                count.unread(), count.announced());
  return absl::OkStatus();
}

void PrintChanged(Invocation& run, int changed) {
  std::printf(run.chinese ? "%d 条已更改\n" : "%d changed\n", changed);
}

absl::Status MarkNames(Invocation& run, std::string_view method) {
  v1::MarkReadRequest request;
  request.set_request_id(NewRequestId());
  for (const std::string& name : run.positionals) request.add_names(NameIn("notices", name));
  GW_ASSIGN_OR_RETURN(const auto answer, run.session().Call<v1::MarkReadResponse>(Method(method), request));
  if (run.json)
    PrintJson(answer);
  else
    PrintChanged(run, answer.changed());
  return absl::OkStatus();
}

absl::Status Read(Invocation& run) {
  if (!run.Has("--all")) {
    if (run.positionals.empty()) return absl::InvalidArgumentError("want names of notices, or --all");
    return MarkNames(run, "MarkRead");
  }
  if (!run.positionals.empty()) return absl::InvalidArgumentError("want names of notices or --all, not both");
  GW_ASSIGN_OR_RETURN(const absl::Time before, run.GetTime("--before", absl::Now()));
  int changed = 0;
  bool more = true;
  while (more) {
    v1::MarkAllReadRequest request;
    request.set_request_id(NewRequestId());
    *request.mutable_before_time() = ToProto(before);
    GW_ASSIGN_OR_RETURN(const auto answer,
                        run.session().Call<v1::MarkReadResponse>(Method("MarkAllRead"), request));
    changed += answer.changed();
    more = answer.more();
  }
  PrintChanged(run, changed);
  return absl::OkStatus();
}

absl::Status Unread(Invocation& run) { return MarkNames(run, "MarkUnread"); }

void PrintSettings(Invocation& run, const v1::NoticeSettings& settings) {
  if (run.json) return PrintJson(settings);
  const auto own = [&](const std::string& value) {
    return value.empty() ? Say(run, " (the default)", "（默认）") : std::string();
  };
  std::printf(run.chinese ? "免打扰时段 %s - %s%s\n每日汇总 %s%s\n"
                          : "quiet hours %s - %s%s\ndaily summary at %s%s\n",
              settings.quiet_from_in_force().c_str(), settings.quiet_to_in_force().c_str(),
              own(settings.quiet_from()).c_str(), settings.digest_at_in_force().c_str(),
              own(settings.digest_at()).c_str());
}

absl::Status Settings(Invocation& run) {
  GW_ASSIGN_OR_RETURN(
      v1::NoticeSettings settings,
      run.session().Call<v1::NoticeSettings>(Method("GetNoticeSettings"), v1::GetNoticeSettingsRequest()));
  if (run.Has("--quiet") || run.Has("--digest") || run.Has("--default")) {
    if (run.Has("--default")) {
      settings.clear_quiet_from();
      settings.clear_quiet_to();
      settings.clear_digest_at();
    }
    if (run.Has("--quiet")) {
      const std::vector<std::string> ends = absl::StrSplit(run.Get("--quiet"), '-');
      if (ends.size() != 2)
        return absl::InvalidArgumentError(
            absl::StrFormat("--quiet: got \"%s\", want 22:00-07:00", run.Get("--quiet")));
      settings.set_quiet_from(ends[0]);
      settings.set_quiet_to(ends[1]);
    }
    if (run.Has("--digest")) settings.set_digest_at(run.Get("--digest"));
    v1::SetNoticeSettingsRequest request;
    request.set_request_id(NewRequestId());
    *request.mutable_settings() = settings;
    GW_ASSIGN_OR_RETURN(settings,
                        run.session().Call<v1::NoticeSettings>(Method("SetNoticeSettings"), request));
  }
  PrintSettings(run, settings);
  return absl::OkStatus();
}

absl::Status Deliveries(Invocation& run) {
  v1::ListDeliveriesRequest request;
  if (run.Has("--state")) {
    v1::Delivery::State state;
    if (!v1::Delivery::State_Parse(absl::AsciiStrToUpper(run.Get("--state")), &state)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--state: got \"%s\", want WAITING, DELIVERED, GIVEN_UP, NOBODY or DIGESTED", run.Get("--state")));
    }
    request.set_state(state);
  }
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const auto page,
                      run.session().Call<v1::ListDeliveriesResponse>(Method("ListDeliveries"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.deliveries().empty()) {
    std::puts(Say(run, "none", "没有").c_str());
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"STATE", "CHANNEL", "KIND", "TO", "ATTEMPTS", "DUE", "ERROR", "NOTICE"});
  for (const v1::Delivery& delivery : page.deliveries()) {
    table.Add({Word(run, delivery.state()), Word(run, delivery.channel()), delivery.kind(), delivery.target(),
               std::to_string(delivery.attempts()), LocalTime(delivery.due_time()), delivery.last_error(),
               delivery.notice()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Retry(Invocation& run) {
  v1::RetryDeliveriesRequest request;
  v1::Delivery::Channel channel;
  if (!v1::Delivery::Channel_Parse(absl::AsciiStrToUpper(run.positionals[0]), &channel))
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want INBOX or WEBHOOK", run.positionals[0]));
  request.set_channel(channel);
  int retried = 0;
  bool more = true;
  while (more) {
    request.set_request_id(NewRequestId());
    GW_ASSIGN_OR_RETURN(const auto answer,
                        run.session().Call<v1::RetryDeliveriesResponse>(Method("RetryDeliveries"), request));
    retried += answer.retried();
    more = answer.more();
  }
  std::printf(run.chinese ? "%d 条将重新发送\n" : "%d are tried again\n", retried);
  return absl::OkStatus();
}

// ---- the duty roster

absl::Status RosterList(Invocation& run) {
  v1::ListDutyShiftsRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const absl::Time from, run.GetTime("--from", absl::Now()));
  GW_ASSIGN_OR_RETURN(const absl::Time to, run.GetTime("--to", from + absl::Hours(24 * 7)));
  *request.mutable_from_time() = ToProto(from);
  *request.mutable_to_time() = ToProto(to);
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const auto page,
                      run.session().Call<v1::ListDutyShiftsResponse>(Method("ListDutyShifts"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.shifts().empty()) {
    std::puts(Say(run, "nobody is planned", "没有排班").c_str());
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"KIND", "FROM", "TO", "WHO"});
  for (const v1::DutyShift& shift : page.shifts()) {
    table.Add({Word(run, shift.kind()), LocalTime(shift.from_time()), LocalTime(shift.to_time()),
               shift.post().empty() ? shift.person() : shift.post()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status RosterWho(Invocation& run) {
  v1::WhoIsOnDutyRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  if (run.Has("--at")) {
    GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--at", absl::Now()));
    *request.mutable_time() = ToProto(at);
  }
  GW_ASSIGN_OR_RETURN(const auto answer,
                      run.session().Call<v1::WhoIsOnDutyResponse>(Method("WhoIsOnDuty"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  if (answer.on_duty().empty()) {
    std::puts(Say(run, "nobody is on duty, here or above", "本级和上级均无人值班").c_str());
    return absl::OkStatus();
  }
  std::vector<std::string> divisions;
  for (const v1::OnDuty& one : answer.on_duty()) divisions.push_back(one.shift().division());
  std::map<std::string, std::string> places = run.session().PlaceNames(divisions);
  Table table = MakeTable(run, {"KIND", "WHO", "DIVISION", "FROM", "TO"});
  for (const v1::OnDuty& one : answer.on_duty()) {
    table.Add({Word(run, one.shift().kind()), one.display_name().empty() ? Vacant(run) : one.display_name(),
               places[one.shift().division()], LocalTime(one.shift().from_time()),
               LocalTime(one.shift().to_time())});
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

// persons/{uuid} of a staff number, asked once each.
absl::StatusOr<std::string> PersonOfStaffNo(Invocation& run, const std::string& staff_no,
                                            std::map<std::string, std::string>& known) {
  if (staff_no.starts_with("persons/")) return staff_no;
  if (const auto found = known.find(staff_no); found != known.end()) return found->second;
  grid::v1::ListPersonsRequest request;
  request.set_filter(staff_no);
  request.set_page_size(500);
  GW_ASSIGN_OR_RETURN(const auto page, run.session().Call<grid::v1::ListPersonsResponse>(
                                           "gridwarden.grid.v1.GridService/ListPersons", request));
  for (const grid::v1::Person& person : page.persons()) {
    if (person.staff_no() == staff_no) return known[staff_no] = person.name();
  }
  return absl::NotFoundError(absl::StrFormat("nobody has the staff number %s", staff_no));
}

// Shifts of a CSV file: 开始, 结束 and 工号 (a staff number or persons/...) or 岗位 (posts/...).
absl::Status ReadRoster(Invocation& run, const std::string& path, v1::SetDutyShiftsRequest& request) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::InvalidArgumentError(absl::StrFormat("cannot read %s", path));
  std::ostringstream content;
  content << in.rdbuf();
  GW_ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(content.str(), kRowsMax));
  const std::vector<CsvColumn> wanted = {
      {{"开始", "from"}, true}, {{"结束", "to"}, true}, {{"工号", "staff_no", "person"}}, {{"岗位", "post"}}};
  GW_ASSIGN_OR_RETURN(const std::vector<int> at, FindColumns(table, wanted));
  std::map<std::string, std::string> known;
  for (const CsvRow& row : table.rows) {
    const auto cell = [&](int column) {
      return column >= 0 && static_cast<size_t>(column) < row.cells.size() ? row.cells[column]
                                                                           : std::string();
    };
    const auto in_line = [&](const absl::Status& status) {
      return absl::Status(status.code(),
                          absl::StrFormat("%s, line %d: %s", path, row.line, std::string(status.message())));
    };
    const absl::StatusOr<absl::Time> from = ParseTime(cell(at[0]));
    if (!from.ok()) return in_line(from.status());
    const absl::StatusOr<absl::Time> to = ParseTime(cell(at[1]));
    if (!to.ok()) return in_line(to.status());
    v1::DutyShift& shift = *request.add_shifts();
    *shift.mutable_from_time() = ToProto(*from);
    *shift.mutable_to_time() = ToProto(*to);
    if (!cell(at[3]).empty()) shift.set_post(NameIn("posts", cell(at[3])));
    if (cell(at[2]).empty()) continue;
    const absl::StatusOr<std::string> person = PersonOfStaffNo(run, cell(at[2]), known);
    if (!person.ok()) return in_line(person.status());
    shift.set_person(*person);
  }
  if (request.shifts().empty()) return absl::InvalidArgumentError(absl::StrFormat("%s names no shift", path));
  return absl::OkStatus();
}

// Whole days: from the first that a shift begins on to the last.
absl::Status SetWindow(v1::SetDutyShiftsRequest& request) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone("Asia/Shanghai", &zone))
    return absl::InternalError("there is no time zone Asia/Shanghai");
  absl::CivilDay first = absl::CivilDay::max(), last = absl::CivilDay::min();
  for (const v1::DutyShift& shift : request.shifts()) {
    const absl::CivilDay day = absl::ToCivilDay(absl::FromUnixSeconds(shift.from_time().seconds()), zone);
    first = std::min(first, day);
    last = std::max(last, day);
  }
  *request.mutable_from_time() = ToProto(absl::FromCivil(first, zone));
  *request.mutable_to_time() = ToProto(absl::FromCivil(last + 1, zone));
  return absl::OkStatus();
}

absl::Status RosterImport(Invocation& run) {
  v1::SetDutyShiftsRequest request;
  request.set_request_id(NewRequestId());
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  v1::DutyShift::Kind kind;
  const std::string wanted = run.Get("--kind", "CENTRE");
  if (!v1::DutyShift::Kind_Parse(absl::AsciiStrToUpper(wanted), &kind))
    return absl::InvalidArgumentError(absl::StrFormat("--kind: got \"%s\", want CENTRE or FIELD", wanted));
  request.set_kind(kind);
  GW_RETURN_IF_ERROR(ReadRoster(run, run.positionals[1], request));
  GW_RETURN_IF_ERROR(SetWindow(request));
  request.set_dry_run(run.Has("--dry-run"));
  request.set_etag(run.Get("--etag"));
  GW_ASSIGN_OR_RETURN(const auto answer,
                      run.session().Call<v1::SetDutyShiftsResponse>(Method("SetDutyShifts"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  std::printf(
      run.chinese ? "新增 %d 班，取消 %d 班，不变 %d 班%s\n" : "%d planned, %d taken off, %d unchanged%s\n",
      answer.planned(), answer.removed(), answer.unchanged(),
      answer.dry_run() ? Say(run, " (dry run: nothing was changed)", "（试算，未改动）").c_str() : "");
  return absl::OkStatus();
}

}  // namespace

void AddNoticeCommands(std::vector<Command>& commands) {
  commands.push_back({.words = "notice list",
                      .summary = "lists your notices, newest first",
                      .options = {{"--unread", "", "only unread ones"},
                                  {"--kind", "KIND", "CASE_ASSIGNED, DUE_SOON, OVERDUE ...", true},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl notice list --unread"},
                      .run = List});
  commands.push_back({.words = "notice count",
                      .summary = "counts your unread notices",
                      .examples = {"gridctl notice count"},
                      .run = Count});
  commands.push_back(
      {.words = "notice read",
       .arguments = "[NOTICE]...",
       .summary = "marks your notices as read",
       .options = {{"--all", "", "all up to now"}, {"--before", "TIME", "with --all: those up to then"}},
       .examples = {"gridctl notice read 0190...", "gridctl notice read --all"},
       .run = Read});
  commands.push_back({.words = "notice unread",
                      .arguments = "NOTICE...",
                      .summary = "takes marks back",
                      .examples = {"gridctl notice unread 0190..."},
                      .run = Unread});
  commands.push_back({.words = "notice settings",
                      .summary = "shows or sets your quiet hours and the hour of the daily summary",
                      .options = {{"--quiet", "FROM-TO", "22:00-07:00; the same twice: none"},
                                  {"--digest", "HH:MM", "when the daily summary is made"},
                                  {"--default", "", "back to those of the installation"}},
                      .examples = {"gridctl notice settings --quiet 21:30-06:30 --digest 07:30"},
                      .run = Settings});
  commands.push_back({.words = "notice deliveries",
                      .summary = "lists deliveries that were given up, or others (administrators)",
                      .options = {{"--state", "STATE", "WAITING, DELIVERED, GIVEN_UP, NOBODY, DIGESTED"},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl notice deliveries"},
                      .run = Deliveries});
  commands.push_back({.words = "notice retry",
                      .arguments = "CHANNEL",
                      .summary = "tries deliveries that were given up again (administrators)",
                      .examples = {"gridctl notice retry webhook"},
                      .run = Retry});
  commands.push_back({.words = "roster list",
                      .arguments = "DIVISION",
                      .summary = "lists the shifts of a division",
                      .options = {{"--from", "TIME", "now if not given"},
                                  {"--to", "TIME", "a week later if not given"},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl roster list 411702001 --from 2026-11-23"},
                      .run = RosterList});
  commands.push_back(
      {.words = "roster who",
       .arguments = "DIVISION",
       .summary = "says who is on duty for a division, here or above",
       .options = {{"--at", "TIME", "now if not given"}},
       .examples = {"gridctl roster who 411702001", "gridctl roster who 411702 --at \"2026-11-24 02:00\""},
       .run = RosterWho});
  commands.push_back({.words = "roster import",
                      .arguments = "DIVISION FILE",
                      .summary = "plans whole days from a CSV file: 开始, 结束 and 工号 or 岗位; what the "
                                 "file leaves out is taken off",
                      .options = {{"--kind", "KIND", "CENTRE or FIELD; CENTRE if not given"},
                                  {"--dry-run", "", "say what would happen"},
                                  {"--etag", "ETAG", "only if the roster is still the one you saw"}},
                      .examples = {"gridctl roster import 411702001 duty.csv --dry-run"},
                      .run = RosterImport});
}

}  // namespace gridwarden::gridctl
