#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "base/status.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/patrol/v1/plan_service.pb.h"

// gridctl plan ..., gridctl quota, gridctl task waive-all
namespace gridwarden::gridctl {
namespace {

namespace v1 = patrol::v1;
using Quota = v1::QuotaProgress::Quota;

std::string Method(std::string_view name) { return "gridwarden.patrol.v1.PlanService/" + std::string(name); }

// "2026-11-22" in Asia/Shanghai.
std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, absl::FixedTimeZone(8 * 3600)); }

// --from and --to: today and a week from it unless given.
template <typename Request>
absl::Status ReadDays(Invocation& run, Request& request) {
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const absl::Time from, run.GetTime("--from", absl::Now()));
  GW_ASSIGN_OR_RETURN(const absl::Time to, run.GetTime("--to", from + absl::Hours(24 * 6)));
  request.set_from_date(Day(from));
  request.set_to_date(Day(to));
  return absl::OkStatus();
}

std::string RuleName(const Invocation& run, const v1::Plan::RuleCount& rule) {
  return Say(run, rule.en(), rule.zh());
}

void PrintShortages(const Invocation& run, const v1::Plan& plan) {
  for (const v1::Plan::Shortage& shortage : plan.shortages()) {
    std::puts(Say(run,
                  absl::StrFormat("%s: %d posts vacant, %d tasks went to the others, %d have nobody",
                                  shortage.division(), shortage.vacant_posts_size(), shortage.tasks_moved(),
                                  shortage.tasks_unassigned()),
                  absl::StrFormat("%s：空缺岗位 %d 个，转由他人承担 %d 项，无人承担 %d 项",
                                  shortage.division(), shortage.vacant_posts_size(), shortage.tasks_moved(),
                                  shortage.tasks_unassigned()))
                  .c_str());
  }
}

absl::Status PrintPlan(Invocation& run, const absl::StatusOr<v1::Plan>& plan, bool made) {
  GW_RETURN_IF_ERROR(plan.status());
  if (run.json) {
    PrintJson(*plan);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"RULE", "NAME", "TASKS", "WITHOUT_A_DAY", "BASIS"});
  for (const v1::Plan::RuleCount& rule : plan->rules()) {
    table.Add({rule.rule(), RuleName(run, rule), absl::StrCat(rule.tasks()),
               absl::StrCat(rule.periods_without_a_day()), rule.source()});
  }
  if (!table.empty()) std::fputs(table.ToString().c_str(), stdout);
  PrintShortages(run, *plan);
  const std::string days = absl::StrCat(plan->from_date(), " .. ", plan->to_date());
  std::puts((made ? Say(run, absl::StrFormat("%d tasks made for %s", plan->task_count(), days),
                        absl::StrFormat("已生成 %d 项任务（%s）", plan->task_count(), days))
                  : Say(run, absl::StrFormat("%d tasks would be made for %s", plan->task_count(), days),
                        absl::StrFormat("将生成 %d 项任务（%s）", plan->task_count(), days)))
                .c_str());
  return absl::OkStatus();
}

absl::Status Preview(Invocation& run) {
  v1::PreviewPlanRequest request;
  GW_RETURN_IF_ERROR(ReadDays(run, request));
  return PrintPlan(run, run.session().Call<v1::Plan>(Method("PreviewPlan"), request), false);
}

absl::Status Make(Invocation& run) {
  v1::MakePlanRequest request;
  request.set_request_id(NewRequestId());
  GW_RETURN_IF_ERROR(ReadDays(run, request));
  return PrintPlan(run, run.session().Call<v1::Plan>(Method("MakePlan"), request), true);
}

