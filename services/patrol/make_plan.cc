#include "patrol/make_plan.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "patrol/plan_repository.h"
#include "patrol/plan_service.h"
#include "patrol/record_task.h"
#include "platform/journal/stage_all.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {
namespace {

constexpr int kTasksShown = 500;

// The same division always draws the same lots: a preview shows what will be made.
uint64_t SeedOf(const Uuid& division) {
  uint64_t seed = 0;
  for (const char c : division.Bytes().substr(8)) seed = seed << 8 | static_cast<uint8_t>(c);
  return seed;
}

std::string ChecklistOf(const domain::Policy& policy, const domain::PatrolRule& rule,
                        std::string_view category) {
  if (!rule.checklist.empty()) return rule.checklist;
  const domain::Category* found = policy.FindCategory(category);
  if (found == nullptr) return "";
  for (const std::string& code : found->checklists) {
    const domain::Checklist* checklist = policy.FindChecklist(code);
    if (checklist != nullptr && checklist->purpose == "routine") return code;
  }
  return "";
}

// The rows of planned tasks; grounds are looked up once per division.
class RowMaker {
 public:
  RowMaker(const AreaContext& context, const PlanGround& ground) : context_(context), ground_(ground) {}

  absl::StatusOr<TaskRow> Make(const domain::PlanTask& task) {
    const domain::PatrolRule& rule = domain::RuleAt(*ground_.rules, task.rule);
    const Uuid& division = ground_.input.divisions[task.division].id;
    auto standing = standings_.find(division);
    if (standing == standings_.end()) {
      GW_ASSIGN_OR_RETURN(access::Standing found, access::StandingOf(*ground_.ground, division, ground_.now));
      standing = standings_.emplace(division, std::move(found)).first;
    }
    const domain::Interval window = domain::WindowOf(*ground_.rules, task, context_.policy->calendar);
    TaskRow row;
    row.id = task.id;
    row.city = standing->second.city;
    row.division = standing->second.division;
    row.ground_path = standing->second.ground_path;
    row.post = task.post;
    row.due = window.to;
    v1::PatrolTask& value = row.value;
    value.set_name(ResourceName("patrolTasks", row.id));
    value.set_state(task.post.IsNil() ? v1::PatrolTask::PLANNED : v1::PatrolTask::ISSUED);
    value.set_source(ResourceName("sources", task.source));
    value.set_division(ResourceName("divisions", row.division));
    if (task.category >= 0) value.set_category(ground_.input.categories[task.category]);
    value.set_checklist(ChecklistOf(*context_.policy, rule, value.category()));
    value.set_post(ResourceName("posts", row.post));
    *value.mutable_window_start_time() = ToTimestamp(window.from);
    *value.mutable_due_time() = ToTimestamp(window.to);
    value.set_title(rule.zh);
    value.set_kind(static_cast<v1::PatrolTask::Kind>(rule.kind));
    value.set_rule(rule.code);
    value.set_slot_date(absl::FormatCivilTime(task.slot));
    return row;
  }

 private:
  const AreaContext& context_;
  const PlanGround& ground_;
  absl::flat_hash_map<Uuid, access::Standing> standings_;
};

void AddCounts(const PlanGround& ground, const domain::PatrolPlan& plan, v1::Plan& answer) {
  std::vector<int> tasks(plan.slots_without_a_day.size());
  for (const domain::PlanTask& task : plan.tasks) ++tasks[task.rule];
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i] == 0 && plan.slots_without_a_day[i] == 0) continue;
    const domain::PatrolRule& rule = domain::RuleAt(*ground.rules, static_cast<int>(i));
    v1::Plan::RuleCount& count = *answer.add_rules();
    count.set_rule(rule.code);
    count.set_zh(rule.zh);
    count.set_en(rule.en);
    count.set_tasks(tasks[i]);
    count.set_periods_without_a_day(plan.slots_without_a_day[i]);
    count.set_source(rule.source);
  }
  for (const domain::PlanShortage& shortage : plan.shortages) {
    v1::Plan::Shortage& said = *answer.add_shortages();
    said.set_division(ResourceName("divisions", ground.input.divisions[shortage.division].id));
    for (const Uuid& post : shortage.vacant_posts) said.add_vacant_posts(ResourceName("posts", post));
    said.set_tasks_moved(shortage.moved);
    said.set_tasks_unassigned(shortage.unassigned);
  }
}

}  // namespace

absl::StatusOr<domain::Slot> PlanDays(std::string_view from, std::string_view to, absl::Time now) {
  domain::Slot days;
  GW_ASSIGN_OR_RETURN(days.first, ParseDay(from, "from_date"));
  GW_ASSIGN_OR_RETURN(days.last, ParseDay(to, "to_date"));
  if (days.first < Today(now)) {
    return InvalidField("from_date", absl::StrFormat("got %s, want today (%s) or later", from,
                                                     absl::FormatCivilTime(Today(now))));
  }
  if (days.last < days.first || days.last - days.first >= kPlanDaysMax) {
    return InvalidField(
        "to_date", absl::StrFormat("got %s, want %s or at most %d days later", to, from, kPlanDaysMax - 1));
  }
  return days;
}

