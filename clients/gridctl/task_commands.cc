#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"

// gridctl task ...
namespace gridwarden::gridctl {
namespace {

namespace v1 = patrol::v1;

std::string Method(std::string_view name) {
  return "gridwarden.patrol.v1.PatrolService/" + std::string(name);
}

void PrintTasks(Invocation& run, const google::protobuf::RepeatedPtrField<v1::PatrolTask>& tasks) {
  Table table = MakeTable(run, {"STATE", "KIND", "TITLE", "CATEGORY", "DUE", "RESULT", "LATE", "TASK"});
  for (const v1::PatrolTask& task : tasks) {
    table.Add({Word(run, task.state()), Word(run, task.kind()), task.title(),
               CategoryWord(run, task.category()), LocalTime(task.due_time()), Word(run, task.result()),
               task.late() ? Say(run, "late", "逾期") : "", task.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

absl::Status List(Invocation& run) {
  v1::ListPatrolTasksRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  for (const std::string& text : run.All("--state")) {
    v1::PatrolTask::State state;
    if (!v1::PatrolTask::State_Parse(absl::AsciiStrToUpper(text), &state)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--state: got \"%s\", want ISSUED, STARTED, DONE, MISSED ...", text));
    }
    request.add_states(state);
  }
  if (run.Has("--overdue")) *request.mutable_overdue_as_of() = ToProto(absl::Now());
  request.set_assigned_to_me(run.Has("--mine"));
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const v1::ListPatrolTasksResponse page,
                      run.session().Call<v1::ListPatrolTasksResponse>(Method("ListPatrolTasks"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.patrol_tasks().empty())
    std::puts(Say(run, "no tasks", "没有任务").c_str());
  else
    PrintTasks(run, page.patrol_tasks());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status PrintTask(Invocation& run, const absl::StatusOr<v1::PatrolTask>& task) {
  GW_RETURN_IF_ERROR(task.status());
  if (run.json) {
    PrintJson(*task);
  } else {
    google::protobuf::RepeatedPtrField<v1::PatrolTask> one;
    *one.Add() = *task;
    PrintTasks(run, one);
  }
  return absl::OkStatus();
}

absl::Status Assign(Invocation& run) {
  v1::AssignPatrolTaskRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("patrolTasks", run.positionals[0]));
  request.set_post(NameIn("posts", run.positionals[1]));
  request.set_etag(run.Get("--etag"));
  if (run.Has("--due")) {
    GW_ASSIGN_OR_RETURN(const absl::Time due, run.GetTime("--due", absl::Now()));
    *request.mutable_due_time() = ToProto(due);
  }
  return PrintTask(run, run.session().Call<v1::PatrolTask>(Method("AssignPatrolTask"), request));
}

absl::Status Create(Invocation& run) {
  v1::CreatePatrolTaskRequest request;
  request.set_request_id(NewRequestId());
  v1::PatrolTask& task = *request.mutable_patrol_task();
  if (run.Has("--source")) task.set_source(NameIn("sources", run.Get("--source")));
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*task.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  task.set_category(run.Get("--category"));
  task.set_checklist(run.Get("--checklist"));
  task.set_title(run.Get("--title"));
  if (run.Has("--post")) task.set_post(NameIn("posts", run.Get("--post")));
  GW_ASSIGN_OR_RETURN(const absl::Time due, run.GetTime("--due", absl::Now() + absl::Hours(24)));
  *task.mutable_due_time() = ToProto(due);
  return PrintTask(run, run.session().Call<v1::PatrolTask>(Method("CreatePatrolTask"), request));
}

absl::Status Done(Invocation& run) {
  v1::SubmitVisitRequest request;
  request.set_request_id(NewRequestId());
  request.set_parent(NameIn("patrolTasks", run.positionals[0]));
  v1::Visit& visit = *request.mutable_visit();
  v1::Visit::Result result;
  if (!v1::Visit::Result_Parse(absl::AsciiStrToUpper(run.positionals[1]), &result)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want normal, problem, inaccessible or source_gone", run.positionals[1]));
  }
  visit.set_result(result);
  visit.set_note(run.Get("--note"));
  GW_RETURN_IF_ERROR(AddPhotos(run, visit.mutable_evidence()));
  GW_RETURN_IF_ERROR(AddAnswers(run, visit.mutable_answers()));
  if (run.Has("--position")) GW_RETURN_IF_ERROR(ReadPosition(run, visit.mutable_position()));
  GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--event-time", absl::Now()));
  *visit.mutable_event_time() = ToProto(at);
  request.set_etag(run.Get("--etag"));
  GW_ASSIGN_OR_RETURN(const v1::Visit made, run.session().Call<v1::Visit>(Method("SubmitVisit"), request));
  if (run.json) {
    PrintJson(made);
  } else {
    std::printf("%s: %s%s\n", made.name().c_str(), Word(run, made.result()).c_str(),
                made.late() ? Say(run, ", late", "，逾期").c_str() : "");
  }
  return absl::OkStatus();
}

}  // namespace

void AddTaskCommands(std::vector<Command>& commands) {
  commands.push_back(
      {.words = "task list",
       .summary = "lists inspections in your scope",
       .options = {{"--division", "DIVISION", "it and all below"},
                   {"--state", "STATE", "PLANNED, ISSUED, STARTED, DONE, MISSED, WAIVED", true},
                   {"--overdue", "", "only those past their due time"},
                   {"--mine", "", "only your own"},
                   {"--page", "TOKEN", "go on after a page"}},
       .examples = {"gridctl task list --division 411702 --overdue", "gridctl task list --mine"},
       .run = List});
  commands.push_back({.words = "task create",
                      .summary = "plans an inspection of a source or a ground",
                      .options = {{"--source", "SOURCE", "what to look at"},
                                  {"--division", "DIVISION", "or which ground"},
                                  {"--category", "CODE", "category of a ground inspection"},
                                  {"--checklist", "CODE", "checklist to answer"},
                                  {"--post", "POST", "who shall go"},
                                  {"--due", "TIME", "by when; default in 24 hours"},
                                  {"--title", "TEXT", "what the task is called"}},
                      .examples = {"gridctl task create --division 411702001 --category ROAD --title "
                                   "道路巡查 --due \"2026-12-01 18:00\""},
                      .run = Create});
  commands.push_back({.words = "task assign",
                      .arguments = "TASK POST",
                      .summary = "gives an inspection to a post",
                      .options = {{"--due", "TIME", "a new due time"}, EtagOption()},
                      .examples = {"gridctl task assign 0190... posts/0190..."},
                      .run = Assign});
  commands.push_back(
      {.words = "task done",
       .arguments = "TASK normal|problem|inaccessible|source_gone",
       .summary = "says what was seen; a problem becomes a signal",
       .options = {{"--note", "TEXT", "what was seen"},
                   PhotoOption(),
                   AnswerOption(),
                   PositionOption(),
                   EventTimeOption(),
                   EtagOption()},
       .examples =
           {"gridctl task done 0190... problem --photo near:dust.jpg --answer SITE_SIX100_ZMD.COVER=no"},
       .run = Done});
}

}  // namespace gridwarden::gridctl
