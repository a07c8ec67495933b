#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "platform/db/database.h"
#include "platform/rpc/channel.h"

// Which time it is for the scheduler of timers.
namespace gridwarden::casework {

// The own clock, as long as it agrees with the database's. When they differ by more than two seconds one of
// both was stepped: then the middle one of three is right, the third being the last agreed time and what has
// passed since by a clock that nobody can set (before they ever agreed, the database's). So one clock that is
// set wrong makes no rung early and none late.
class AgreedTime {
 public:
  using Steady = std::function<std::chrono::nanoseconds()>;
  explicit AgreedTime(const Clock& clock, Steady steady = SteadyNow)
      : clock_(clock), steady_(std::move(steady)) {}

  absl::Time Agree(absl::Time database_time);
  // How far own and database clock were apart the last time.
  absl::Duration apart() const { return apart_; }

  static std::chrono::nanoseconds SteadyNow();

 private:
  const Clock& clock_;
  const Steady steady_;
  bool anchored_ = false;
  absl::Time anchor_;
  std::chrono::nanoseconds anchor_steady_{};
  absl::Duration apart_;
};

// The time in a demo log, where a simulator plays days in seconds: the newest time that an entry of the feed
// was received at, and the wall time since. While entries come in, later ones may still tell of earlier
// hours: then it is a day before the newest.
class DemoTime {
 public:
  DemoTime(rpc::Channel& journal, const Clock& clock) : journal_(journal), clock_(clock) {}

  // Reads what the feed has since. The demo's now, or nothing before its first entry.
  absl::StatusOr<std::optional<absl::Time>> Read();

 private:
  absl::Status ReadFrom(uint64_t start);

  rpc::Channel& journal_;
  const Clock& clock_;
  std::optional<uint64_t> next_;
  std::optional<absl::Time> newest_;  // by the demo's clock ...
  absl::Time newest_seen_;            // ... when it was seen, by ours
  absl::Time last_seen_;              // when the last entry of anybody else was
};

absl::StatusOr<absl::Time> DatabaseTime(db::Database& database);

}  // namespace gridwarden::casework
