#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/casework/v1/check_service.pb.h"

// gridctl case checkers, gridctl conflict ...: who may check whose work.
namespace gridwarden::gridctl {
namespace {

namespace v1 = casework::v1;

std::string Method(std::string_view name) {
  return "gridwarden.casework.v1.CheckService/" + std::string(name);
}

// "B4.OWN_NODE 3; B4.FINDER 1", in words for Chinese readers.
std::string Refusals(const Invocation& run, const v1::ExplainCheckersResponse::Ring& ring) {
  std::string out;
  for (const auto& refused : ring.refused()) {
    absl::StrAppend(&out,
                    out.empty()   ? ""
                    : run.chinese ? "；"
                                  : "; ",
                    run.chinese ? refused.words() : refused.rule(), " ", refused.count());
  }
  return out.empty() ? "-" : out;
}

absl::Status Explain(Invocation& run) {
  v1::ExplainCheckersRequest request;
  request.set_name(CaseName(run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const v1::ExplainCheckersResponse answer,
                      run.session().Call<v1::ExplainCheckersResponse>(Method("ExplainCheckers"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  Table rings = MakeTable(run, {"RING", "IN POST", "MAY", "VACANT", "WHY NOT"});
  for (const auto& ring : answer.rings()) {
    rings.Add({run.chinese ? ring.ring_display_name() : ring.ring(), std::to_string(ring.held_count()),
               std::to_string(ring.eligible_count()), std::to_string(ring.vacant_count()),
               Refusals(run, ring)});
  }
  std::fputs(rings.ToString().c_str(), stdout);
  if (answer.alternation_relaxed()) {
    std::puts(
        Say(run, "nobody else may: whoever checked the fixer last is let in", "无其他人选，轮换要求放宽")
            .c_str());
  }
  if (!answer.waiting_reason().empty()) {
    std::puts(Say(run, "the case waits: nobody may check it", answer.waiting_reason()).c_str());
    return absl::OkStatus();
  }
  Table candidates = MakeTable(run, {"MAY CHECK", "POST"});
  for (const auto& candidate : answer.candidates())
    candidates.Add({PostWord(run, candidate.post_display_name()), candidate.post()});
  std::fputs(candidates.ToString().c_str(), stdout);
  return absl::OkStatus();
}

void PrintConflicts(Invocation& run, const google::protobuf::RepeatedPtrField<v1::Conflict>& conflicts) {
  Table table = MakeTable(run, {"WHO", "WITH", "SINCE", "UNTIL", "WITHDRAWN", "SAID", "CONFLICT"});
  for (const v1::Conflict& conflict : conflicts) {
    table.Add({conflict.person(), conflict.counterpart(), LocalTime(conflict.declare_time()),
               LocalTime(conflict.valid_until_time()), LocalTime(conflict.withdraw_time()),
               conflict.withdraw_reason().empty() ? conflict.reason() : conflict.withdraw_reason(),
               conflict.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

absl::Status PrintConflict(Invocation& run, const absl::StatusOr<v1::Conflict>& conflict) {
  GW_RETURN_IF_ERROR(conflict.status());
  if (run.json) {
    PrintJson(*conflict);
  } else {
    google::protobuf::RepeatedPtrField<v1::Conflict> one;
    *one.Add() = *conflict;
    PrintConflicts(run, one);
  }
  return absl::OkStatus();
}

absl::Status Declare(Invocation& run) {
  v1::DeclareConflictRequest request;
  request.set_request_id(NewRequestId());
  request.set_counterpart(run.positionals[0]);
  request.set_reason(run.Get("--reason"));
  if (run.Has("--person")) request.set_person(NameIn("persons", run.Get("--person")));
  if (run.Has("--until")) {
    GW_ASSIGN_OR_RETURN(const absl::Time until, run.GetTime("--until", absl::Now()));
    *request.mutable_valid_until_time() = ToProto(until);
  }
  return PrintConflict(run, run.session().Call<v1::Conflict>(Method("DeclareConflict"), request));
}

absl::Status Withdraw(Invocation& run) {
  v1::WithdrawConflictRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("conflicts", run.positionals[0]));
  request.set_reason(run.Get("--reason"));
  request.set_etag(run.Get("--etag"));
  return PrintConflict(run, run.session().Call<v1::Conflict>(Method("WithdrawConflict"), request));
}

absl::Status List(Invocation& run) {
  v1::ListConflictsRequest request;
  if (run.Has("--person")) request.set_person(NameIn("persons", run.Get("--person")));
  request.set_ended(run.Has("--ended"));
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const v1::ListConflictsResponse page,
                      run.session().Call<v1::ListConflictsResponse>(Method("ListConflicts"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.conflicts().empty())
    std::puts(Say(run, "no conflicts declared", "没有回避申报").c_str());
  else
    PrintConflicts(run, page.conflicts());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

}  // namespace

void AddCheckCommands(std::vector<Command>& commands) {
  commands.push_back({.words = "case checkers",
                      .arguments = "CASE",
                      .summary = "says who may check a case, and how many each rule of independence puts out",
                      .examples = {"gridctl case checkers 411702-2026-00012"},
                      .run = Explain});
  commands.push_back(
      {.words = "conflict declare",
       .arguments = "persons/ID|units/ID|sources/ID",
       .summary = "declares a conflict of interest 回避: whose work somebody does not check",
       .options = {{"--reason", "TEXT", "why"},
                   {"--person", "ID", "of somebody in your office's scope; yourself by default"},
                   {"--until", "TIME", "until then; until it is withdrawn by default"}},
       .examples = {"gridctl conflict declare persons/0190... --reason 夫妻关系"},
       .run = Declare});
  commands.push_back({.words = "conflict withdraw",
                      .arguments = "CONFLICT",
                      .summary = "ends a declared conflict",
                      .options = {{"--reason", "TEXT", "why"}, EtagOption()},
                      .examples = {"gridctl conflict withdraw conflicts/0190... --reason 已调离"},
                      .run = Withdraw});
  commands.push_back({.words = "conflict list",
                      .summary = "lists your own, and for a campaign office those declared in its scope",
                      .options = {{"--person", "ID", "only of this person"},
                                  {"--ended", "", "also those no longer in force"},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl conflict list"},
                      .run = List});
}

}  // namespace gridwarden::gridctl
