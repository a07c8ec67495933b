#include <cstdio>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/casework/v1/site_service.pb.h"

// Sites that have to stop work, and their restart.
namespace gridwarden::gridctl {
namespace {

namespace v1 = gridwarden::casework::v1;

std::string Method(const char* name) { return std::string("gridwarden.casework.v1.SiteService/") + name; }

void Print(Invocation& run, const google::protobuf::RepeatedPtrField<v1::StopWork>& orders) {
  Table table = MakeTable(run, {"STATE", "FINDING", "DAYS", "SINCE", "UNTIL", "CASE", "NAME"});
  for (const v1::StopWork& order : orders) {
    table.Add({Word(run, order.state()), absl::StrCat(order.finding()), absl::StrCat(order.stop_days()),
               LocalTime(order.start_time()), LocalTime(order.until_time()), order.case_(), order.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

absl::Status PrintOne(Invocation& run, const absl::StatusOr<v1::StopWork>& answer) {
  if (!answer.ok()) return answer.status();
  if (run.json) {
    PrintJson(*answer);
    return absl::OkStatus();
  }
  google::protobuf::RepeatedPtrField<v1::StopWork> one;
  *one.Add() = *answer;
  Print(run, one);
  return absl::OkStatus();
}

absl::Status Stop(Invocation& run) {
  v1::OrderStopWorkRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(CaseName(run.positionals[0]));
  request.set_reason(run.Get("--reason"));
  request.set_etag(run.Get("--etag"));
  return PrintOne(run, run.session().Call<v1::StopWork>(Method("OrderStopWork"), request));
}

absl::Status Restart(Invocation& run) {
  v1::AcceptRestartRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("stopWorks", run.positionals[0]));
  GW_RETURN_IF_ERROR(AddAnswers(run, request.mutable_answers()));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  request.set_etag(run.Get("--etag"));
  return PrintOne(run, run.session().Call<v1::StopWork>(Method("AcceptRestart"), request));
}

absl::Status Revoke(Invocation& run) {
  v1::RevokeStopWorkRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("stopWorks", run.positionals[0]));
  request.set_reason(run.Get("--reason"));
  request.set_etag(run.Get("--etag"));
  return PrintOne(run, run.session().Call<v1::StopWork>(Method("RevokeStopWork"), request));
}

absl::Status List(Invocation& run) {
  v1::ListStopWorksRequest request;
  request.set_division(run.Get("--division"));
  request.set_standing(run.Has("--standing"));
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const auto page,
                      run.session().Call<v1::ListStopWorksResponse>(Method("ListStopWorks"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  Print(run, page.stop_works());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

}  // namespace

void AddSiteCommands(std::vector<Command>& commands) {
  const Option reason = {"--reason", "TEXT", "why"};
  commands.push_back({.words = "site stop",
                      .arguments = "CASE",
                      .summary = "orders the site of a case to stop work 停工整顿; the ladder says how long",
                      .options = {reason, EtagOption()},
                      .examples = {"gridctl site stop 411702-2026-00012 --reason 裸土未覆盖"},
                      .run = Stop});
  commands.push_back({.words = "site restart",
                      .arguments = "STOP_WORK",
                      .summary = "accepts the restart of a site on its checklist 复工验收",
                      .options = {AnswerOption(), PhotoOption(), EtagOption()},
                      .examples = {"gridctl site restart 0190... --answer SITE_RESTART.SIX_MET=yes@a.jpg"},
                      .run = Restart});
  commands.push_back({.words = "site revoke",
                      .arguments = "STOP_WORK",
                      .summary = "takes back an order that should not have been given",
                      .options = {reason, EtagOption()},
                      .examples = {"gridctl site revoke 0190... --reason 误下"},
                      .run = Revoke});
  commands.push_back({.words = "site list",
                      .summary = "lists orders to stop work, newest first",
                      .options = {{"--division", "DIVISION", "it and all below"},
                                  {"--standing", "", "only those that stand still"},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl site list --standing"},
                      .run = List});
}

}  // namespace gridwarden::gridctl