absl::StatusOr<v1::Plan> ThinkPlan(const AreaContext& context, db::Transaction& tx, const domain::Slot& days,
                                   PlanGround& ground, std::vector<TaskRow>* rows) {
  GW_RETURN_IF_ERROR(ReadPlanPast(tx, days.first, days.last, ground));
  const domain::PatrolPlan plan =
      domain::MakePatrolPlan(ground.input, *ground.rules, context.policy->calendar, days.first, days.last,
                             SeedOf(ground.standing.division));
  v1::Plan answer;
  answer.set_division(ResourceName("divisions", ground.standing.division));
  answer.set_from_date(absl::FormatCivilTime(days.first));
  answer.set_to_date(absl::FormatCivilTime(days.last));
  answer.set_task_count(static_cast<int>(plan.tasks.size()));
  answer.set_rule_version(context.policy->version);
  AddCounts(ground, plan, answer);
  RowMaker maker(context, ground);
  for (const domain::PlanTask& task : plan.tasks) {
    const bool shown = answer.tasks_size() < kTasksShown;
    if (!shown && rows == nullptr) break;
    GW_ASSIGN_OR_RETURN(TaskRow row, maker.Make(task));
    if (shown) *answer.add_tasks() = row.value;
    if (rows != nullptr) rows->push_back(std::move(row));
  }
  return answer;
}

absl::StatusOr<v1::Plan> WritePlan(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                                   const access::Acting& acting, const std::string& request_id,
                                   const domain::Slot& days, PlanGround& ground) {
  std::vector<TaskRow> rows;
  GW_ASSIGN_OR_RETURN(v1::Plan answer, ThinkPlan(context, tx, days, ground, &rows));
  if (rows.size() > static_cast<size_t>(kPlanTasksMax)) {
    return FailedPrecondition(
        "PLAN_TOO_LARGE",
        absl::StrFormat("the plan has %d tasks, want at most %d: fewer days or a smaller division",
                        rows.size(), kPlanTasksMax),
        {{"tasks", absl::StrCat(rows.size())}, {"limit", absl::StrCat(kPlanTasksMax)}});
  }
  if (rows.empty()) return answer;
  // In one order, so that two plans of overlapping grounds wait for each other instead of deadlocking.
  std::sort(rows.begin(), rows.end(), [](const TaskRow& a, const TaskRow& b) { return a.id < b.id; });
  std::vector<journal::Sealed> entries;
  for (TaskRow& row : rows) {
    GW_ASSIGN_OR_RETURN(journal::Sealed entry, SealTask(context, call,
                                                        {.action = domain::TaskAction::kCreate,
                                                         .event = {call.now, call.now},
                                                         .acting = acting,
                                                         .request_id = request_id},
                                                        row));
    entries.push_back(std::move(entry));
  }
  const absl::Status inserted = InsertTasks(tx, rows);
  if (absl::IsAlreadyExists(inserted)) {
    return MakeError(absl::StatusCode::kAborted, "somebody else planned the same just now",
                     {.reason = "LOST_RACE", .retry_after = absl::Milliseconds(100)});
  }
  GW_RETURN_IF_ERROR(inserted);
  GW_RETURN_IF_ERROR(journal::StageAll(tx, entries));

  PlanRow row;
  row.id = Uuid::Make(call.now);
  row.division = ground.standing.division;
  row.ground_path = ground.standing.ground_path;
  row.from = days.first;
  row.to = days.last;
  row.tasks = answer.task_count();
  *row.counts.mutable_rules() = answer.rules();
  *row.counts.mutable_shortages() = answer.shortages();
  row.rule_version = context.policy->version;
  row.person = call.principal.person;
  row.post = acting.post;
  row.made = call.now;
  GW_RETURN_IF_ERROR(InsertPlan(tx, row));
  v1::Plan made = PlanOf(row);
  *made.mutable_tasks() = std::move(*answer.mutable_tasks());
  absl::flat_hash_map<std::string, const TaskRow*> by_name;
  for (const TaskRow& task : rows) by_name[task.value.name()] = &task;
  for (v1::PatrolTask& task : *made.mutable_tasks()) task = by_name[task.name()]->value;
  return made;
}

v1::Plan PlanOf(const PlanRow& row) {
  v1::Plan plan = row.counts;
  plan.set_name(ResourceName("patrolPlans", row.id));
  plan.set_division(ResourceName("divisions", row.division));
  plan.set_from_date(absl::FormatCivilTime(row.from));
  plan.set_to_date(absl::FormatCivilTime(row.to));
  plan.set_task_count(row.tasks);
  plan.set_rule_version(row.rule_version);
  plan.set_person(ResourceName("persons", row.person));
  plan.set_post(ResourceName("posts", row.post));
  *plan.mutable_make_time() = ToTimestamp(row.made);
  return plan;
}

absl::StatusOr<v1::Plan> PreviewPlan(const AreaContext& context, const rpc::Call& call,
                                     const v1::PreviewPlanRequest& request) {
  GW_ASSIGN_OR_RETURN(const PlanPlace place, AllowPlan(context, call, request.division()));
  GW_ASSIGN_OR_RETURN(const domain::Slot days, PlanDays(request.from_date(), request.to_date(), call.now));
  GW_ASSIGN_OR_RETURN(PlanGround ground, ReadPlanGround(context, call, place.standing));
  v1::Plan plan;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(plan, ThinkPlan(context, tx, days, ground, nullptr));
    return absl::OkStatus();
  }));
  return plan;
}

absl::StatusOr<v1::Plan> MakePlan(const AreaContext& context, const rpc::Call& call,
                                  const v1::MakePlanRequest& request) {
  GW_ASSIGN_OR_RETURN(const PlanPlace place, AllowPlan(context, call, request.division()));
  GW_ASSIGN_OR_RETURN(const domain::Slot days, PlanDays(request.from_date(), request.to_date(), call.now));
  GW_ASSIGN_OR_RETURN(PlanGround ground, ReadPlanGround(context, call, place.standing));
  return rpc::Mutate<v1::Plan>(context.database, call, request, [&](db::Transaction& tx) {
    return WritePlan(context, call, tx, place.acting, request.request_id(), days, ground);
  });
}

}  // namespace gridwarden::patrol
