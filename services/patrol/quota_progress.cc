#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "domain/patrol/task_life.h"
#include "patrol/plan_inputs.h"
#include "patrol/plan_repository.h"
#include "patrol/plan_service.h"

// How far quotas are reached: figures with the way they come about, nothing guessed.
namespace gridwarden::patrol {
namespace {

using Progress = v1::QuotaProgress::Quota;

bool Within(const domain::PlanInput& input, int division, int root) {
  for (; division >= 0; division = input.divisions[division].parent) {
    if (division == root) return true;
  }
  return false;
}

// What is counted over: the sources (or divisions) the quota means within its jurisdiction.
absl::flat_hash_set<Uuid> TargetsOf(const domain::PlanInput& input, const domain::Quota& quota, int root) {
  absl::flat_hash_set<Uuid> targets;
  if (quota.rule.target == domain::PatrolTarget::kDivision) {
    for (size_t i = 0; i < input.divisions.size(); ++i) {
      if (input.divisions[i].level == quota.rule.level && Within(input, static_cast<int>(i), root))
        targets.insert(input.divisions[i].id);
    }
    return targets;
  }
  for (const domain::PlanSource& source : input.sources) {
    if (quota.rule.Means(input.categories[source.category]) && Within(input, source.division, root))
      targets.insert(source.id);
  }
  return targets;
}

// What was done and is planned in the slots of the period.
struct Tally {
  int done = 0;
  int open = 0;
};

absl::StatusOr<Tally> TallySlot(db::Transaction& tx, const PlanGround& ground, const domain::Quota& quota,
                                const domain::Slot& slot, const absl::flat_hash_set<Uuid>& targets) {
  GW_ASSIGN_OR_RETURN(const std::vector<PlannedRow> tasks,
                      ReadPlanned(tx, quota.rule.code, slot.first, ground.paths));
  Tally tally;
  for (const PlannedRow& task : tasks) {
    if (!targets.contains(task.source.IsNil() ? task.division : task.source)) continue;
    const bool seen = task.result == v1::Visit::NORMAL || task.result == v1::Visit::PROBLEM;
    tally.done += task.state == v1::PatrolTask::DONE && seen;
    tally.open += domain::IsOpen(static_cast<domain::TaskState>(task.state));
  }
  return tally;
}

void Finish(const domain::Quota& quota, absl::CivilDay day, const domain::Slot& period, int64_t capacity,
            Progress& progress) {
  const int64_t length = period.last - period.first + 1;
  const int64_t passed = std::clamp<int64_t>(day - period.first + 1, 1, length);
  progress.set_forecast(
      static_cast<int>(std::min<int64_t>(capacity, progress.numerator() * length / passed)));
  progress.set_shortage(std::max(0, progress.need_by_date() - progress.numerator()));
  progress.set_standing(progress.numerator() >= progress.need()           ? Progress::REACHED
                        : progress.numerator() >= progress.need_by_date() ? Progress::ON_PACE
                                                                          : Progress::BEHIND);
  const int total = progress.denominator();
  std::string need;
  if (quota.kind == domain::QuotaKind::kFrequency)
    need = absl::StrFormat("%d x %d = %d", total, quota.value, progress.need());
  else if (quota.kind == domain::QuotaKind::kCount)
    need = absl::StrFormat("min(%d, %d) = %d", quota.value, total, progress.need());
  else
    need = absl::StrFormat("ceil(%d x %d %%) = %d", total, quota.value, progress.need());
  progress.set_formula(absl::StrFormat("%s; %s: %d; %d x %d / %d = %d", need, absl::FormatCivilTime(day),
                                       progress.need_by_date(), progress.numerator(), length, passed,
                                       progress.forecast()));
}

// Shares and counts: each source once in the period, whatever sent somebody there.
absl::Status MeasureShare(db::Transaction& tx, const PlanGround& ground, const domain::Quota& quota,
                          const absl::flat_hash_set<Uuid>& targets, absl::CivilDay day,
                          const domain::Slot& period, Progress& progress) {
  const absl::TimeZone zone = domain::CalendarZone();
  absl::flat_hash_set<Uuid> seen;
  for (const std::string& category : ground.input.categories) {
    if (!quota.rule.Means(category)) continue;
    GW_ASSIGN_OR_RETURN(const std::vector<CountedRow> rows,
                        ReadCounted(tx, category, absl::FromCivil(period.first, zone),
                                    absl::FromCivil(std::min(day, period.last) + 1, zone), ground.paths));
    for (const CountedRow& row : rows) {
      if (quota.rule.kind == domain::PatrolKind::kTest && row.kind != v1::PatrolTask::TEST) continue;
      if (targets.contains(row.source)) seen.insert(row.source);
    }
  }
  const int total = static_cast<int>(targets.size());
  GW_ASSIGN_OR_RETURN(const Tally tally, TallySlot(tx, ground, quota, period, targets));
  progress.set_denominator(total);
  progress.set_numerator(static_cast<int>(seen.size()));
  progress.set_planned(tally.open);
  progress.set_need(domain::QuotaNeed(quota, total, period, period.last, 0));
  progress.set_need_by_date(domain::QuotaNeed(quota, total, period, day, 0));
  Finish(quota, day, period, total, progress);
  return absl::OkStatus();
}

// Frequencies: each target once per slot; slots that have ended are needed by the day.
absl::Status MeasureFrequency(db::Transaction& tx, const PlanGround& ground, const domain::Quota& quota,
                              const absl::flat_hash_set<Uuid>& targets, absl::CivilDay day,
                              const domain::Slot& period, Progress& progress) {
  const int total = static_cast<int>(targets.size());
  Tally all;
  int slots = 0, ended = 0;
  for (absl::CivilDay at = period.first; at <= period.last;) {
    const domain::Slot slot = domain::SlotOf(quota.rule.period, quota.rule.times, at);
    ++slots;
    ended += slot.last <= day;
    GW_ASSIGN_OR_RETURN(const Tally tally, TallySlot(tx, ground, quota, slot, targets));
    all.done += tally.done;
    all.open += tally.open;
    at = slot.last + 1;
  }
  progress.set_denominator(total);
  progress.set_numerator(all.done);
  progress.set_planned(all.open);
  progress.set_need(total * slots);
  progress.set_need_by_date(total * ended);
  Finish(quota, day, period, int64_t{total} * slots, progress);
  return absl::OkStatus();
}

absl::Status Measure(db::Transaction& tx, const PlanGround& ground, const domain::Quota& quota, int root,
                     absl::CivilDay day, Progress& progress) {
  const domain::PatrolRule& rule = quota.rule;
  progress.set_code(rule.code);
  progress.set_zh(rule.zh);
  progress.set_en(rule.en);
  progress.set_kind(std::string(domain::NameOf(quota.kind)));
  progress.set_target(absl::StrCat(quota.comparison, " ", quota.value, " ", quota.unit, " / ", quota.per));
  progress.set_target_zh(
      absl::StrCat(quota.per_zh, " ", quota.comparison, " ", quota.value, " ", quota.unit_zh));
  progress.set_source(rule.source);
  progress.set_responsible(quota.responsible);
  if (!quota.InForce(day)) {
    progress.set_standing(Progress::NOT_IN_FORCE);
    return absl::OkStatus();
  }
  if (!ground.rules->MakesTasks(quota)) {
    const bool kind_counts = ground.rules->makes_tasks[static_cast<int>(quota.kind)];
    progress.set_standing(kind_counts ? Progress::DENOMINATOR_UNKNOWN : Progress::SHOWN_ONLY);
    progress.set_missing_zh(quota.why_unknown_zh);
    progress.set_missing_en(quota.why_unknown);
    return absl::OkStatus();
  }
  const domain::Slot period = domain::PeriodOf(quota, day);
  progress.set_period_from_date(absl::FormatCivilTime(period.first));
  progress.set_period_to_date(absl::FormatCivilTime(period.last));
  const absl::flat_hash_set<Uuid> targets = TargetsOf(ground.input, quota, root);
  if (targets.empty()) {
    progress.set_standing(Progress::DENOMINATOR_UNKNOWN);
    progress.set_missing_zh("台账内没有此类对象");
    progress.set_missing_en("the ledger has nothing of this kind here");
    return absl::OkStatus();
  }
  return quota.kind == domain::QuotaKind::kFrequency
             ? MeasureFrequency(tx, ground, quota, targets, day, period, progress)
             : MeasureShare(tx, ground, quota, targets, day, period, progress);
}

}  // namespace

absl::StatusOr<v1::QuotaProgress> GetQuotaProgress(const AreaContext& context, const rpc::Call& call,
                                                   const v1::GetQuotaProgressRequest& request) {
  GW_ASSIGN_OR_RETURN(const PlanPlace place, AllowPlan(context, call, request.division()));
  absl::CivilDay day = Today(call.now);
  if (!request.date().empty()) {
    GW_ASSIGN_OR_RETURN(day, ParseDay(request.date(), "date"));
  }
  GW_ASSIGN_OR_RETURN(const PlanGround ground, ReadPlanGround(context, call, place.standing));
  v1::QuotaProgress answer;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    answer.Clear();
    answer.set_division(ResourceName("divisions", place.standing.division));
    answer.set_date(absl::FormatCivilTime(day));
    for (size_t i = 0; i < ground.rules->quotas.size(); ++i) {
      const int root = ground.input.jurisdiction[ground.rules->cadences.size() + i];
      if (root < 0) continue;
      GW_RETURN_IF_ERROR(Measure(tx, ground, ground.rules->quotas[i], root, day, *answer.add_quotas()));
    }
    return absl::OkStatus();
  }));
  return answer;
}

}  // namespace gridwarden::patrol
