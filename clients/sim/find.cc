#include "sim/find.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "domain/workflow/check_hours.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "platform/crypto/digest.h"
#include "sim/photo.h"

namespace gridwarden::sim {
namespace {

namespace v1 = casework::v1;

std::string Casework(std::string_view rpc) {
  return "gridwarden.casework.v1.CaseworkService/" + std::string(rpc);
}

std::string Closing(std::string_view rpc) {
  return "gridwarden.casework.v1.ClosingService/" + std::string(rpc);
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  proto.set_seconds(absl::ToUnixSeconds(time));
  proto.set_nanos(
      static_cast<int32_t>((absl::ToUnixMicros(time) - absl::ToUnixSeconds(time) * 1000000) * 1000));
  return proto;
}

absl::Time FromProto(const google::protobuf::Timestamp& proto) {
  return absl::FromUnixSeconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

// What a person would tick: the answer that passes.
std::string PassingValue(const domain::ChecklistItem& item) {
  if (item.answer == "yes_no") return item.pass_when == "no" ? "no" : "yes";
  if (item.answer == "number") return item.pass_when.find('>') != std::string::npos ? "1000" : "0";
  if (item.answer == "choice" && !item.options.empty()) return item.options.front();
  if (item.answer == "date") return "2026-11-01";
  if (item.answer == "geo") return "114.0,33.0";
  return "已核实";
}

NextStep In(Step step, absl::Time now, absl::Duration wait) { return {step, now + wait}; }

// 同时段: night work is checked at night. Nothing when the check may be made now, else when it may.
std::optional<absl::Time> NextCheckHour(const v1::Case& file, const std::string& time_zone, absl::Time now,
                                        Random& random) {
  const domain::HourWindow window{file.check_window_start_minute(), file.check_window_end_minute()};
  const bool any_hour = window.start_minute == 0 && window.end_minute == 0;
  if (any_hour || file.check_any_hour() || domain::Touches(window, now, now, time_zone)) return std::nullopt;
  absl::Time hour = now;
  while (!domain::Touches(window, hour, hour, time_zone)) hour += absl::Minutes(15);
  return hour + absl::Minutes(static_cast<int64_t>(random.Between(0, 60)));
}

}  // namespace

std::string Actor::Id(const Find& find, std::string_view what) const {
  return world_.IdOf(
      absl::StrFormat("find %d.%d %s %d %d", find.number, find.rebound_of, what, find.checks, find.refusals));
}

type::v1::Position Actor::Somewhere(const std::string& division, Random& random) const {
  const Ground& at = grounds_.at(division);
  type::v1::Position position;
  position.set_longitude(
      random.Between(at.west + (at.east - at.west) * 0.1, at.east - (at.east - at.west) * 0.1));
  position.set_latitude(
      random.Between(at.south + (at.north - at.south) * 0.1, at.north - (at.north - at.south) * 0.1));
  position.set_datum(type::v1::Position::WGS84);
  position.set_accuracy_m(random.Between(4, 25));
  return position;
}

absl::StatusOr<std::string> Actor::Photo(Find& find, const std::string& who, absl::Time now) {
  media::v1::UploadMediaRequest request;
  request.set_content(MakePhoto(world_.seed() * 1000003 + static_cast<uint64_t>(find.number) * 1000 +
                                find.rebound_of * 500 + find.photos++));
  request.set_sha256(absl::BytesToHexString(crypto::Sha256(request.content())));
  request.set_content_type("image/png");
  request.set_division(find.village);
  GW_ASSIGN_OR_RETURN(
      const media::v1::Media media,
      world_.Call<media::v1::Media>(who, now, "gridwarden.media.v1.MediaService/UploadMedia", request));
  return media.name();
}

absl::Time Actor::WhenDone(Find& find, absl::Time now, absl::Time due, double late_share,
                           Random& random) const {
  const absl::Duration left = std::max(due - now, absl::Minutes(10));
  if (random.Chance(late_share)) {
    find.late = true;
    return due + left * random.Between(0.1, 1.2);
  }
  return now + std::max(absl::Minutes(2), left * random.Between(0.15, 0.9));
}

absl::StatusOr<v1::Case> Actor::WaitFor(const Find& find, const std::string& who, absl::Time now,
                                        v1::Case::State state) {
  v1::GetCaseRequest request;
  request.set_name(find.file.name());
  v1::Case last;
  for (int attempt = 0; attempt < 400; ++attempt) {
    GW_ASSIGN_OR_RETURN(last, world_.Call<v1::Case>(who, now, Casework("GetCase"), request));
    if (last.state() == state) break;
    usleep(10'000);
  }
  return last;
}

absl::Status Actor::AddAnswers(Find& find, const std::string& who, absl::Time now,
                               const std::vector<std::string>& items,
                               google::protobuf::RepeatedPtrField<type::v1::ChecklistAnswer>* answers) {
  std::vector<std::string> wanted =
      items;  // "CHECKLIST.ITEM" or "CHECKLIST.ITEM=value", as the policy writes them
  for (size_t i = 0; i < wanted.size(); ++i) {
    const size_t dot = wanted[i].find('.');
    const size_t equals = std::min(wanted[i].find('='), wanted[i].size());
    const domain::Checklist* checklist = policy_.FindChecklist(wanted[i].substr(0, dot));
    const domain::ChecklistItem* item =
        checklist == nullptr ? nullptr : checklist->Find(wanted[i].substr(dot + 1, equals - dot - 1));
    if (item == nullptr) return Internal("policy names an unknown item " + wanted[i]);
    type::v1::ChecklistAnswer* answer = answers->Add();
    answer->set_checklist(checklist->code);
    answer->set_item(item->code);
    answer->set_value(equals < wanted[i].size() ? wanted[i].substr(equals + 1) : PassingValue(*item));
    GW_ASSIGN_OR_RETURN(*answer->add_media(), Photo(find, who, now));
    // What this answer makes necessary besides.
    for (const domain::ChecklistItem& other : checklist->items) {
      const std::string code = checklist->code + "." + other.code;
      if (other.required_if == item->code + "=" + answer->value() &&
          std::find(wanted.begin(), wanted.end(), code) == wanted.end()) {
        wanted.push_back(code);
      }
    }
  }
  return absl::OkStatus();
}

Actor::Next Actor::Do(Find& find, Step step, absl::Time now) {
  Random random(world_.seed(), absl::StrFormat("find %d.%d step %d %d %d %d", find.number, find.rebound_of,
                                               static_cast<int>(step), find.checks, find.refusals,
                                               find.file.rechecks_done()));
  switch (step) {
    case Step::kReport:
      return Report(find, now, random);
    case Step::kReportOutside:
      return ReportOutside(find, now, random);
    case Step::kPatrol:
      return Patrol(find, now, random);
    case Step::kSendCheck:
      return SendCheck(find, now, random);
    case Step::kOnsiteCheck:
      return OnsiteCheck(find, now, random);
    case Step::kFile:
      return File(find, now, random);
    case Step::kReject:
      return Reject(find, now);
    case Step::kDisposition:
      return Disposition(find, now, random);
    case Step::kDispatch:
      return Dispatch(find, now, random, false);
    case Step::kReturn:
      return Return(find, now, random);
    case Step::kDispatchAgain:
      return Dispatch(find, now, random, true);
    case Step::kAccept:
      return Accept(find, now, random);
    case Step::kFeedback:
      return Feedback(find, now, random);
    case Step::kCheck:
      return Check(find, now, random);
    case Step::kSign:
      return Sign(find, now, random);
    case Step::kRecheck:
      return Recheck(find, now, random);
  }
  return std::optional<NextStep>();
}

Actor::Next Actor::Report(Find& find, absl::Time now, Random& random) {
  v1::SubmitSignalRequest request;
  request.set_request_id(Id(find, "report"));
  request.set_signal_id(Id(find, "signal"));
  v1::Signal& signal = *request.mutable_signal();
  signal.set_channel(v1::Signal::PATROL);
  signal.set_channel_key(absl::StrFormat("demo-%d-%d", world_.seed(), find.number));
  signal.set_category(find.category);
  signal.set_division(find.village);
  *signal.mutable_position() = Somewhere(find.village, random);
  signal.set_description("巡查发现问题（演示数据）");
  *signal.mutable_event_time() = ToProto(now);
  for (const type::v1::Evidence::Kind kind : {type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
    type::v1::Evidence* evidence = signal.add_evidence();
    evidence->set_kind(kind);
    GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->patrol, now));
  }
  GW_RETURN_IF_ERROR(AddAnswers(find, find.place->patrol, now, policy_.TypeOf(find.category).filing_items,
                                signal.mutable_answers()));
  GW_ASSIGN_OR_RETURN(const v1::Signal made,
                      world_.Call<v1::Signal>(find.place->patrol, now, Casework("SubmitSignal"), request));
  find.signal = made.name();
  return In(Step::kFile, now, absl::Minutes(random.Between(10, 240)));
}

Actor::Next Actor::ReportOutside(Find& find, absl::Time now, Random& random) {
  v1::SubmitSignalRequest request;
  request.set_request_id(Id(find, "report"));
  request.set_signal_id(Id(find, "signal"));
  v1::Signal& signal = *request.mutable_signal();
  signal.set_channel(v1::Signal::HOTLINE);
  signal.set_channel_key(absl::StrFormat("12369-%d-%d", world_.seed(), find.number));
  signal.set_category(find.category);
  signal.set_division(find.village);
  signal.set_description("热线转来（演示数据）");
  *signal.mutable_event_time() = ToProto(now - absl::Minutes(random.Between(5, 60)));
  GW_ASSIGN_OR_RETURN(const v1::Signal made,
                      world_.Call<v1::Signal>(find.place->office, now, Casework("SubmitSignal"), request));
  find.signal = made.name();
  return In(Step::kSendCheck, now, absl::Minutes(random.Between(3, 60)));
}

Actor::Next Actor::Patrol(Find& find, absl::Time now, Random& random) {
  const PostHere patrol = world_.PostAt(find.place->township, grid::v1::Post::PATROL_OFFICER);
  patrol::v1::CreatePatrolTaskRequest create;
  create.set_request_id(Id(find, "task"));
  create.set_patrol_task_id(Id(find, "task id"));
  create.mutable_patrol_task()->set_division(find.village);
  create.mutable_patrol_task()->set_category(find.category);
  create.mutable_patrol_task()->set_post(patrol.name);
  create.mutable_patrol_task()->set_title("例行巡查");
  *create.mutable_patrol_task()->mutable_due_time() = ToProto(now + absl::Hours(8));
  GW_ASSIGN_OR_RETURN(
      const patrol::v1::PatrolTask task,
      world_.Call<patrol::v1::PatrolTask>(find.place->office, now - absl::Hours(2),
                                          "gridwarden.patrol.v1.PatrolService/CreatePatrolTask", create));
  patrol::v1::SubmitVisitRequest submit;
  submit.set_request_id(Id(find, "visit"));
  submit.set_visit_id(Id(find, "visit id"));
  submit.set_parent(task.name());
  patrol::v1::Visit& visit = *submit.mutable_visit();
  // One inspection in four finds nothing; it is the whole story then.
  const bool problem = random.Chance(0.75);
  visit.set_result(problem ? patrol::v1::Visit::PROBLEM : patrol::v1::Visit::NORMAL);
  *visit.mutable_event_time() = ToProto(now);
  *visit.mutable_position() = Somewhere(find.village, random);
  if (problem) {
    for (const type::v1::Evidence::Kind kind : {type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
      type::v1::Evidence* evidence = visit.add_evidence();
      evidence->set_kind(kind);
      GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->patrol, now));
    }
    GW_RETURN_IF_ERROR(AddAnswers(find, find.place->patrol, now, policy_.TypeOf(find.category).filing_items,
                                  visit.mutable_answers()));
  }
  GW_ASSIGN_OR_RETURN(const patrol::v1::Visit done,
                      world_.Call<patrol::v1::Visit>(
                          find.place->patrol, now, "gridwarden.patrol.v1.PatrolService/SubmitVisit", submit));
  if (!problem) return std::optional<NextStep>();
  // The township's office sees the signal arrive in its queue.
  const std::string visit_id = done.name().substr(done.name().rfind('/') + 1);
  for (int attempt = 0; attempt < 400; ++attempt) {
    v1::ListSignalsRequest list;
    list.set_division(find.place->township);
    list.set_page_size(200);
    do {
      GW_ASSIGN_OR_RETURN(
          const v1::ListSignalsResponse page,
          world_.Call<v1::ListSignalsResponse>(find.place->office, now, Casework("ListSignals"), list));
      for (const v1::Signal& signal : page.signals()) {
        if (signal.channel_key().find(visit_id) != std::string::npos) find.signal = signal.name();
      }
      list.set_page_token(page.next_page_token());
    } while (find.signal.empty() && !list.page_token().empty());
    if (!find.signal.empty()) return In(Step::kFile, now, absl::Minutes(random.Between(10, 240)));
    usleep(10'000);
  }
  return absl::DeadlineExceededError("the problem of visit " + visit_id + " never became a signal");
}

Actor::Next Actor::SendCheck(Find& find, absl::Time now, Random& random) {
  v1::RequestOnsiteCheckRequest request;
  request.set_request_id(Id(find, "send check"));
  request.set_name(find.signal);
  request.set_post(world_.PostAt(find.place->township, grid::v1::Post::PATROL_OFFICER).name);
  GW_RETURN_IF_ERROR(
      world_.Call<v1::Signal>(find.place->office, now, Casework("RequestOnsiteCheck"), request).status());
  return In(Step::kOnsiteCheck, now, absl::Minutes(random.Between(8, 50)));
}

Actor::Next Actor::OnsiteCheck(Find& find, absl::Time now, Random& random) {
  const bool exists = random.Chance(0.7);
  v1::SubmitOnsiteCheckRequest request;
  request.set_request_id(Id(find, "onsite"));
  request.set_name(find.signal);
  request.set_result(exists ? v1::Signal::OnsiteCheck::EXISTS : v1::Signal::OnsiteCheck::ABSENT);
  request.set_note(exists ? "现场属实" : "到场未发现");
  *request.mutable_event_time() = ToProto(now);
  *request.mutable_position() = Somewhere(find.village, random);
  for (const type::v1::Evidence::Kind kind :
       exists ? std::vector{type::v1::Evidence::NEAR, type::v1::Evidence::FAR}
              : std::vector{type::v1::Evidence::ABSENCE}) {
    type::v1::Evidence* evidence = request.add_evidence();
    evidence->set_kind(kind);
    GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->patrol, now));
  }
  if (exists) {
    GW_RETURN_IF_ERROR(AddAnswers(find, find.place->patrol, now, policy_.TypeOf(find.category).filing_items,
                                  request.mutable_answers()));
  }
  GW_RETURN_IF_ERROR(
      world_.Call<v1::Signal>(find.place->patrol, now, Casework("SubmitOnsiteCheck"), request).status());
  return In(exists ? Step::kFile : Step::kReject, now, absl::Minutes(random.Between(5, 90)));
}

