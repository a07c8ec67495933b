#include "patrol/plan_repository.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "domain/patrol/plan.h"
#include "domain/patrol/task_life.h"

namespace gridwarden::patrol {
namespace {

// Sizes of IN lists, so that the statement cache stays small; a list is filled up with its last id.
constexpr size_t kListSizes[] = {1000, 100, 10, 1};

constexpr std::string_view kReadSeen =
    "SELECT source_id, seen_us, person, problem_us FROM source_seen WHERE source_id IN (";
// The time is set last: the columns before it compare with the one that stood there.
constexpr std::string_view kSaveSeen =
    "INSERT INTO source_seen (source_id, seen_us, person, problem_us) VALUES (?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE problem_us ="
    " GREATEST(COALESCE(problem_us, VALUES(problem_us)), COALESCE(VALUES(problem_us), problem_us)),"
    " person = IF(VALUES(seen_us) >= seen_us, VALUES(person), person),"
    " seen_us = GREATEST(seen_us, VALUES(seen_us))";
constexpr std::string_view kReadPlanned =
    "SELECT task_id, source_id, division, COALESCE(window_start_us, due_us), due_us, state, result, done_us"
    " FROM patrol_task FORCE INDEX (task_slot)"
    " WHERE rule = ? AND slot_day = ? AND ground_path >= ? AND ground_path < ?";
constexpr std::string_view kReadCounted =
    "SELECT source_id, kind, MIN(done_us) FROM patrol_task FORCE INDEX (task_counted)"
    " WHERE category = ? AND done_us >= ? AND done_us < ? AND ground_path >= ? AND ground_path < ?"
    " AND result IN (1, 2) AND source_id IS NOT NULL GROUP BY source_id, kind";
// 28,800,000,000 microseconds: China's eight hours.
constexpr std::string_view kReadLoads =
    "SELECT post, (COALESCE(window_start_us, due_us) + 28800000000) DIV 86400000000 AS day, COUNT(*),"
    " SUM(state IN (2, 3)) FROM patrol_task FORCE INDEX (task_post)"
    " WHERE due_us >= ? AND due_us < ? AND state IN (2, 3, 4) AND post IN (";
constexpr std::string_view kReadThere = "SELECT task_id FROM patrol_task WHERE task_id IN (";
constexpr std::string_view kFindDue =
    "SELECT task_id, post FROM patrol_task FORCE INDEX (task_due)"
    " WHERE due_us >= ? AND due_us < ? AND ground_path >= ? AND ground_path < ? AND state IN (1, 2, 3)"
    " ORDER BY due_us, task_id";
constexpr std::string_view kReadDailyPlan =
    "SELECT division, enabled, planned_until_day, updated_us, subject_seq, subject_leaf FROM daily_plan"
    " WHERE division = ?";
constexpr std::string_view kLockDailyPlan =
    "SELECT division, enabled, planned_until_day, updated_us, subject_seq, subject_leaf FROM daily_plan"
    " WHERE division = ? FOR UPDATE";
constexpr std::string_view kSaveDailyPlan =
    "INSERT INTO daily_plan (division, enabled, planned_until_day, claimed_until_us, updated_us, "
    "subject_seq, subject_leaf) VALUES (?, ?, NULL, 0, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE enabled = VALUES(enabled), updated_us = VALUES(updated_us),"
    " subject_seq = VALUES(subject_seq), subject_leaf = VALUES(subject_leaf)";
constexpr std::string_view kFindDailyPlan =
    "SELECT division, enabled, planned_until_day, updated_us, subject_seq, subject_leaf FROM daily_plan"
    " WHERE enabled AND COALESCE(planned_until_day, 0) < ? AND claimed_until_us < ?"
    " ORDER BY division LIMIT 1 FOR UPDATE SKIP LOCKED";
constexpr std::string_view kClaimDailyPlan = "UPDATE daily_plan SET claimed_until_us = ? WHERE division = ?";
constexpr std::string_view kNotePlanned =
    "UPDATE daily_plan SET planned_until_day = ?, claimed_until_us = IF(?, 0, claimed_until_us) WHERE "
    "division = ?";
constexpr std::string_view kInsertPlan =
    "INSERT INTO patrol_plan (plan_id, division, ground_path, from_day, to_day, tasks, counts, rule_version,"
    " person, post, made_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kListPlans =
    "SELECT plan_id, division, ground_path, from_day, to_day, tasks, counts, rule_version, person, post, "
    "made_us FROM patrol_plan WHERE ground_path >= ? AND ground_path < ?"
    " AND (made_us < ? OR (made_us = ? AND plan_id < ?)) ORDER BY made_us DESC, plan_id DESC LIMIT ?";

absl::CivilDay DayOf(int64_t number) { return absl::CivilDay(1970, 1, 1) + number; }

// Runs `sql` + "?,?,?" + `tail` over all ids, in lists of a few sizes.
absl::Status ForLists(
    std::span<const Uuid> ids,
    const std::function<absl::Status(const std::string& list, std::span<const Uuid>)>& each) {
  while (!ids.empty()) {
    const size_t size = *std::find_if(std::begin(kListSizes), std::end(kListSizes),
                                      [&](size_t s) { return s <= ids.size(); });
    GW_RETURN_IF_ERROR(each(db::InList(static_cast<int>(size)), ids.first(size)));
    ids = ids.subspan(size);
  }
  return absl::OkStatus();
}

DailyPlanRow DailyPlanFromRow(const db::Row& row) {
  DailyPlanRow plan;
  plan.division = row.Id(0);
  plan.enabled = row.Bool(1);
  if (const std::optional<int64_t> until = row.OptInt(2)) plan.planned_until = DayOf(*until);
  plan.updated = row.Time(3);
  plan.subject = {.id = Uuid::Derive(plan.division, "daily plan"),
                  .seq = static_cast<uint64_t>(row.Int(4)),
                  .leaf = row.Text(5)};
  return plan;
}

absl::StatusOr<DailyPlanRow> OrNew(absl::StatusOr<std::optional<DailyPlanRow>> found, const Uuid& division) {
  if (!found.ok()) return found.status();
  if (*found) return **std::move(found);
  DailyPlanRow plan;
  plan.division = division;
  plan.subject.id = Uuid::Derive(division, "daily plan");
  return plan;
}

// Ids of open tasks that are due then, with their posts.
absl::StatusOr<std::vector<std::pair<Uuid, Uuid>>> FindDue(db::Transaction& tx,
                                                           std::span<const std::string> grounds,
                                                           absl::Time from, absl::Time to) {
  std::vector<std::pair<Uuid, Uuid>> found;
  for (const std::string& ground : grounds) {
    GW_ASSIGN_OR_RETURN(const auto part,
                        tx.Query(
                            kFindDue, [](const db::Row& row) { return std::pair(row.Id(0), row.Id(1)); },
                            from, to, ground, access::EndOfSubtree(ground)));
    found.insert(found.end(), part.begin(), part.end());
  }
  return found;
}

bool IsOneOf(std::span<const Uuid> ids, const Uuid& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

absl::StatusOr<std::vector<SeenRow>> ReadSeen(db::Transaction& tx, std::span<const Uuid> sources) {
  std::vector<SeenRow> rows;
  GW_RETURN_IF_ERROR(ForLists(sources, [&](const std::string& list, std::span<const Uuid> ids) {
    const std::vector<db::Value> values(ids.begin(), ids.end());
    return tx.QueryValues(absl::StrCat(std::string(kReadSeen), list, ")"), values, [&](const db::Row& row) {
      rows.push_back({row.Id(0), row.Time(1), row.Id(2), row.Time(3, absl::InfinitePast())});
    });
  }));
  return rows;
}

absl::Status SaveSeen(db::Transaction& tx, const SeenRow& seen) {
  return tx.Exec(kSaveSeen, seen.source, seen.seen, seen.person, seen.problem).status();
}

absl::StatusOr<std::vector<PlannedRow>> ReadPlanned(db::Transaction& tx, std::string_view rule,
                                                    absl::CivilDay slot,
                                                    std::span<const std::string> grounds) {
  std::vector<PlannedRow> rows;
  for (const std::string& ground : grounds) {
    GW_ASSIGN_OR_RETURN(const std::vector<PlannedRow> part,
                        tx.Query(
                            kReadPlanned,
                            [](const db::Row& row) {
                              return PlannedRow{row.Id(0),
                                                row.Id(1),
                                                row.Id(2),
                                                row.Time(3),
                                                row.Time(4),
                                                static_cast<v1::PatrolTask::State>(row.Int(5)),
                                                static_cast<v1::Visit::Result>(row.Int(6)),
                                                row.Time(7)};
                            },
                            rule, domain::DayNumber(slot), ground, access::EndOfSubtree(ground)));
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

absl::StatusOr<std::vector<CountedRow>> ReadCounted(db::Transaction& tx, std::string_view category,
                                                    absl::Time from, absl::Time to,
                                                    std::span<const std::string> grounds) {
  std::vector<CountedRow> rows;
  for (const std::string& ground : grounds) {
    GW_ASSIGN_OR_RETURN(
        const std::vector<CountedRow> part,
        tx.Query(
            kReadCounted,
            [](const db::Row& row) {
              return CountedRow{row.Id(0), static_cast<v1::PatrolTask::Kind>(row.Int(1)), row.Time(2)};
            },
            category, from, to, ground, access::EndOfSubtree(ground)));
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

absl::StatusOr<std::vector<LoadRow>> ReadLoads(db::Transaction& tx, std::span<const Uuid> posts,
                                               absl::Time from, absl::Time to) {
  std::vector<LoadRow> rows;
  GW_RETURN_IF_ERROR(ForLists(posts, [&](const std::string& list, std::span<const Uuid> ids) {
    std::vector<db::Value> values = {from, to};
    values.insert(values.end(), ids.begin(), ids.end());
    return tx.QueryValues(
        absl::StrCat(std::string(kReadLoads), list, ") GROUP BY post, day"), values, [&](const db::Row& row) {
          rows.push_back(
              {row.Id(0), DayOf(row.Int(1)), static_cast<int>(row.Int(2)), static_cast<int>(row.Int(3))});
        });
  }));
  return rows;
}

absl::StatusOr<std::vector<Uuid>> ReadThere(db::Transaction& tx, std::span<const Uuid> tasks) {
  std::vector<Uuid> there;
  GW_RETURN_IF_ERROR(ForLists(tasks, [&](const std::string& list, std::span<const Uuid> ids) {
    const std::vector<db::Value> values(ids.begin(), ids.end());
    return tx.QueryValues(absl::StrCat(std::string(kReadThere), list, ")"), values,
                          [&](const db::Row& row) { there.push_back(row.Id(0)); });
  }));
  return there;
}

absl::StatusOr<std::vector<TaskRow>> LockDue(db::Transaction& tx, std::span<const std::string> grounds,
                                             absl::Time from, absl::Time to, std::span<const Uuid> posts,
                                             int limit) {
  GW_ASSIGN_OR_RETURN(const auto found, FindDue(tx, grounds, from, to));
  std::vector<TaskRow> tasks;
  for (const auto& [id, post] : found) {
    if (static_cast<int>(tasks.size()) == limit) break;
    if (IsOneOf(posts, post)) continue;
    // Somebody may have done it, or been given it, since the list was read.
    GW_ASSIGN_OR_RETURN(TaskRow task, LockTask(tx, id));
    const bool open = domain::IsOpen(static_cast<domain::TaskState>(task.value.state()));
    if (open && task.due >= from && task.due < to && !IsOneOf(posts, task.post))
      tasks.push_back(std::move(task));
  }
  return tasks;
}

absl::StatusOr<DueCount> CountDue(db::Transaction& tx, std::span<const std::string> grounds, absl::Time from,
                                  absl::Time to, std::span<const Uuid> posts) {
  GW_ASSIGN_OR_RETURN(const auto found, FindDue(tx, grounds, from, to));
  DueCount count;
  for (const auto& [id, post] : found) ++(IsOneOf(posts, post) ? count.own : count.others);
  return count;
}

absl::StatusOr<DailyPlanRow> ReadDailyPlan(db::Transaction& tx, const Uuid& division) {
  return OrNew(tx.QueryOne(kReadDailyPlan, DailyPlanFromRow, division), division);
}

absl::StatusOr<DailyPlanRow> LockDailyPlan(db::Transaction& tx, const Uuid& division) {
  return OrNew(tx.QueryOne(kLockDailyPlan, DailyPlanFromRow, division), division);
}

absl::Status SaveDailyPlan(db::Transaction& tx, const DailyPlanRow& row) {
  return tx.Exec(kSaveDailyPlan, row.division, row.enabled, row.updated, row.subject.seq, row.subject.leaf)
      .status();
}

absl::StatusOr<std::optional<DailyPlanRow>> ClaimDailyPlan(db::Transaction& tx, absl::CivilDay until,
                                                           absl::Time now, absl::Duration span) {
  GW_ASSIGN_OR_RETURN(
      std::optional<DailyPlanRow> found,
      tx.QueryOne(kFindDailyPlan, DailyPlanFromRow, domain::DayNumber(until), absl::ToUnixMicros(now)));
  if (found) GW_RETURN_IF_ERROR(tx.Exec(kClaimDailyPlan, now + span, found->division).status());
  return found;
}

absl::Status NotePlanned(db::Transaction& tx, const Uuid& division, absl::CivilDay until, bool release) {
  return tx.Exec(kNotePlanned, domain::DayNumber(until), release, division).status();
}

absl::Status InsertPlan(db::Transaction& tx, const PlanRow& plan) {
  return tx
      .Exec(kInsertPlan, plan.id, plan.division, plan.ground_path, domain::DayNumber(plan.from),
            domain::DayNumber(plan.to), plan.tasks, plan.counts.SerializeAsString(), plan.rule_version,
            plan.person, plan.post, plan.made)
      .status();
}

absl::StatusOr<std::vector<PlanRow>> ListPlanRows(db::Transaction& tx, std::string_view ground,
                                                  absl::Time before, const Uuid& before_id, int limit) {
  const int64_t before_us =
      before == absl::InfiniteFuture() ? std::numeric_limits<int64_t>::max() : absl::ToUnixMicros(before);
  return tx.Query(
      kListPlans,
      [](const db::Row& row) {
        PlanRow plan;
        plan.id = row.Id(0);
        plan.division = row.Id(1);
        plan.ground_path = row.Text(2);
        plan.from = DayOf(row.Int(3));
        plan.to = DayOf(row.Int(4));
        plan.tasks = static_cast<int>(row.Int(5));
        plan.counts.ParseFromString(row.Text(6));  // written by InsertPlan
        plan.rule_version = row.Text(7);
        plan.person = row.Id(8);
        plan.post = row.Id(9);
        plan.made = row.Time(10);
        return plan;
      },
      ground, access::EndOfSubtree(ground), before_us, before_us, before_id.Bytes(), limit);
}

std::string_view ReadPlannedSql() { return kReadPlanned; }
std::string_view ReadCountedSql() { return kReadCounted; }

}  // namespace gridwarden::patrol
