#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/casework/v1/rung_event.pb.h"
#include "platform/db/database.h"

// The SQL of timers and of the rungs they fire.
namespace gridwarden::casework {

// Numbers stand in the database.
enum class TimerSubject : int { kSignal = 1, kCase = 2, kOrder = 3 };

struct TimerKey {
  Uuid subject;
  std::string clock;
  int cycle = 0;
  auto operator<=>(const TimerKey&) const = default;
};

// One run of one clock.
struct Timer {
  TimerKey key;
  TimerSubject kind = TimerSubject::kCase;
  absl::Time start, due;
  std::optional<absl::Time> end;
  v1::TimerPlan plan;
  int fired = 0;
  std::optional<absl::Time> next;
};

// A change of what runs: a timer with `end` unset runs from now on (again) with this plan, one with `end` has
// stopped. What was fired stays fired; what was due before the end stays owed. One statement.
absl::Status SaveTimers(db::Transaction& tx, std::span<const Timer> timers);

// Claims timers that are to be looked at by `now`, the longest waiting first, for the rest of `tx`; those
// another scheduler holds are left to it.
absl::StatusOr<std::vector<Timer>> ClaimTimers(db::Transaction& tx, absl::Time now, int limit);
// Locks one timer if it is still to be looked at by `now`.
absl::StatusOr<std::optional<Timer>> LockTimer(db::Transaction& tx, const TimerKey& key, absl::Time now);
// What was fired and when to look again; the rows must be locked. One statement.
absl::Status SaveFired(db::Transaction& tx, std::span<const Timer> timers);
// The oldest time a timer waits for; nothing when none does.
absl::StatusOr<std::optional<absl::Time>> OldestNext(db::Transaction& tx);

// A rung that fired.
struct RungRow {
  TimerKey key;
  int percent = 0;
  Uuid id;
  v1::Rung::Level level = v1::Rung::LEVEL_UNSPECIFIED;
  absl::Time due, fire;
  std::string ground_path;
  Uuid entry_id;
  v1::RungEvent event;
};

// The id of a rung: the same whoever computes it.
Uuid RungId(const TimerKey& key, int percent);

// ALREADY_EXISTS when one of them was fired before.
absl::Status InsertRungs(db::Transaction& tx, std::span<const RungRow> rungs);
absl::StatusOr<bool> HasFired(db::Transaction& tx, const TimerKey& key, int percent);
// The rungs of some subjects, in the order they fired; at most kRungsMax.
inline constexpr int kRungsMax = 500;
absl::StatusOr<std::vector<v1::Rung>> ReadRungs(db::Transaction& tx, const std::vector<Uuid>& subjects);

}  // namespace gridwarden::casework
