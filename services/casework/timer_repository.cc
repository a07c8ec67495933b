#include "casework/timer_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/ground_filter.h"

#define TIMER_COLUMNS "subject_id, clock, cycle, subject_kind, start_us, due_us, end_us, plan, fired, next_us"

namespace gridwarden::casework {
namespace {

constexpr int kTimerColumns = 10;
constexpr int kRungColumns = 11;
constexpr int kRowsMax = 64;  // of one statement

// On a run that is known: one that goes on is looked at at once, because only its row knows what has fired;
// one that stops is looked at again only for what it owes.
constexpr std::string_view kInsertTimers = "INSERT INTO case_timer (" TIMER_COLUMNS ") VALUES ";
constexpr std::string_view kChangeTimers = R"(
  ON DUPLICATE KEY UPDATE
    next_us = IF(VALUES(end_us) IS NULL, VALUES(next_us), IF(next_us <= VALUES(end_us), next_us, NULL)),
    plan = IF(VALUES(end_us) IS NULL, VALUES(plan), plan),
    due_us = IF(VALUES(end_us) IS NULL, VALUES(due_us), due_us),
    end_us = VALUES(end_us))";

constexpr std::string_view kClaimTimers = "SELECT " TIMER_COLUMNS
                                          " FROM case_timer FORCE INDEX (timer_next) WHERE next_us <= ? "
                                          "ORDER BY next_us LIMIT ? FOR UPDATE SKIP LOCKED";
constexpr std::string_view kLockTimer =
    "SELECT " TIMER_COLUMNS
    " FROM case_timer WHERE subject_id = ? AND clock = ? AND cycle = ? AND next_us <= ? FOR UPDATE";
constexpr std::string_view kSaveFired =
    "UPDATE case_timer SET fired = ?, next_us = ? WHERE subject_id = ? AND clock = ? AND cycle = ?";
constexpr std::string_view kOldestNext =
    "SELECT next_us FROM case_timer FORCE INDEX (timer_next) WHERE next_us > 0 ORDER BY next_us LIMIT 1";

constexpr std::string_view kInsertRungs =
    "INSERT INTO rung (subject_id, clock, cycle, percent, rung_id, level, due_us, fire_us, ground_path, "
    "entry_id, event) VALUES ";
constexpr std::string_view kHasFired =
    "SELECT 1 FROM rung WHERE subject_id = ? AND clock = ? AND cycle = ? AND percent = ?";

Timer ReadTimer(const db::Row& row) {
  Timer timer;
  int column = 0;
  timer.key.subject = row.Id(column++);
  timer.key.clock = row.Text(column++);
  timer.key.cycle = static_cast<int>(row.Int(column++));
  timer.kind = static_cast<TimerSubject>(row.Int(column++));
  timer.start = row.Time(column++);
  timer.due = row.Time(column++);
  if (!row.IsNull(column)) timer.end = row.Time(column);
  ++column;
  timer.plan.ParseFromString(row.Text(column++));
  timer.fired = static_cast<int>(row.Int(column++));
  if (!row.IsNull(column)) timer.next = row.Time(column);
  return timer;
}

void BindTimer(const Timer& timer, std::vector<db::Value>& values) {
  values.emplace_back(timer.key.subject);
  values.emplace_back(timer.key.clock);
  values.emplace_back(timer.key.cycle);
  values.emplace_back(static_cast<int>(timer.kind));
  values.emplace_back(timer.start);
  values.emplace_back(timer.due);
  values.emplace_back(timer.end);
  values.emplace_back(timer.plan.SerializeAsString());
  values.emplace_back(timer.fired);
  values.emplace_back(timer.next);
}

}  // namespace

absl::Status SaveTimers(db::Transaction& tx, std::span<const Timer> timers) {
  if (timers.empty()) return absl::OkStatus();
  std::vector<db::Value> values;
  for (const Timer& timer : timers) BindTimer(timer, values);
  return tx
      .ExecValues(absl::StrCat(std::string(kInsertTimers),
                               db::RepeatedRows(kTimerColumns, static_cast<int>(timers.size())),
                               std::string(kChangeTimers)),
                  values)
      .status();
}

absl::StatusOr<std::vector<Timer>> ClaimTimers(db::Transaction& tx, absl::Time now, int limit) {
  return tx.Query(kClaimTimers, ReadTimer, now, limit);
}

absl::StatusOr<std::optional<Timer>> LockTimer(db::Transaction& tx, const TimerKey& key, absl::Time now) {
  return tx.QueryOne(kLockTimer, ReadTimer, key.subject, key.clock, key.cycle, now);
}

absl::Status SaveFired(db::Transaction& tx, std::span<const Timer> timers) {
  for (const Timer& timer : timers) {
    GW_RETURN_IF_ERROR(
        tx.Exec(kSaveFired, timer.fired, timer.next, timer.key.subject, timer.key.clock, timer.key.cycle)
            .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<absl::Time>> OldestNext(db::Transaction& tx) {
  return tx.QueryOne(kOldestNext, [](const db::Row& row) { return row.Time(0); });
}

Uuid RungId(const TimerKey& key, int percent) {
  return Uuid::Derive(key.subject, absl::StrCat("rung ", key.clock, " ", key.cycle, " ", percent));
}

absl::Status InsertRungs(db::Transaction& tx, std::span<const RungRow> rungs) {
  for (size_t first = 0; first < rungs.size(); first += kRowsMax) {
    const size_t count = std::min<size_t>(kRowsMax, rungs.size() - first);
    std::vector<db::Value> values;
    for (const RungRow& rung : rungs.subspan(first, count)) {
      values.emplace_back(rung.key.subject);
      values.emplace_back(rung.key.clock);
      values.emplace_back(rung.key.cycle);
      values.emplace_back(rung.percent);
      values.emplace_back(rung.id);
      values.emplace_back(static_cast<int>(rung.level));
      values.emplace_back(rung.due);
      values.emplace_back(rung.fire);
      values.emplace_back(rung.ground_path);
      values.emplace_back(rung.entry_id);
      values.emplace_back(rung.event.SerializeAsString());
    }
    GW_RETURN_IF_ERROR(tx.ExecValues(absl::StrCat(std::string(kInsertRungs),
                                                  db::RepeatedRows(kRungColumns, static_cast<int>(count))),
                                     values)
                           .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> HasFired(db::Transaction& tx, const TimerKey& key, int percent) {
  GW_ASSIGN_OR_RETURN(const auto found, tx.QueryOne(
                                            kHasFired, [](const db::Row& row) { return row.Int(0); },
                                            key.subject, key.clock, key.cycle, percent));
  return found.has_value();
}

absl::StatusOr<std::vector<v1::Rung>> ReadRungs(db::Transaction& tx, const std::vector<Uuid>& subjects) {
  std::vector<v1::Rung> rungs;
  if (subjects.empty()) return rungs;
  std::vector<db::Value> values;
  BindIn(
      subjects, [](const Uuid& id) { return id; }, values);
  values.emplace_back(kRungsMax);
  const std::string sql =
      absl::StrCat("SELECT event FROM rung WHERE subject_id IN (", db::InList(RoundUp(subjects.size())),
                   ") ORDER BY fire_us, due_us, percent LIMIT ?");
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) {
    v1::RungEvent event;
    if (event.ParseFromString(row.Text(0))) rungs.push_back(std::move(*event.mutable_rung()));
  }));
  return rungs;
}

}  // namespace gridwarden::casework
