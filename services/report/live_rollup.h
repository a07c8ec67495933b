#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "domain/rollup/rollup.h"
#include "platform/db/database.h"

// The counters in memory: what every read of the board looks at. They follow the saved generation, whichever
// process folded it, and are whole at every index they show.
namespace gridwarden::report {

class LiveRollup {
 public:
  explicit LiveRollup(db::Database& database) : database_(database) {}

  // Brings memory to what is saved: reads what changed, or everything after a restart or a swap of
  // generations.
  absl::Status Follow(absl::Time deadline);

  // The first time: makes the first generation where there is none, and follows it. `now` is when it was
  // started.
  absl::Status EnsureLoaded(absl::Time now, absl::Time deadline);
  bool loaded() const { return generation() != 0; }
  int64_t generation() const;
  uint64_t index() const;

  // Looks at the counters while they stand still.
  void Look(const std::function<void(const domain::Rollup&, int64_t generation, uint64_t index)>& look) const;

  // Waits until entries 0 .. index-1 are counted, at most until `real_deadline`. False when they are not.
  bool WaitFor(uint64_t index, absl::Time real_deadline) const;

  // Where the latest 65,536 entries and the requests that caused them stand in the log.
  void Remember(const std::vector<std::pair<Uuid, uint64_t>>& ids);
  std::optional<uint64_t> IndexOf(const Uuid& entry_or_request) const;

 private:
  static constexpr size_t kRemembered = 2 * 65536;

  db::Database& database_;
  std::mutex follow_mutex_;          // one Follow at a time
  mutable std::shared_mutex mutex_;  // guards rollup_, generation_, index_
  domain::Rollup rollup_;
  int64_t generation_ = 0;
  uint64_t index_ = 0;
  mutable std::mutex wait_mutex_;  // guards remembered_, order_; goes with moved_
  mutable std::condition_variable moved_;
  absl::flat_hash_map<Uuid, uint64_t> remembered_;
  std::deque<Uuid> order_;
};

}  // namespace gridwarden::report
