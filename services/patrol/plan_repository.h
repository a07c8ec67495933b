#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/patrol/v1/plan_service.pb.h"
#include "patrol/patrol_repository.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of plans. Lists of ids go in batches; nothing is asked per source.
namespace gridwarden::patrol {

// What was last seen of a source.
struct SeenRow {
  Uuid source;
  absl::Time seen;
  Uuid person;
  absl::Time problem = absl::InfinitePast();  // when one was last found
};
absl::StatusOr<std::vector<SeenRow>> ReadSeen(db::Transaction& tx, std::span<const Uuid> sources);
// Keeps the later of what is known and this: a phone may hand in an older visit after a newer one.
absl::Status SaveSeen(db::Transaction& tx, const SeenRow& seen);

// A task that was planned for a rule and slot.
struct PlannedRow {
  Uuid id, source, division;
  absl::Time start, due;
  v1::PatrolTask::State state = v1::PatrolTask::STATE_UNSPECIFIED;
  v1::Visit::Result result = v1::Visit::RESULT_UNSPECIFIED;
  absl::Time done = absl::InfiniteFuture();
};
absl::StatusOr<std::vector<PlannedRow>> ReadPlanned(db::Transaction& tx, std::string_view rule,
                                                    absl::CivilDay slot,
                                                    std::span<const std::string> grounds);

// A source of a category that was seen (NORMAL or PROBLEM) in [from, to): when first, and whether by a test.
struct CountedRow {
  Uuid source;
  v1::PatrolTask::Kind kind = v1::PatrolTask::PATROL;
  absl::Time first;
};
absl::StatusOr<std::vector<CountedRow>> ReadCounted(db::Transaction& tx, std::string_view category,
                                                    absl::Time from, absl::Time to,
                                                    std::span<const std::string> grounds);

// How many tasks posts have on a day (open or done), and how many open ones altogether of those due in
// [from, to).
struct LoadRow {
  Uuid post;
  absl::CivilDay day;
  int tasks = 0, open = 0;
};
absl::StatusOr<std::vector<LoadRow>> ReadLoads(db::Transaction& tx, std::span<const Uuid> posts,
                                               absl::Time from, absl::Time to);

// Which of these tasks are there.
absl::StatusOr<std::vector<Uuid>> ReadThere(db::Transaction& tx, std::span<const Uuid> tasks);

// Locks open tasks of these grounds that are due in [from, to), by due time, those of `posts` left out.
absl::StatusOr<std::vector<TaskRow>> LockDue(db::Transaction& tx, std::span<const std::string> grounds,
                                             absl::Time from, absl::Time to, std::span<const Uuid> posts,
                                             int limit);
// How many there are of `posts`, and how many others.
struct DueCount {
  int own = 0, others = 0;
};
absl::StatusOr<DueCount> CountDue(db::Transaction& tx, std::span<const std::string> grounds, absl::Time from,
                                  absl::Time to, std::span<const Uuid> posts);

struct DailyPlanRow {
  Uuid division;
  bool enabled = false;
  std::optional<absl::CivilDay> planned_until;
  absl::Time updated = absl::UnixEpoch();
  journal::Subject subject;  // its id is derived from the division
};
// The row as it is, or a new one that was never saved.
absl::StatusOr<DailyPlanRow> ReadDailyPlan(db::Transaction& tx, const Uuid& division);
absl::StatusOr<DailyPlanRow> LockDailyPlan(db::Transaction& tx, const Uuid& division);
absl::Status SaveDailyPlan(db::Transaction& tx, const DailyPlanRow& row);
// Claims for `span` one division that is to be planned up to `until` and is not claimed by another process.
absl::StatusOr<std::optional<DailyPlanRow>> ClaimDailyPlan(db::Transaction& tx, absl::CivilDay until,
                                                           absl::Time now, absl::Duration span);
// Notes how far a division is planned; lets go of the claim with `release`.
absl::Status NotePlanned(db::Transaction& tx, const Uuid& division, absl::CivilDay until, bool release);

struct PlanRow {
  Uuid id, division;
  std::string ground_path;
  absl::CivilDay from, to;
  v1::Plan counts;  // rules and shortages
  int tasks = 0;
  std::string rule_version;
  Uuid person, post;
  absl::Time made;
};
absl::Status InsertPlan(db::Transaction& tx, const PlanRow& plan);
// Of one subtree, newest first, before (made, id).
absl::StatusOr<std::vector<PlanRow>> ListPlanRows(db::Transaction& tx, std::string_view ground,
                                                  absl::Time before, const Uuid& before_id, int limit);

// The hot statements, for the test that asks EXPLAIN.
std::string_view ReadPlannedSql();
std::string_view ReadCountedSql();

}  // namespace gridwarden::patrol