absl::Status List(Invocation& run) {
  v1::ListPlansRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const v1::ListPlansResponse page,
                      run.session().Call<v1::ListPlansResponse>(Method("ListPlans"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"MADE", "DIVISION", "FROM", "TO", "TASKS", "MADE_BY"});
  for (const v1::Plan& plan : page.plans()) {
    table.Add({LocalTime(plan.make_time()), plan.division(), plan.from_date(), plan.to_date(),
               absl::StrCat(plan.task_count()),
               plan.post().empty() ? Say(run, "the system", "系统") : plan.post()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Daily(Invocation& run) {
  absl::StatusOr<v1::DailyPlan> plan;
  if (run.Has("--on") || run.Has("--off")) {
    v1::SetDailyPlanRequest request;
    request.set_request_id(NewRequestId());
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
    request.set_enabled(run.Has("--on"));
    request.set_etag(run.Get("--etag"));
    plan = run.session().Call<v1::DailyPlan>(Method("SetDailyPlan"), request);
  } else {
    v1::GetDailyPlanRequest request;
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
    plan = run.session().Call<v1::DailyPlan>(Method("GetDailyPlan"), request);
  }
  GW_RETURN_IF_ERROR(plan.status());
  if (run.json) {
    PrintJson(*plan);
    return absl::OkStatus();
  }
  const std::string until = plan->planned_until_date().empty() ? "-" : plan->planned_until_date();
  std::puts((plan->enabled() ? Say(run, "planned by the system every day, so far until " + until,
                                   "系统每日自动生成计划，已排至 " + until)
                             : Say(run, "not planned by the system; last planned until " + until,
                                   "未启用自动计划，曾排至 " + until))
                .c_str());
  return absl::OkStatus();
}

absl::Status Quotas(Invocation& run) {
  v1::GetQuotaProgressRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  if (run.Has("--date")) {
    GW_ASSIGN_OR_RETURN(const absl::Time date, run.GetTime("--date", absl::Now()));
    request.set_date(Day(date));
  }
  GW_ASSIGN_OR_RETURN(const v1::QuotaProgress progress,
                      run.session().Call<v1::QuotaProgress>(Method("GetQuotaProgress"), request));
  if (run.json) {
    PrintJson(progress);
    return absl::OkStatus();
  }
  Table table =
      MakeTable(run, {"QUOTA", "TARGET", "STANDING", "DONE", "NEED", "TODAY", "SHORT", "FORMULA", "BASIS"});
  for (const Quota& quota : progress.quotas()) {
    const bool counted = quota.denominator() > 0;
    const auto figure = [&](int value) { return counted ? absl::StrCat(value) : std::string("-"); };
    table.Add({Say(run, quota.en(), quota.zh()), Say(run, quota.target(), quota.target_zh()),
               Word(run, quota.standing()),
               counted ? absl::StrCat(quota.numerator(), "/", quota.denominator()) : "-",
               figure(quota.need()), figure(quota.need_by_date()), figure(quota.shortage()),
               counted ? quota.formula() : Say(run, quota.missing_en(), quota.missing_zh()), quota.source()});
  }
  if (table.empty())
    std::puts(Say(run, "no quota applies here", "没有适用于本区划的指标").c_str());
  else
    std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status WaiveAll(Invocation& run) {
  v1::WaivePatrolTasksRequest request;
  request.set_request_id(NewRequestId());
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  v1::PatrolTask::Release::Reason reason;
  if (!v1::PatrolTask::Release::Reason_Parse(absl::AsciiStrToUpper(run.positionals[1]), &reason)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "got \"%s\", want leave, weather, no_duty, post_vacant, duplicate or other", run.positionals[1]));
  }
  request.set_reason(reason);
  request.set_note(run.Get("--note"));
  GW_ASSIGN_OR_RETURN(const absl::Time from, run.GetTime("--from", absl::Now()));
  GW_ASSIGN_OR_RETURN(const absl::Time to, run.GetTime("--to", from + absl::Hours(24)));
  *request.mutable_due_from_time() = ToProto(from);
  *request.mutable_due_to_time() = ToProto(to);
  request.set_dry_run(run.Has("--dry-run"));
  GW_ASSIGN_OR_RETURN(const v1::WaivePatrolTasksResponse answer,
                      run.session().Call<v1::WaivePatrolTasksResponse>(Method("WaivePatrolTasks"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  std::puts(Say(run,
                absl::StrFormat("%d tasks %s%s", answer.waived(),
                                request.dry_run() ? "would be released" : "released",
                                answer.more() ? "; there are more: repeat" : ""),
                absl::StrFormat("%s %d 项任务%s", request.dry_run() ? "将免除" : "已免除", answer.waived(),
                                answer.more() ? "，还有剩余，请再次执行" : ""))
                .c_str());
  if (answer.own() > 0) {
    std::puts(Say(run, absl::StrFormat("%d are your own: somebody else has to release them", answer.own()),
                  absl::StrFormat("其中 %d 项由本人承担，须由他人免除", answer.own()))
                  .c_str());
  }
  return absl::OkStatus();
}

}  // namespace

void AddPlanCommands(std::vector<Command>& commands) {
  const std::vector<Option> days = {{"--from", "DAY", "first day; default today"},
                                    {"--to", "DAY", "last day; default six days later"}};
  commands.push_back({.words = "plan preview",
                      .arguments = "DIVISION",
                      .summary = "shows which patrols cadences and quotas ask for; changes nothing",
                      .options = days,
                      .examples = {"gridctl plan preview 411702001 --from 2026-12-01 --to 2026-12-07"},
                      .run = Preview});
  commands.push_back({.words = "plan make",
                      .arguments = "DIVISION",
                      .summary = "makes these patrols; what is planned already is not planned again",
                      .options = days,
                      .examples = {"gridctl plan make 411702001"},
                      .run = Make});
  commands.push_back(
      {.words = "plan list",
       .summary = "lists the plans that were made, newest first",
       .options = {{"--division", "DIVISION", "it and all below"}, {"--page", "TOKEN", "go on after a page"}},
       .examples = {"gridctl plan list --division 411702"},
       .run = List});
  commands.push_back({.words = "plan daily",
                      .arguments = "DIVISION",
                      .summary = "says whether the system plans a division ahead by itself, or changes it",
                      .options = {{"--on", "", "from now on"},
                                  {"--off", "", "no longer"},
                                  {"--etag", "ETAG", "only if nobody changed it meanwhile"}},
                      .examples = {"gridctl plan daily 411702 --on"},
                      .run = Daily});
  commands.push_back(
      {.words = "quota",
       .arguments = "DIVISION",
       .summary = "says how far inspection quotas are reached, with the formula of each figure",
       .options = {{"--date", "DAY", "as of this day; default today"}},
       .examples = {"gridctl quota 4111", "gridctl quota 4111 --date 2026-11-30"},
       .run = Quotas});
  commands.push_back(
      {.words = "task waive-all",
       .arguments = "DIVISION REASON",
       .summary = "releases the open inspections of a division that are due in a window",
       .options = {{"--from", "TIME", "due from; default now"},
                   {"--to", "TIME", "due before; default a day later"},
                   {"--note", "TEXT", "why; needed with other"},
                   {"--dry-run", "", "only counts"}},
       .examples = {"gridctl task waive-all 411702001 weather --from 2026-12-01 --to 2026-12-02 --dry-run"},
       .run = WaiveAll});
}

}  // namespace gridwarden::gridctl
