#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/rung_words.h"
#include "gridctl/words.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/casework/v1/supervision_service.pb.h"

// gridctl order ..., case rungs and vacancy list: orders of a superior, and what the escalation ladder did.
namespace gridwarden::gridctl {
namespace {

namespace v1 = casework::v1;

std::string Method(std::string_view name) {
  return "gridwarden.casework.v1.SupervisionService/" + std::string(name);
}

void PrintOrders(Invocation& run, const google::protobuf::RepeatedPtrField<v1::SupervisionOrder>& orders) {
  Table table = MakeTable(
      run, {"KIND", "STATE", "WHERE", "ANSWERS", "CASES", "REPLY DUE", "LIMIT", "LISTED SINCE", "ORDER"});
  for (const v1::SupervisionOrder& order : orders) {
    table.Add({Word(run, order.kind()), Word(run, order.state()), order.division_display_name(),
               PostWord(run, order.addressee_display_name()), std::to_string(order.cases_size()),
               LocalTime(order.reply_due_time()), LocalTime(order.limit_time()),
               LocalTime(order.publish_time()), order.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

absl::Status PrintOrder(Invocation& run, const absl::StatusOr<v1::SupervisionOrder>& answer) {
  GW_RETURN_IF_ERROR(answer.status());
  if (run.json) {
    PrintJson(*answer);
    return absl::OkStatus();
  }
  google::protobuf::RepeatedPtrField<v1::SupervisionOrder> one;
  *one.Add() = *answer;
  PrintOrders(run, one);
  return absl::OkStatus();
}

// Fills what every command on an order has and sends it.
template <typename Request>
absl::Status SendOrder(Invocation& run, std::string_view rpc, Request request) {
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("supervisionOrders", run.positionals[0]));
  request.set_etag(run.Get("--etag"));
  return PrintOrder(run, run.session().Call<v1::SupervisionOrder>(Method(rpc), request));
}

absl::Status ReadKind(const std::string& text, v1::IssueOrderRequest& request) {
  v1::SupervisionOrder::Kind kind;
  if (!v1::SupervisionOrder::Kind_Parse(absl::AsciiStrToUpper(text), &kind)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want press, county_limit or listed", text));
  }
  request.set_kind(kind);
  return absl::OkStatus();
}

absl::Status ReadTerms(Invocation& run, v1::IssueOrderRequest& request) {
  request.set_addressee(run.Get("--addressee"));
  if (run.Has("--in-charge")) request.set_post_in_charge(NameIn("posts", run.Get("--in-charge")));
  request.set_demand(run.Get("--demand"));
  request.set_document_no(run.Get("--document"));
  request.set_publish(run.Has("--publish"));
  if (!run.Has("--until")) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const absl::Time until, run.GetTime("--until", absl::Now()));
  *request.mutable_limit_time() = ToProto(until);
  return absl::OkStatus();
}

// A new order over cases given by number, name or id.
absl::Status Issue(Invocation& run) {
  v1::IssueOrderRequest request;
  request.set_request_id(NewRequestId());
  GW_RETURN_IF_ERROR(ReadKind(run.positionals[0], request));
  for (size_t i = 1; i < run.positionals.size(); ++i) {
    v1::GetCaseRequest which;
    which.set_name(CaseName(run.positionals[i]));
    GW_ASSIGN_OR_RETURN(const v1::Case found, run.session().Call<v1::Case>(
                                                  "gridwarden.casework.v1.CaseworkService/GetCase", which));
    request.add_cases(found.name());
  }
  GW_RETURN_IF_ERROR(ReadTerms(run, request));
  return PrintOrder(run, run.session().Call<v1::SupervisionOrder>(Method("IssueOrder"), request));
}

absl::Status IssueProposal(Invocation& run) {
  v1::IssueOrderRequest request;
  GW_RETURN_IF_ERROR(ReadTerms(run, request));
  return SendOrder(run, "IssueOrder", request);
}

absl::Status Decline(Invocation& run) {
  v1::IssueOrderRequest request;
  request.set_decline(true);
  request.set_reason(run.Get("--reason"));
  return SendOrder(run, "IssueOrder", request);
}

absl::Status Reply(Invocation& run) {
  v1::ReplyToOrderRequest request;
  request.set_statement(run.Get("--statement"));
  request.set_document_no(run.Get("--document"));
  return SendOrder(run, "ReplyToOrder", request);
}

absl::Status Extend(Invocation& run) {
  v1::ApplyForExtensionRequest request;
  GW_ASSIGN_OR_RETURN(const absl::Time until, run.GetTime("--until", absl::Now()));
  *request.mutable_until_time() = ToProto(until);
  request.set_reason(run.Get("--reason"));
  request.set_document_no(run.Get("--document"));
  return SendOrder(run, "ApplyForExtension", request);
}

absl::Status DecideExtension(Invocation& run) {
  v1::DecideExtensionRequest request;
  request.set_approve(!run.Has("--refuse"));
  request.set_reason(run.Get("--reason"));
  return SendOrder(run, "DecideExtension", request);
}

absl::Status Accept(Invocation& run) {
  v1::AcceptOrderRequest request;
  request.set_accept(!run.Has("--refuse"));
  request.set_reason(run.Get("--reason"));
  return SendOrder(run, "AcceptOrder", request);
}

absl::Status Lift(Invocation& run) {
  v1::LiftOrderRequest request;
  request.set_reason(run.Get("--reason"));
  return SendOrder(run, "LiftOrder", request);
}

absl::Status Show(Invocation& run) {
  v1::GetOrderRequest request;
  request.set_name(NameIn("supervisionOrders", run.positionals[0]));
  return PrintOrder(run, run.session().Call<v1::SupervisionOrder>(Method("GetOrder"), request));
}

absl::Status List(Invocation& run) {
  v1::ListOrdersRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  for (const std::string& text : run.All("--state")) {
    v1::SupervisionOrder::State state;
    if (!v1::SupervisionOrder::State_Parse(absl::AsciiStrToUpper(text), &state)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--state: got \"%s\", want PROPOSED, ISSUED, REPLIED ...", text));
    }
    request.add_states(state);
  }
  request.set_addressed_to_me(run.Has("--mine"));
  request.set_page_size(50);
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const v1::ListOrdersResponse page,
                      run.session().Call<v1::ListOrdersResponse>(Method("ListOrders"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.orders().empty())
    std::puts(Say(run, "no orders", "没有督办").c_str());
  else
    PrintOrders(run, page.orders());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Rungs(Invocation& run) {
  v1::ListRungsRequest request;
  const std::string& text = run.positionals[0];
  const bool named = text.starts_with("signals/") || text.starts_with("supervisionOrders/");
  request.set_subject(named ? text : CaseName(text));
  GW_ASSIGN_OR_RETURN(const v1::ListRungsResponse answer,
                      run.session().Call<v1::ListRungsResponse>(Method("ListRungs"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  if (answer.rungs().empty()) {
    std::puts(Say(run, "nobody has been reminded yet", "尚无提醒").c_str());
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"WHEN", "RUNG", "WAS DUE", "CLOCK DUE", "TOLD", "VACANT POSTS"});
  for (const v1::Rung& rung : answer.rungs()) {
    table.Add({LocalTime(rung.fire_time()), RungWord(run, rung), LocalTime(rung.rung_time()),
               LocalTime(rung.due_time()), ToldWord(run, rung), std::to_string(rung.vacant_posts_size())});
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

// What a county puts into its weekly bulletin.
absl::Status PrintBulletin(Invocation& run) {
  v1::GetBulletinRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  request.set_week_of_date(run.Get("--week"));
  GW_ASSIGN_OR_RETURN(const v1::Bulletin bulletin,
                      run.session().Call<v1::Bulletin>(Method("GetBulletin"), request));
  if (run.json) {
    PrintJson(bulletin);
    return absl::OkStatus();
  }
  Table table = MakeTable(
      run, {"DIVISION", "REMINDED", "OVERDUE", "PRESSED", "TO COUNTY", "ORDERS", "OPEN", "VACANCIES"});
  const auto add = [&](const std::string& name, const v1::Bulletin::Line& line) {
    table.Add({name, absl::StrCat(line.reminded()), absl::StrCat(line.overdue()),
               absl::StrCat(line.pressed()), absl::StrCat(line.raised_to_county()),
               absl::StrCat(line.orders()), absl::StrCat(line.orders_open()),
               absl::StrCat(line.vacancies())});
  };
  for (const v1::Bulletin::Line& line : bulletin.lines()) add(line.display_name(), line);
  add(Say(run, "total", "合计"), bulletin.total());
  std::printf("%s  %s - %s\n", bulletin.total().display_name().c_str(),
              LocalTime(bulletin.from_time()).c_str(), LocalTime(bulletin.to_time()).c_str());
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status Vacancies(Invocation& run) {
  v1::ListVacancyFindingsRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  request.set_open(!run.Has("--all"));
  request.set_page_size(50);
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(
      const v1::ListVacancyFindingsResponse page,
      run.session().Call<v1::ListVacancyFindingsResponse>(Method("ListVacancyFindings"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.findings().empty()) {
    std::puts(Say(run, "no vacant posts were met", "未发现空缺岗位").c_str());
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"POST", "WHERE", "FOUND", "LAST MET", "ENDED", "MET BY", "POST ID"});
  for (const v1::VacancyFinding& finding : page.findings()) {
    table.Add({PostWord(run, finding.post_display_name()), finding.division_display_name(),
               LocalTime(finding.first_seen_time()), LocalTime(finding.last_seen_time()),
               LocalTime(finding.end_time()), finding.subject(), finding.post()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

std::vector<Option> Terms() {
  return {{"--addressee", "NAME", "units/... or posts/... who has to answer; else the first case's handler"},
          {"--demand", "TEXT", "what is demanded"},
          {"--document", "NO", "number of the document"},
          {"--until", "TIME", "until when it has to be solved (county_limit, listed)"},
          {"--in-charge", "POST", "the post that answers for it (listed)"},
          {"--publish", "", "publishes it now (listed)"}};
}

}  // namespace

void AddSupervisionCommands(std::vector<Command>& commands) {
  const Option reason = {"--reason", "TEXT", "why"};
  const Option document = {"--document", "NO", "number of the document"};
  std::vector<Option> proposal = Terms();
  proposal.push_back(EtagOption());
  commands.push_back({.words = "order issue",
                      .arguments = "KIND CASE...",
                      .summary = "issues an order over cases 督办: press, county_limit or listed",
                      .options = Terms(),
                      .examples = {"gridctl order issue press 411702-2026-00012 --demand 两日内说明原因"},
                      .run = Issue});
  commands.push_back(
      {.words = "order sign",
       .arguments = "ORDER",
       .summary = "issues an order that the system proposed 签发督办单",
       .options = proposal,
       .examples = {"gridctl order sign supervisionOrders/0190f3b2-7c1e-7000-8000-000000000001 --demand "
                    "两日内说明原因"},
       .run = IssueProposal});
  commands.push_back(
      {.words = "order decline",
       .arguments = "ORDER",
       .summary = "does not issue what the system proposed",
       .options = {reason, EtagOption()},
       .examples = {"gridctl order decline supervisionOrders/0190f3b2-7c1e-7000-8000-000000000001 --reason "
                    "已恢复正常"},
       .run = Decline});
  commands.push_back(
      {.words = "order reply",
       .arguments = "ORDER",
       .summary = "answers an order 答复督办",
       .options = {{"--statement", "TEXT", "the answer"}, document, EtagOption()},
       .examples = {"gridctl order reply supervisionOrders/0190f3b2-7c1e-7000-8000-000000000001 --statement "
                    "设备已订购，周五进场"},
       .run = Reply});
  commands.push_back(
      {.words = "order extend",
       .arguments = "ORDER",
       .summary = "asks for a longer limit 申请延期",
       .options = {{"--until", "TIME", "the new end"}, reason, document, EtagOption()},
       .examples = {"gridctl order extend supervisionOrders/0190f3b2-7c1e-7000-8000-000000000001 --until "
                    "2027-06-30 --reason 供货延迟"},
       .run = Extend});
  commands.push_back(
      {.words = "order decide-extension",
       .arguments = "ORDER",
       .summary = "approves an extension",
       .options = {{"--refuse", "", "refuses it"}, reason, EtagOption()},
       .examples = {"gridctl order decide-extension supervisionOrders/0190f3b2-7c1e-7000-8000-000000000001 "
                    "--reason 情况属实"},
       .run = DecideExtension});
  commands.push_back(
      {.words = "order accept",
       .arguments = "ORDER",
       .summary = "accepts what was done 验收",
       .options = {{"--refuse", "", "it is not enough"}, reason, EtagOption()},
       .examples =
           {"gridctl order accept supervisionOrders/0190f3b2-7c1e-7000-8000-000000000001 --reason 现场验收"},
       .run = Accept});
  commands.push_back(
      {.words = "order lift",
       .arguments = "ORDER",
       .summary = "ends an order 解除督办",
       .options = {reason, EtagOption()},
       .examples =
           {"gridctl order lift supervisionOrders/0190f3b2-7c1e-7000-8000-000000000001 --reason 已销号"},
       .run = Lift});
  commands.push_back(
      {.words = "order show",
       .arguments = "ORDER",
       .summary = "shows one order",
       .examples = {"gridctl order show supervisionOrders/0190f3b2-7c1e-7000-8000-000000000001"},
       .run = Show});
  commands.push_back({.words = "order list",
                      .summary = "lists orders in your scope, newest first",
                      .options = {{"--division", "DIVISION", "it and all below"},
                                  {"--state", "STATE", "PROPOSED, ISSUED, REPLIED ...", true},
                                  {"--mine", "", "only those you have to answer"},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl order list --mine"},
                      .run = List});
  commands.push_back({.words = "case rungs",
                      .arguments = "CASE",
                      .summary = "tells who was reminded of a case, signal or order, and when",
                      .examples = {"gridctl case rungs 411702-2026-00012"},
                      .run = Rungs});
  commands.push_back(
      {.words = "bulletin",
       .arguments = "DIVISION",
       .summary = "the bulletin of a week 周通报: reminders, overdue, pressed, orders, vacancies",
       .options = {{"--week", "DATE", "any day of the week; this week by default"}},
       .examples = {"gridctl bulletin 411728 --week 2026-11-16"},
       .run = PrintBulletin});
  commands.push_back({.words = "vacancy list",
                      .summary = "lists posts that reminders found vacant",
                      .options = {{"--division", "DIVISION", "it and all below"},
                                  {"--all", "", "those that are held again, too"},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl vacancy list --division 411702"},
                      .run = Vacancies});
}

}  // namespace gridwarden::gridctl