Actor::Next Actor::Reject(Find& find, absl::Time now) {
  v1::RejectSignalRequest request;
  request.set_request_id(Id(find, "reject"));
  request.set_name(find.signal);
  request.set_reason("ABSENT");
  GW_RETURN_IF_ERROR(
      world_.Call<v1::Signal>(find.place->office, now, Casework("RejectSignal"), request).status());
  find.rejected = true;
  return std::optional<NextStep>();
}

Actor::Next Actor::File(Find& find, absl::Time now, Random& random) {
  v1::FileCaseRequest request;
  request.set_request_id(Id(find, "file"));
  request.set_signal(find.signal);
  request.set_case_id(Id(find, "case"));
  GW_ASSIGN_OR_RETURN(find.file,
                      world_.Call<v1::Case>(find.place->office, now, Casework("FileCase"), request));
  const Step next = policy_.TypeOf(find.category).needs_disposition ? Step::kDisposition : Step::kDispatch;
  return In(next, now, absl::Minutes(random.Between(5, 120)));
}

Actor::Next Actor::Disposition(Find& find, absl::Time now, Random& random) {
  v1::SetDispositionRequest request;
  request.set_request_id(Id(find, "disposition"));
  request.set_name(find.file.name());
  request.set_disposition(random.Chance(0.6) ? v1::Case::SHUT_DOWN : v1::Case::UPGRADE);
  const std::string& office = cast_.counties.at(find.place->county).office;
  GW_ASSIGN_OR_RETURN(find.file, world_.Call<v1::Case>(office, now, Casework("SetDisposition"), request));
  return In(Step::kDispatch, now, absl::Minutes(random.Between(5, 60)));
}

