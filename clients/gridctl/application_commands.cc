#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "domain/workflow/application.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/rung_words.h"
#include "gridctl/words.h"
#include "gridwarden/casework/v1/application_service.pb.h"

// gridctl case postpone|suspend|force-close|void|review-suspension|resume|suspended and application
// list|show|agree|refuse|withdraw: what takes the consent of others.
namespace gridwarden::gridctl {
namespace {

namespace v1 = casework::v1;

std::string Method(std::string_view name) {
  return "gridwarden.casework.v1.ApplicationService/" + std::string(name);
}

// "7 WORKING_DAYS", "36 HOURS".
std::string AmountWord(const Invocation& run, const v1::Limit& limit) {
  const double hours = static_cast<double>(limit.span().seconds()) / 3600;
  if (hours == 0) return "-";
  switch (limit.calendar()) {
    case v1::Limit::WORKING_DAYS:
      return absl::StrCat(hours / 24, Say(run, " working days", " 个工作日"));
    case v1::Limit::WORKING_HOURS:
      return absl::StrCat(hours, Say(run, " working hours", " 工时"));
    default:
      return absl::StrCat(hours, Say(run, " hours", " 小时"));
  }
}

std::string SeatWord(const Invocation& run, const std::string& seat) {
  const std::optional<domain::Seat> known = domain::ParseSeat(seat);
  return run.chinese && known ? std::string(domain::ZhOf(*known)) : seat;
}

std::string SeatWords(const Invocation& run, const v1::Application& one) {
  std::vector<std::string> words;
  for (const std::string& seat : one.seats()) {
    std::string word = SeatWord(run, seat);
    for (const v1::Consent& consent : one.decisions()) {
      if (consent.seat() == seat) absl::StrAppend(&word, consent.agrees() ? " +" : " -");
    }
    words.push_back(word);
  }
  return absl::StrJoin(words, ", ");
}

void PrintTable(Invocation& run, const google::protobuf::RepeatedPtrField<v1::Application>& applications) {
  Table table =
      MakeTable(run, {"KIND", "STATE", "WHY", "HOW MUCH", "SEATS", "CREATED", "CASE", "APPLICATION"});
  for (const v1::Application& one : applications) {
    table.Add({Word(run, one.kind()), Word(run, one.state()), one.reason_code(),
               AmountWord(run, one.extend()), SeatWords(run, one), LocalTime(one.create_time()), one.case_(),
               one.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

absl::Status Print(Invocation& run, const absl::StatusOr<v1::Application>& answer) {
  GW_RETURN_IF_ERROR(answer.status());
  if (run.json) {
    PrintJson(*answer);
    return absl::OkStatus();
  }
  google::protobuf::RepeatedPtrField<v1::Application> one;
  *one.Add() = *answer;
  PrintTable(run, one);
  return absl::OkStatus();
}

// What every request on a case has; photos of kind document are the written form.
template <typename Request>
absl::Status Send(Invocation& run, std::string_view rpc, Request request) {
  request.set_request_id(NewRequestId());
  request.set_name(CaseName(run.positionals[0]));
  request.set_reason_code(run.Get("--reason"));
  request.set_statement(run.Get("--statement"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  request.set_etag(run.Get("--etag"));
  return Print(run, run.session().Call<v1::Application>(Method(rpc), request));
}

absl::Status ReadAmount(Invocation& run, v1::Limit& limit) {
  struct Unit {
    const char* option;
    v1::Limit::Calendar calendar;
    int64_t seconds;
  };
  static constexpr Unit kUnits[] = {{"--hours", v1::Limit::CONTINUOUS, 3600},
                                    {"--days", v1::Limit::CONTINUOUS, 24 * 3600},
                                    {"--working-hours", v1::Limit::WORKING_HOURS, 3600},
                                    {"--working-days", v1::Limit::WORKING_DAYS, 24 * 3600}};
  for (const Unit& unit : kUnits) {
    if (!run.Has(unit.option)) continue;
    if (limit.has_span()) return absl::InvalidArgumentError("got two amounts, want one");
    int64_t number = 0;
    constexpr int64_t kNumberMax = 100'000;
    if (!absl::SimpleAtoi(run.Get(unit.option), &number) || number < 1 || number > kNumberMax) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: got \"%s\", want a number from 1 on", unit.option, run.Get(unit.option)));
    }
    limit.set_calendar(unit.calendar);
    limit.mutable_span()->set_seconds(number * unit.seconds);
  }
  if (limit.has_span()) return absl::OkStatus();
  return absl::InvalidArgumentError("want --hours, --days, --working-hours or --working-days");
}

absl::Status Postpone(Invocation& run) {
  v1::RequestPostponementRequest request;
  GW_RETURN_IF_ERROR(ReadAmount(run, *request.mutable_extend()));
  request.set_document_no(run.Get("--document-no"));
  return Send(run, "RequestPostponement", request);
}

absl::Status Suspend(Invocation& run) {
  v1::RequestSuspensionRequest request;
  request.set_end_condition(run.Get("--end-condition"));
  request.set_plan(run.Get("--plan"));
  request.set_interim_control(run.Get("--interim-control"));
  request.set_post(NameIn("posts", run.Get("--post")));
  request.set_document_no(run.Get("--document-no"));
  return Send(run, "RequestSuspension", request);
}

absl::Status ForceClose(Invocation& run) {
  v1::RequestForcedClosingRequest request;
  request.set_document_no(run.Get("--document-no"));
  return Send(run, "RequestForcedClosing", request);
}

absl::Status Void(Invocation& run) { return Send(run, "RequestVoiding", v1::RequestVoidingRequest()); }

template <typename Request>
absl::Status OnSuspended(Invocation& run, std::string_view rpc) {
  Request request;
  request.set_request_id(NewRequestId());
  request.set_name(CaseName(run.positionals[0]));
  request.set_reason(run.Get("--reason"));
  request.set_etag(run.Get("--etag"));
  return PrintCase(run, run.session().Call<v1::Case>(Method(rpc), request));
}

absl::Status Suspended(Invocation& run) {
  v1::ListSuspendedCasesRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const auto page, run.session().Call<v1::ListSuspendedCasesResponse>(
                                           Method("ListSuspendedCases"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  std::vector<std::string> divisions;
  for (const v1::SuspendedCase& one : page.cases()) divisions.push_back(one.division());
  const std::map<std::string, std::string> places = run.session().PlaceNames(divisions);
  Table table = MakeTable(run, {"NUMBER", "CATEGORY", "WHERE", "WHY", "SINCE", "REVIEW DUE", "LATE", "CASE"});
  for (const v1::SuspendedCase& one : page.cases()) {
    table.Add({one.case_no(), CategoryWord(run, one.category()), places.at(one.division()), one.reason_code(),
               LocalTime(one.start_time()), LocalTime(one.review_due_time()),
               one.review_overdue() ? Say(run, "late", "逾期") : "-", one.case_()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

// Every clock of a case, computed again from its events and its ledger.
absl::Status Clocks(Invocation& run) {
  v1::ListClockRunsRequest request;
  request.set_name(CaseName(run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const auto clocks,
                      run.session().Call<v1::ListClockRunsResponse>(Method("ListClockRuns"), request));
  if (run.json) {
    PrintJson(clocks);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"CLOCK", "REWORK", "FROM", "DUE", "TO", "LATE"});
  for (const v1::ClockRun& one : clocks.runs()) {
    table.Add({ClockWord(run, one.stage()), std::to_string(one.rework()), LocalTime(one.start_time()),
               LocalTime(one.due_time()), LocalTime(one.end_time()),
               one.late()        ? Say(run, "late", "逾期")
               : one.uncertain() ? Say(run, "uncertain", "存疑")
                                 : "-"});
  }
  table.Add({Say(run, "whole", "总"), "-", "-", LocalTime(clocks.total_due_time()),
             LocalTime(clocks.total_stop_time()), "-"});
  std::fputs(table.ToString().c_str(), stdout);
  if (clocks.rules_changed())
    std::puts(Say(run, "the rules changed during its life", "办理期间规则有调整").c_str());
  if (!clocks.agrees() && !clocks.rules_changed()) {
    return ExitWith(kAltered, Say(run, "what was saved is not what the events and the ledger give",
                                  "登记的期限与按事件和台账重算的结果不一致"));
  }
  std::puts(clocks.agrees() ? Say(run, "what was saved agrees", "与登记一致").c_str()
                            : Say(run, "what was saved differs", "与登记不同").c_str());
  return absl::OkStatus();
}

absl::Status List(Invocation& run) {
  v1::ListApplicationsRequest request;
  if (run.Has("--case")) request.set_case_(CaseName(run.Get("--case")));
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  for (const std::string& text : run.All("--state")) {
    v1::Application::State state;
    if (!v1::Application::State_Parse(absl::AsciiStrToUpper(text), &state)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--state: got \"%s\", want PENDING, APPROVED, REFUSED, WITHDRAWN or LAPSED", text));
    }
    request.add_states(state);
  }
  for (const std::string& text : run.All("--kind")) {
    v1::Application::Kind kind;
    if (!v1::Application::Kind_Parse(absl::AsciiStrToUpper(text), &kind)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--kind: got \"%s\", want POSTPONEMENT, SUSPENSION ...", text));
    }
    request.add_kinds(kind);
  }
  request.set_waiting_for_me(run.Has("--mine"));
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const auto page,
                      run.session().Call<v1::ListApplicationsResponse>(Method("ListApplications"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  PrintTable(run, page.applications());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Show(Invocation& run) {
  v1::GetApplicationRequest request;
  request.set_name(NameIn("applications", run.positionals[0]));
  return Print(run, run.session().Call<v1::Application>(Method("GetApplication"), request));
}

absl::Status Decide(Invocation& run, bool agrees) {
  v1::DecideApplicationRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("applications", run.positionals[0]));
  request.set_agrees(agrees);
  request.set_reason(run.Get("--reason"));
  request.set_etag(run.Get("--etag"));
  return Print(run, run.session().Call<v1::Application>(Method("DecideApplication"), request));
}

absl::Status Withdraw(Invocation& run) {
  v1::WithdrawApplicationRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("applications", run.positionals[0]));
  request.set_etag(run.Get("--etag"));
  return Print(run, run.session().Call<v1::Application>(Method("WithdrawApplication"), request));
}

}  // namespace

void AddApplicationCommands(std::vector<Command>& commands) {
  const Option code = {"--reason", "CODE", "a reason of the policy's list"};
  const Option words = {"--reason", "TEXT", "why, in words"};
  const Option statement = {"--statement", "TEXT", "why, in words"};
  const Option document = {"--document-no", "NO", "number of the written form or document"};
  const Option page = {"--page", "TOKEN", "go on after a page"};
  const Option division = {"--division", "DIVISION", "it and all below"};
  commands.push_back(
      {.words = "case postpone",
       .arguments = "CASE",
       .summary = "asks for more time, counted as the type counts its handling 延期",
       .options = {code,
                   statement,
                   {"--hours", "N", "around the clock"},
                   {"--days", "N", "around the clock"},
                   {"--working-hours", "N", "工时"},
                   {"--working-days", "N", "工作日"},
                   document,
                   PhotoOption(),
                   EtagOption()},
       .examples = {"gridctl case postpone 411702-2026-00012 --working-days 2 --reason WEATHER "
                    "--statement 连续阴雨"},
       .run = Postpone});
  commands.push_back(
      {.words = "case suspend",
       .arguments = "CASE",
       .summary = "asks the county to let a case rest 挂账",
       .options = {code,
                   statement,
                   {"--end-condition", "TEXT", "what ends it"},
                   {"--plan", "TEXT", "what is done until then"},
                   {"--interim-control", "TEXT", "how harm is kept off meanwhile"},
                   {"--post", "POST", "the post in charge"},
                   document,
                   PhotoOption(),
                   EtagOption()},
       .examples = {"gridctl case suspend 411702-2026-00012 --reason SEASON --end-condition 开春解冻 --plan "
                    "四月复工 --interim-control 覆盖并每周巡查 --post posts/0190..."},
       .run = Suspend});
  commands.push_back({.words = "case force-close",
                      .arguments = "CASE",
                      .summary = "asks to close a case by force; the county's leader decides 强制结案",
                      .options = {code, statement, document, PhotoOption(), EtagOption()},
                      .examples = {"gridctl case force-close 411702-2026-00012 --reason SUBJECT_GONE "
                                   "--statement 厂房已拆除 --document-no 县攻坚办〔2026〕9号"},
                      .run = ForceClose});
  commands.push_back(
      {.words = "case void",
       .arguments = "CASE",
       .summary = "asks to void a case; another office decides 作废",
       .options = {code, statement, PhotoOption(), EtagOption()},
       .examples = {"gridctl case void 411702-2026-00012 --reason WRONG_ENTRY --statement 误录邻县地块"},
       .run = Void});
  commands.push_back({.words = "case review-suspension",
                      .arguments = "CASE",
                      .summary = "says that a suspended case still has to rest 挂账复核",
                      .options = {words, EtagOption()},
                      .examples = {"gridctl case review-suspension 411702-2026-00012 --reason 冻土未化"},
                      .run = [](Invocation& run) {
                        return OnSuspended<v1::ReviewSuspensionRequest>(run, "ReviewSuspension");
                      }});
  commands.push_back(
      {.words = "case resume",
       .arguments = "CASE",
       .summary = "ends the rest of a suspended case: its condition is met 恢复处置",
       .options = {words, EtagOption()},
       .examples = {"gridctl case resume 411702-2026-00012 --reason 已解冻"},
       .run = [](Invocation& run) { return OnSuspended<v1::ResumeCaseRequest>(run, "ResumeCase"); }});
  commands.push_back({.words = "case suspended",
                      .summary = "the public list of suspended cases 挂账公示",
                      .options = {division, page},
                      .examples = {"gridctl case suspended --division 411702"},
                      .run = Suspended});
  commands.push_back(
      {.words = "case clocks",
       .arguments = "CASE",
       .summary = "computes every clock of a case again and says whether what was saved agrees",
       .examples = {"gridctl case clocks 411702-2026-00012"},
       .run = Clocks});
  commands.push_back(
      {.words = "application list",
       .summary = "lists applications in your scope, newest first",
       .options = {{"--case", "CASE", "only those of a case"},
                   division,
                   {"--state", "STATE", "PENDING, APPROVED, REFUSED, WITHDRAWN, LAPSED", true},
                   {"--kind", "KIND", "POSTPONEMENT, SUSPENSION, FORCED_CLOSING, VOIDING ...", true},
                   {"--mine", "", "only those that wait for you"},
                   page},
       .examples = {"gridctl application list --mine"},
       .run = List});
  commands.push_back({.words = "application show",
                      .arguments = "APPLICATION",
                      .summary = "shows one application; + agreed, - refused",
                      .examples = {"gridctl application show applications/0190..."},
                      .run = Show});
  commands.push_back({.words = "application agree",
                      .arguments = "APPLICATION",
                      .summary = "agrees to an application in the highest seat you fit 同意",
                      .options = {words, EtagOption()},
                      .examples = {"gridctl application agree applications/0190..."},
                      .run = [](Invocation& run) { return Decide(run, true); }});
  commands.push_back({.words = "application refuse",
                      .arguments = "APPLICATION",
                      .summary = "refuses an application, which ends it 不同意",
                      .options = {words, EtagOption()},
                      .examples = {"gridctl application refuse applications/0190... --reason 理由不充分"},
                      .run = [](Invocation& run) { return Decide(run, false); }});
  commands.push_back({.words = "application withdraw",
                      .arguments = "APPLICATION",
                      .summary = "takes your own application back 撤回",
                      .options = {EtagOption()},
                      .examples = {"gridctl application withdraw applications/0190..."},
                      .run = Withdraw});
}

}  // namespace gridwarden::gridctl
