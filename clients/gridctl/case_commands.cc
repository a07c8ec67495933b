#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/rung_words.h"
#include "gridctl/words.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/casework/v1/routing_service.pb.h"
#include "gridwarden/casework/v1/supervision_service.pb.h"

// gridctl case list|show|events and a command for every transition.
namespace gridwarden::gridctl {
namespace {

namespace v1 = casework::v1;

std::string Method(std::string_view name) {
  return "gridwarden.casework.v1.CaseworkService/" + std::string(name);
}

void PrintCases(Invocation& run, const google::protobuf::RepeatedPtrField<v1::Case>& cases) {
  std::vector<std::string> divisions;
  for (const v1::Case& one : cases) divisions.push_back(one.division());
  const std::map<std::string, std::string> places = run.session().PlaceNames(divisions);
  Table table = MakeTable(
      run, {"NUMBER", "STATE", "CATEGORY", "WHERE", "FOUND", "DUE", "WHOLE DUE", "REWORK", "HELD", "CASE"});
  for (const v1::Case& one : cases) {
    table.Add({one.case_no(), Word(run, one.state()), CategoryWord(run, one.category()),
               one.division().empty() ? "-" : places.at(one.division()), LocalTime(one.event_time()),
               LocalTime(one.due_time()), LocalTime(one.total_due_time()), std::to_string(one.rework_count()),
               Word(run, one.held()), one.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

}  // namespace

absl::Status PrintCase(Invocation& run, const absl::StatusOr<v1::Case>& answer) {
  GW_RETURN_IF_ERROR(answer.status());
  if (run.json) {
    PrintJson(*answer);
  } else {
    google::protobuf::RepeatedPtrField<v1::Case> one;
    *one.Add() = *answer;
    PrintCases(run, one);
  }
  return absl::OkStatus();
}

namespace {

// Fills what every command on a case has and sends it.
template <typename Request>
absl::Status SendCommand(Invocation& run, std::string_view rpc, Request request) {
  request.set_request_id(NewRequestId());
  request.set_name(CaseName(run.positionals[0]));
  request.set_etag(run.Get("--etag"));
  return PrintCase(run, run.session().Call<v1::Case>(Method(rpc), request));
}

// ... and for those that were done on the ground: note, photos, answers, position, event time.
template <typename Request>
absl::Status ReadGroundAct(Invocation& run, Request& request) {
  request.set_note(run.Get("--note"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  if (run.Has("--position")) GW_RETURN_IF_ERROR(ReadPosition(run, request.mutable_position()));
  GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--event-time", absl::Now()));
  *request.mutable_event_time() = ToProto(at);
  return absl::OkStatus();
}

absl::Status List(Invocation& run) {
  v1::ListCasesRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  for (const std::string& text : run.All("--state")) {
    v1::Case::State state;
    if (!v1::Case::State_Parse(absl::AsciiStrToUpper(text), &state)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--state: got \"%s\", want FILED, DISPATCHED, HANDLING ...", text));
    }
    request.add_states(state);
  }
  request.set_category(run.Get("--category"));
  request.set_overdue(run.Has("--overdue"));
  request.set_assigned_to_me(run.Has("--mine"));
  request.set_page_size(50);
  request.set_page_token(run.Get("--page"));
  if (run.Has("--as-of")) {
    GW_ASSIGN_OR_RETURN(const absl::Time as_of, run.GetTime("--as-of", absl::Now()));
    *request.mutable_as_of() = ToProto(as_of);
  }
  GW_ASSIGN_OR_RETURN(const v1::ListCasesResponse page,
                      run.session().Call<v1::ListCasesResponse>(Method("ListCases"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.cases().empty())
    std::puts(Say(run, "no cases", "没有案卷").c_str());
  else
    PrintCases(run, page.cases());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

// What a check waits for, or has to keep to.
void PrintCheck(const Invocation& run, const v1::Case& file) {
  if (!file.waiting_reason().empty()) {
    std::puts((Say(run, "waits for a checker: ", "等待核查人：") + file.waiting_reason()).c_str());
  }
  if (file.check_window_start_minute() != 0 || file.check_window_end_minute() != 0) {
    const auto clock = [](int minute) { return absl::StrFormat("%02d:%02d", minute / 60, minute % 60); };
    const std::string window =
        clock(file.check_window_start_minute()) + "-" + clock(file.check_window_end_minute());
    std::puts((file.check_any_hour()
                   ? Say(run, "checked at any hour; found around ", "核查时段已放行；问题发现时段 ") + window
                   : Say(run, "to be passed between ", "须在同一时段核查：") + window)
                  .c_str());
  }
  if (file.check_far_m() > 0) {
    std::puts((Say(run, "passed from afar, metres: ", "核查位置偏远，距案发位置（米）：") +
               absl::StrFormat("%.0f", file.check_far_m()))
                  .c_str());
  }
}

absl::Status Show(Invocation& run) {
  v1::GetCaseRequest request;
  request.set_name(CaseName(run.positionals[0]));
  const absl::StatusOr<v1::Case> file = run.session().Call<v1::Case>(Method("GetCase"), request);
  GW_RETURN_IF_ERROR(PrintCase(run, file));
  if (!run.json) PrintCheck(run, *file);
  return absl::OkStatus();
}

// "FILED -> DISPATCHED"; only the state where it began or stayed there.
std::string Change(const std::string& from, const std::string& to) {
  return from == "-" || from == to ? to : absl::StrFormat("%s -> %s", from, to);
}

// "2 photos, 5 answers"; "-" when there is nothing.
std::string Evidence(const Invocation& run, const v1::CaseHistoryLine& line) {
  const auto count = [&run](int number, const char* one, const char* many,
                            const char* chinese) -> std::string {
    if (number == 0) return "";
    return run.chinese ? absl::StrFormat("%s %d", chinese, number)
                       : absl::StrFormat("%d %s", number, number == 1 ? one : many);
  };
  const std::string photos = count(line.evidence_size(), "photo", "photos", "照片");
  const std::string answers = count(line.answers_size(), "answer", "answers", "清单");
  if (photos.empty() && answers.empty()) return "-";
  return photos + (photos.empty() || answers.empty() ? "" : run.chinese ? "，" : ", ") + answers;
}

// What the escalation ladder did, in the order it fired.
absl::StatusOr<std::vector<v1::Rung>> RungsOf(Invocation& run, const std::string& name) {
  v1::ListRungsRequest request;
  request.set_subject(name);
  GW_ASSIGN_OR_RETURN(const auto answer, run.session().Call<v1::ListRungsResponse>(
                                             "gridwarden.casework.v1.SupervisionService/ListRungs", request));
  return std::vector<v1::Rung>(answer.rungs().begin(), answer.rungs().end());
}

bool IsBefore(const google::protobuf::Timestamp& a, const google::protobuf::Timestamp& b) {
  return a.seconds() != b.seconds() ? a.seconds() < b.seconds() : a.nanos() < b.nanos();
}

void AddRung(const Invocation& run, const v1::Rung& rung, Table& table) {
  table.Add({LocalTime(rung.fire_time()), RungWord(run, rung), "-", Say(run, "the system", "系统"), "-", "-",
             ToldWord(run, rung)});
}

// The story of a case: every step, who, when, in which post, on whose evidence.
absl::Status Events(Invocation& run) {
  v1::ListCaseEventsRequest request;
  request.set_name(CaseName(run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const v1::ListCaseEventsResponse answer,
                      run.session().Call<v1::ListCaseEventsResponse>(Method("ListCaseEvents"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  GW_ASSIGN_OR_RETURN(const std::vector<v1::Rung> rungs, RungsOf(run, request.name()));
  Table table = MakeTable(run, {"WHEN", "ACT", "FROM -> TO", "WHO", "IN WHICH POST", "EVIDENCE", "SAID"});
  size_t told = 0;
  for (const v1::CaseHistoryLine& line : answer.events()) {
    while (told < rungs.size() && IsBefore(rungs[told].fire_time(), line.receive_time()))
      AddRung(run, rungs[told++], table);
    std::string said =
        line.action() == v1::DISPATCH ? DutyItemWord(run, line.reason()) : ReasonWord(run, line.reason());
    if (!line.eligibility().empty()) said += (said.empty() ? "" : "; ") + line.eligibility();
    if (line.late()) said += (said.empty() ? "" : "; ") + Say(run, "late", "逾期");
    table.Add({LocalTime(line.event_time()), Word(run, line.action()),
               Change(StateWord(run, line.from_state()), StateWord(run, line.to_state())),
               line.person_display_name().empty() && line.system() ? Say(run, "the system", "系统")
                                                                   : line.person_display_name(),
               PostWord(run, line.post_display_name()), Evidence(run, line), said});
  }
  while (told < rungs.size()) AddRung(run, rungs[told++], table);
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status File(Invocation& run) {
  v1::FileCaseRequest request;
  request.set_request_id(NewRequestId());
  request.set_signal(NameIn("signals", run.positionals[0]));
  request.set_category(run.Get("--category"));
  if (run.Has("--rebound-of")) {
    v1::GetCaseRequest which;
    which.set_name(CaseName(run.Get("--rebound-of")));
    GW_ASSIGN_OR_RETURN(const v1::Case old, run.session().Call<v1::Case>(Method("GetCase"), which));
    request.set_rebound_of(old.name());
  }
  request.set_etag(run.Get("--etag"));
  return PrintCase(run, run.session().Call<v1::Case>(Method("FileCase"), request));
}

absl::Status Dispatch(Invocation& run) {
  v1::DispatchCaseRequest request;
  request.set_handler(run.positionals[1]);
  request.set_duty_item(run.Get("--duty-item"));
  for (const std::string& unit : run.All("--cooperator")) request.add_cooperators(unit);
  return SendCommand(run, "DispatchCase", request);
}

// Who the duty list says should have it, the particular before the general.
absl::Status Route(Invocation& run) {
  v1::ProposeRouteRequest request;
  request.set_name(CaseName(run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const auto answer, run.session().Call<v1::ProposeRouteResponse>(
                                             "gridwarden.casework.v1.RoutingService/ProposeRoute", request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"DUTY ITEM", "WHAT", "LEADS", "NAME", "BASIS"});
  for (const v1::Route& route : answer.routes()) {
    const std::string title = run.chinese ? route.item().title() : route.item().title_en();
    if (route.leads().empty()) {
      table.Add({route.item().id(), title, Say(run, "nobody of this ground", "本辖区无此单位或岗位"), "-",
                 route.item().source()});
    }
    for (const v1::Route::Bearer& lead : route.leads()) {
      const std::string who = PostWord(run, lead.display_name());
      table.Add({route.item().id(), title, lead.vacant() ? who + " " + Vacant(run) : who, lead.name(),
                 route.item().source()});
    }
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status DispatchOutside(Invocation& run) {
  v1::RequestDispatchOutsideListRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(CaseName(run.positionals[0]));
  request.set_handler(run.positionals[1]);
  for (const std::string& unit : run.All("--cooperator")) request.add_cooperators(unit);
  request.set_reason_code(run.Get("--reason"));
  request.set_statement(run.Get("--statement"));
  request.set_etag(run.Get("--etag"));
  GW_ASSIGN_OR_RETURN(const auto application,
                      run.session().Call<v1::Application>(
                          "gridwarden.casework.v1.RoutingService/RequestDispatchOutsideList", request));
  PrintJson(application);
  return absl::OkStatus();
}

absl::Status Return(Invocation& run) {
  v1::ReturnCaseRequest request;
  request.set_reason(run.Get("--reason"));
  request.set_proposed_handler(run.Get("--propose"));
  return SendCommand(run, "ReturnCase", request);
}

absl::Status Accept(Invocation& run) {
  v1::AcceptCaseRequest request;
  GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--event-time", absl::Now()));
  *request.mutable_event_time() = ToProto(at);
  return SendCommand(run, "AcceptCase", request);
}

absl::Status SetDisposition(Invocation& run) {
  v1::SetDispositionRequest request;
  v1::Case::Disposition disposition;
  if (!v1::Case::Disposition_Parse(absl::AsciiStrToUpper(run.positionals[1]), &disposition)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want shut_down, relocate or upgrade", run.positionals[1]));
  }
  request.set_disposition(disposition);
  return SendCommand(run, "SetDisposition", request);
}

absl::Status Feedback(Invocation& run) {
  v1::SubmitFeedbackRequest request;
  GW_RETURN_IF_ERROR(ReadGroundAct(run, request));
  GW_RETURN_IF_ERROR(AddAnswers(run, request.mutable_answers()));
  return SendCommand(run, "SubmitFeedback", request);
}

absl::Status AssignCheck(Invocation& run) {
  v1::AssignCheckRequest request;
  if (run.positionals.size() > 1) request.set_post(NameIn("posts", run.positionals[1]));
  request.set_reason(run.Get("--reason"));
  request.set_any_hour(run.Has("--any-hour"));
  return SendCommand(run, "AssignCheck", request);
}

absl::Status Check(Invocation& run) {
  v1::SubmitCheckRequest request;
  v1::SubmitCheckRequest::Result result;
  if (!v1::SubmitCheckRequest::Result_Parse(absl::AsciiStrToUpper(run.positionals[1]), &result)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want pass, fail or unable", run.positionals[1]));
  }
  request.set_result(result);
  GW_RETURN_IF_ERROR(ReadGroundAct(run, request));
  GW_RETURN_IF_ERROR(AddAnswers(run, request.mutable_answers()));
  return SendCommand(run, "SubmitCheck", request);
}

absl::Status Sign(Invocation& run, bool sign) {
  v1::SignOffRequest request;
  request.set_sign(sign);
  request.set_reason(run.Get("--reason"));
  return SendCommand(run, "SignOff", request);
}

absl::Status Recheck(Invocation& run) {
  v1::SubmitRecheckRequest request;
  v1::SubmitRecheckRequest::Result result;
  if (!v1::SubmitRecheckRequest::Result_Parse(absl::AsciiStrToUpper(run.positionals[1]), &result)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want held, rebounded or not_observable", run.positionals[1]));
  }
  request.set_result(result);
  GW_RETURN_IF_ERROR(ReadGroundAct(run, request));
  return SendCommand(run, "SubmitRecheck", request);
}

}  // namespace

void AddCaseCommands(std::vector<Command>& commands) {
  const Option note = {"--note", "TEXT", "what was done or seen"};
  const Option reason = {"--reason", "TEXT", "why"};
  commands.push_back({.words = "case list",
                      .summary = "lists cases in your scope",
                      .options = {{"--division", "DIVISION", "it and all below"},
                                  {"--state", "STATE", "FILED, DISPATCHED, HANDLING ...", true},
                                  {"--category", "CODE", "only this category"},
                                  {"--overdue", "", "only open work past its due time, oldest first"},
                                  {"--as-of", "TIME", "overdue at this time"},
                                  {"--mine", "", "only those that wait for you"},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl case list --division 411702 --overdue"},
                      .run = List});
  commands.push_back({.words = "case show",
                      .arguments = "CASE",
                      .summary = "shows one case",
                      .examples = {"gridctl case show 411702-2026-00012"},
                      .run = Show});
  commands.push_back(
      {.words = "case events",
       .arguments = "CASE",
       .summary = "tells the story of a case: every step, who, when, in which post, on whose evidence",
       .examples = {"gridctl case events 411702-2026-00012", "gridctl case events signals/0190..."},
       .run = Events});
  commands.push_back(
      {.words = "case file",
       .arguments = "SIGNAL",
       .summary = "files a case from a signal 立案",
       .options = {{"--category", "CODE", "corrects the category"},
                   {"--rebound-of", "CASE", "a case under watch that has come back with it"},
                   EtagOption()},
       .examples = {"gridctl case file 0190...", "gridctl case file 0190... --rebound-of 411702-2026-00012"},
       .run = File});
  commands.push_back(
      {.words = "case route",
       .arguments = "CASE",
       .summary = "proposes who should have a case by the duty list, with the item and its source",
       .examples = {"gridctl case route 411702-2026-00012"},
       .run = Route});
  commands.push_back(
      {.words = "case dispatch-outside-list",
       .arguments = "CASE posts/ID|units/ID",
       .summary = "asks the county to approve a handler whom the duty list does not name 清单外派遣",
       .options = {{"--reason", "CODE", "URGENT, NO_BEARER or SPECIAL_CAMPAIGN"},
                   {"--statement", "TEXT", "why, in words"},
                   {"--cooperator", "units/ID", "a unit that cooperates", true},
                   EtagOption()},
       .examples = {"gridctl case dispatch-outside-list 411702-2026-00012 posts/0190... --reason URGENT"},
       .run = DispatchOutside});
  commands.push_back(
      {.words = "case dispatch",
       .arguments = "CASE posts/ID|units/ID",
       .summary = "names who has to put it right 派遣",
       .options = {{"--duty-item", "ID", "item of the duty list it rests on; the first that fits by default"},
                   {"--cooperator", "units/ID", "unit that cooperates", true},
                   EtagOption()},
       .examples = {"gridctl case dispatch 411702-2026-00012 posts/0190... --duty-item D-GRID"},
       .run = Dispatch});
  commands.push_back(
      {.words = "case return",
       .arguments = "CASE",
       .summary = "gives a mis-dispatched case back 回退",
       .options = {reason, {"--propose", "posts/ID|units/ID", "who should have it"}, EtagOption()},
       .examples = {"gridctl case return 411702-2026-00012 --reason 不属于本岗职责 --propose posts/0190..."},
       .run = Return});
  commands.push_back({.words = "case accept",
                      .arguments = "CASE",
                      .summary = "takes the case on 处置",
                      .options = {EventTimeOption(), EtagOption()},
                      .examples = {"gridctl case accept 411702-2026-00012"},
                      .run = Accept});
  commands.push_back({.words = "case disposition",
                      .arguments = "CASE shut_down|relocate|upgrade",
                      .summary = "decides what becomes of a small polluter",
                      .options = {EtagOption()},
                      .examples = {"gridctl case disposition 411702-2026-00012 upgrade"},
                      .run = SetDisposition});
  commands.push_back(
      {.words = "case feedback",
       .arguments = "CASE",
       .summary = "says it is put right, with evidence 反馈",
       .options = {note, PhotoOption(), AnswerOption(), PositionOption(), EventTimeOption(), EtagOption()},
       .examples = {"gridctl case feedback 411702-2026-00012 --photo before:a.jpg --photo after:b.jpg "
                    "--answer SSP_CLOSURE.POWER_CUT=yes@cut.jpg"},
       .run = Feedback});
  commands.push_back({.words = "case assign-check",
                      .arguments = "CASE [POST]",
                      .summary = "sends somebody independent to check; without POST the system draws",
                      .options = {reason,
                                  {"--any-hour", "", "releases it from the hours of the find, with a reason"},
                                  EtagOption()},
                      .examples = {"gridctl case assign-check 411702-2026-00012"},
                      .run = AssignCheck});
  commands.push_back(
      {.words = "case check",
       .arguments = "CASE pass|fail|unable",
       .summary = "says what the check found 核查",
       .options = {note, PhotoOption(), AnswerOption(), PositionOption(), EventTimeOption(), EtagOption()},
       .examples = {"gridctl case check 411702-2026-00012 fail --note 仍有残留 --photo remains:pile.jpg"},
       .run = Check});
  commands.push_back({.words = "case sign",
                      .arguments = "CASE",
                      .summary = "signs the case off 结案",
                      .options = {EtagOption()},
                      .examples = {"gridctl case sign 411702-2026-00012"},
                      .run = [](Invocation& run) { return Sign(run, true); }});
  commands.push_back({.words = "case refuse",
                      .arguments = "CASE",
                      .summary = "refuses to sign; it is checked again",
                      .options = {reason, EtagOption()},
                      .examples = {"gridctl case refuse 411702-2026-00012 --reason 照片不清"},
                      .run = [](Invocation& run) { return Sign(run, false); }});
  commands.push_back({.words = "case recheck",
                      .arguments = "CASE held|rebounded|not_observable",
                      .summary = "says what a recheck found 回头看",
                      .options = {note, PhotoOption(), PositionOption(), EventTimeOption(), EtagOption()},
                      .examples = {"gridctl case recheck 411702-2026-00012 held --photo far:yard.jpg"},
                      .run = Recheck});
}

}  // namespace gridwarden::gridctl