Actor::Next Actor::Dispatch(Find& find, absl::Time now, Random& random, bool again) {
  // One dispatch in twenty goes to the wrong desk first.
  const bool wrong = !again && find.rebound_of == 0 && random.Chance(0.05);
  v1::DispatchCaseRequest request;
  request.set_request_id(Id(find, again ? "dispatch again" : "dispatch"));
  request.set_name(find.file.name());
  request.set_handler(
      world_
          .PostAt(find.place->township, wrong ? grid::v1::Post::PATROL_OFFICER : grid::v1::Post::GRID_OFFICER)
          .name);
  GW_ASSIGN_OR_RETURN(find.file,
                      world_.Call<v1::Case>(find.place->office, now, Casework("DispatchCase"), request));
  // A few cases are left lying: they show as overdue.
  if (random.Chance(0.03)) return std::optional<NextStep>();
  // Answered before the accept limit of a fire, or well within the working hours of the others: what lies
  // longer counts as accepted without a word. What is mis-dispatched is given back within the shortest limit.
  const bool fire = policy_.TypeOf(find.category).limits.accept.calendar == domain::Calendar::kContinuous;
  const double minutes = random.Between(4, 150);
  const auto after = absl::Minutes(fire || wrong ? std::min(minutes, 14.0) : minutes);
  return In(wrong ? Step::kReturn : Step::kAccept, now, after);
}

Actor::Next Actor::Return(Find& find, absl::Time now, Random& random) {
  v1::ReturnCaseRequest request;
  request.set_request_id(Id(find, "return"));
  request.set_name(find.file.name());
  request.set_reason("不属于巡查岗职责");
  request.set_proposed_handler(world_.PostAt(find.place->township, grid::v1::Post::GRID_OFFICER).name);
  GW_ASSIGN_OR_RETURN(find.file,
                      world_.Call<v1::Case>(find.place->patrol, now, Casework("ReturnCase"), request));
  return In(Step::kDispatchAgain, now, absl::Minutes(random.Between(5, 90)));
}

// Production stands still before anything else is done (先停后治).
absl::Status Actor::Stop(Find& find, absl::Time now) {
  if (policy_.TypeOf(find.category).stop_first.span <= absl::ZeroDuration() || find.file.has_stop_time())
    return absl::OkStatus();
  v1::StopProductionRequest request;
  request.set_request_id(Id(find, "stop"));
  request.set_name(find.file.name());
  request.set_note("已停产断电（演示数据）");
  *request.mutable_event_time() = ToProto(now);
  type::v1::Evidence* evidence = request.add_evidence();
  evidence->set_kind(type::v1::Evidence::NEAR);
  GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->handler, now));
  GW_ASSIGN_OR_RETURN(find.file,
                      world_.Call<v1::Case>(find.place->handler, now, Closing("StopProduction"), request));
  return absl::OkStatus();
}

Actor::Next Actor::Accept(Find& find, absl::Time now, Random& random) {
  v1::GetCaseRequest which;
  which.set_name(find.file.name());
  GW_ASSIGN_OR_RETURN(find.file, world_.Call<v1::Case>(find.place->handler, now, Casework("GetCase"), which));
  // Who lets the time to answer pass has taken it on already.
  if (find.file.state() != v1::Case::HANDLING) {
    v1::AcceptCaseRequest request;
    request.set_request_id(Id(find, "accept"));
    request.set_name(find.file.name());
    *request.mutable_event_time() = ToProto(now);
    GW_ASSIGN_OR_RETURN(find.file,
                        world_.Call<v1::Case>(find.place->handler, now, Casework("AcceptCase"), request));
  }
  GW_RETURN_IF_ERROR(Stop(find, now));
  return NextStep{Step::kFeedback, WhenDone(find, now, FromProto(find.file.due_time()), 0.12, random)};
}

Actor::Next Actor::Feedback(Find& find, absl::Time now, Random& random) {
  v1::SubmitFeedbackRequest request;
  request.set_request_id(Id(find, "feedback"));
  request.set_name(find.file.name());
  request.set_note("已整改（演示数据）");
  *request.mutable_event_time() = ToProto(now);
  *request.mutable_position() = Somewhere(find.village, random);
  for (const type::v1::Evidence::Kind kind : {type::v1::Evidence::BEFORE, type::v1::Evidence::AFTER,
                                              type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
    type::v1::Evidence* evidence = request.add_evidence();
    evidence->set_kind(kind);
    GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->handler, now));
  }
  const domain::CaseType& type = policy_.TypeOf(find.category);
  const std::string disposition = v1::Case::Disposition_Name(find.file.disposition());
  for (const std::string& key : {std::string(), disposition}) {
    if (const auto items = type.closing_items.find(key); items != type.closing_items.end()) {
      GW_RETURN_IF_ERROR(
          AddAnswers(find, find.place->handler, now, items->second, request.mutable_answers()));
    }
  }
  GW_ASSIGN_OR_RETURN(find.file,
                      world_.Call<v1::Case>(find.place->handler, now, Casework("SubmitFeedback"), request));
  GW_ASSIGN_OR_RETURN(find.file, WaitFor(find, find.place->office, now, v1::Case::CHECKING));
  if (find.file.state() != v1::Case::CHECKING)
    return std::optional<NextStep>();  // nobody eligible: it waits visibly
  return NextStep{Step::kCheck, WhenDone(find, now, FromProto(find.file.due_time()), 0.05, random)};
}

Actor::Next Actor::Check(Find& find, absl::Time now, Random& random) {
  if (const auto hour = NextCheckHour(find.file, policy_.calendar.time_zone, now, random))
    return NextStep{Step::kCheck, *hour};
  ++find.checks;
  const std::string checker = world_.HolderOf(find.file.check_post());
  if (checker.empty() || !world_.HasAccount(checker)) return std::optional<NextStep>();
  const double dice = random.Unit();
  const bool fail = dice < 0.13 && find.file.rework_count() < 2;
  const bool unable = !fail && dice > 0.97 && find.file.unable_count() == 0;
  v1::SubmitCheckRequest request;
  request.set_request_id(Id(find, "check"));
  request.set_name(find.file.name());
  request.set_result(fail     ? v1::SubmitCheckRequest::FAIL
                     : unable ? v1::SubmitCheckRequest::UNABLE
                              : v1::SubmitCheckRequest::PASS);
  request.set_note(fail ? "仍有残留" : unable ? "现场无人，无法进入" : "已整改到位");
  *request.mutable_event_time() = ToProto(now);
  // Where the problem was, as far as a phone can tell.
  *request.mutable_position() =
      find.file.has_position() ? find.file.position() : Somewhere(find.village, random);
  for (const type::v1::Evidence::Kind kind :
       fail ? std::vector{type::v1::Evidence::REMAINS, type::v1::Evidence::NEAR, type::v1::Evidence::FAR}
            : std::vector{type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
    type::v1::Evidence* evidence = request.add_evidence();
    evidence->set_kind(kind);
    GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, checker, now));
  }
  if (!fail && !unable) {
    const domain::CaseType& type = policy_.TypeOf(find.category);
    for (const std::string& key : {std::string(), v1::Case::Disposition_Name(find.file.disposition())}) {
      if (const auto items = type.closing_items.find(key); items != type.closing_items.end()) {
        GW_RETURN_IF_ERROR(AddAnswers(find, checker, now, items->second, request.mutable_answers()));
      }
    }
  }
  GW_ASSIGN_OR_RETURN(find.file, world_.Call<v1::Case>(checker, now, Casework("SubmitCheck"), request));
  if (find.file.state() == v1::Case::HANDLING) {
    return NextStep{Step::kFeedback, WhenDone(find, now, FromProto(find.file.due_time()), 0.2, random)};
  }
  if (find.file.state() == v1::Case::CHECKING) {
    v1::AssignCheckRequest assign;
    assign.set_request_id(Id(find, "assign check"));
    assign.set_name(find.file.name());
    assign.set_reason("上次无法核查，换人");
    absl::StatusOr<v1::Case> assigned =
        world_.Call<v1::Case>(find.place->office, now + absl::Minutes(5), Casework("AssignCheck"), assign);
    if (!assigned.ok()) return std::optional<NextStep>();  // nobody else is eligible: it waits visibly
    find.file = *assigned;
    return In(Step::kCheck, now, absl::Hours(random.Between(2, 20)));
  }
  return NextStep{Step::kSign, WhenDone(find, now, FromProto(find.file.due_time()), 0.05, random)};
}

// After the second rework the next level up.
const std::string& Actor::SignerOf(const Find& find) const {
  const CountyStaff& county = cast_.counties.at(find.place->county);
  const bool up = find.file.rework_count() >= 2;
  if (find.file.disposition() == v1::Case::SHUT_DOWN) return up ? cast_.city_office : county.office;
  return up ? county.leader : find.place->leader;
}

// The county's seats of a joint review (会审签字), where the type has one.
absl::Status Actor::Cosign(Find& find, absl::Time now) {
  const domain::CaseType& type = policy_.TypeOf(find.category);
  for (const std::string& key : {std::string(), v1::Case::Disposition_Name(find.file.disposition())}) {
    const auto seats = type.cosigners.find(key);
    if (seats == type.cosigners.end()) continue;
    for (const std::string& seat : seats->second) {
      if (seat != "COUNTY_LEADER" && seat != "COUNTY_CENTRE") continue;  // no unit cooperates here
      const CountyStaff& county = cast_.counties.at(find.place->county);
      v1::CosignCaseRequest request;
      request.set_request_id(Id(find, "cosign " + seat));
      request.set_name(find.file.name());
      request.set_seat(seat);
      request.set_agrees(true);
      GW_ASSIGN_OR_RETURN(find.file,
                          world_.Call<v1::Case>(seat == "COUNTY_LEADER" ? county.leader : county.office, now,
                                                Closing("CosignCase"), request));
    }
  }
  return absl::OkStatus();
}

Actor::Next Actor::Sign(Find& find, absl::Time now, Random& random) {
  const std::string& signer = SignerOf(find);
  if (signer.empty() || !world_.HasAccount(signer)) return std::optional<NextStep>();
  const bool refuse = find.refusals == 0 && random.Chance(0.02);
  v1::SignOffRequest request;
  request.set_request_id(Id(find, "sign"));
  request.set_name(find.file.name());
  request.set_sign(!refuse);
  if (refuse) {
    request.set_reason("照片不清，请重新核查");
  } else {
    GW_RETURN_IF_ERROR(Cosign(find, now));
  }
  GW_ASSIGN_OR_RETURN(find.file, world_.Call<v1::Case>(signer, now, Casework("SignOff"), request));
  if (refuse) {
    ++find.refusals;
    return In(Step::kCheck, now, absl::Hours(random.Between(2, 20)));
  }
  GW_ASSIGN_OR_RETURN(find.file, WaitFor(find, find.place->office, now, v1::Case::MONITORING));
  return NextRecheck(find, now, random);
}

// The next visit of the series; the play ends it when its days are over.
Actor::Next Actor::NextRecheck(const Find& find, absl::Time now, Random& random) const {
  if (!find.file.has_recheck_time()) return std::optional<NextStep>();
  return NextStep{Step::kRecheck,
                  std::max(now, FromProto(find.file.recheck_time()) + absl::Hours(random.Between(1, 30)))};
}

Actor::Next Actor::Recheck(Find& find, absl::Time now, Random& random) {
  const double dice = random.Unit();
  const bool rebounded = find.rebound_of == 0 && dice < 0.06;
  // Nobody says twice in a row that it could not be seen.
  const bool unclear = !rebounded && dice > 0.96 && find.file.held() != v1::Case::NOT_OBSERVABLE;
  v1::SubmitRecheckRequest request;
  request.set_request_id(Id(find, absl::StrFormat("recheck %d", find.file.rechecks_done())));
  request.set_name(find.file.name());
  request.set_result(rebounded ? v1::SubmitRecheckRequest::REBOUNDED
                     : unclear ? v1::SubmitRecheckRequest::NOT_OBSERVABLE
                               : v1::SubmitRecheckRequest::HELD);
  request.set_note(rebounded ? "再次发现同样问题" : unclear ? "大雾，无法观察" : "未反弹");
  *request.mutable_event_time() = ToProto(now);
  *request.mutable_position() = Somewhere(find.village, random);
  type::v1::Evidence* evidence = request.add_evidence();
  evidence->set_kind(rebounded ? type::v1::Evidence::REMAINS : type::v1::Evidence::FAR);
  GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->patrol, now));
  if (rebounded) request.set_rebound_case_id(Id(find, "rebound case"));
  GW_ASSIGN_OR_RETURN(const v1::Case answer,
                      world_.Call<v1::Case>(find.place->patrol, now, Casework("SubmitRecheck"), request));
  find.file = answer;
  if (!rebounded) return NextRecheck(find, now, random);
  // The new case of the chain goes its own way.
  v1::GetCaseRequest get;
  get.set_name("cases/" + Id(find, "rebound case"));
  GW_ASSIGN_OR_RETURN(find.file, world_.Call<v1::Case>(find.place->office, now, Casework("GetCase"), get));
  find.rebound_of = 1;
  find.checks = find.refusals = 0;
  return In(Step::kDispatch, now, absl::Minutes(random.Between(10, 120)));
}

}  // namespace gridwarden::sim
