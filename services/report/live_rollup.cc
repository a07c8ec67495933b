#include "report/live_rollup.h"

#include <algorithm>
#include <chrono>

#include "report/rollup_repository.h"

namespace gridwarden::report {
namespace {

// More changes than this are slower to apply than to load all counters again.
constexpr int64_t kFollowRowsMax = 200'000;

}  // namespace

int64_t LiveRollup::generation() const {
  std::shared_lock lock(mutex_);
  return generation_;
}

uint64_t LiveRollup::index() const {
  std::shared_lock lock(mutex_);
  return index_;
}

absl::Status LiveRollup::Follow(absl::Time deadline) {
  std::lock_guard follow(follow_mutex_);
  const int64_t known_generation = generation();
  const uint64_t known_index = index();
  std::optional<Generation> active;
  std::vector<std::pair<domain::Fact, int64_t>> changes;
  std::optional<domain::Rollup> whole;
  GW_RETURN_IF_ERROR(database_.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
    changes.clear();
    whole.reset();
    GW_ASSIGN_OR_RETURN(active, ReadGeneration(tx, GenerationState::kActive));
    if (!active) return Unavailable("DATABASE_UNAVAILABLE", "no board has been folded yet", absl::Seconds(1));
    if (active->generation == known_generation) {
      if (active->next_index == known_index) return absl::OkStatus();
      const absl::Status read =
          ReadDifference(tx, active->generation, known_index, GroundRange::Everything(), kFollowRowsMax,
                         [&](const domain::Fact& fact, int64_t n) { changes.emplace_back(fact, n); });
      if (read.code() != absl::StatusCode::kOutOfRange) return read;
    }
    GW_ASSIGN_OR_RETURN(whole, LoadRollup(tx, active->generation));
    return absl::OkStatus();
  }));
  {
    std::unique_lock lock(mutex_);
    if (whole) {
      rollup_ = *std::move(whole);
    } else {
      for (const auto& [fact, n] : changes) rollup_.Add(fact, n);
    }
    generation_ = active->generation;
    index_ = active->next_index;
  }
  std::lock_guard lock(wait_mutex_);
  moved_.notify_all();
  return absl::OkStatus();
}

absl::Status LiveRollup::EnsureLoaded(absl::Time now, absl::Time deadline) {
  if (loaded()) return absl::OkStatus();
  GW_RETURN_IF_ERROR(
      database_.Run({.deadline = deadline}, [&](db::Transaction& tx) { return EnsureGeneration(tx, now); }));
  return Follow(deadline);
}

void LiveRollup::Look(const std::function<void(const domain::Rollup&, int64_t, uint64_t)>& look) const {
  std::shared_lock lock(mutex_);
  look(rollup_, generation_, index_);
}

bool LiveRollup::WaitFor(uint64_t wanted, absl::Time real_deadline) const {
  std::unique_lock lock(wait_mutex_);
  return moved_.wait_until(lock, absl::ToChronoTime(real_deadline), [&] { return index() >= wanted; });
}

void LiveRollup::Remember(const std::vector<std::pair<Uuid, uint64_t>>& ids) {
  std::lock_guard lock(wait_mutex_);
  for (const auto& [id, index] : ids) {
    const auto [known, is_new] = remembered_.try_emplace(id, index);
    if (is_new) order_.push_back(id);
    known->second = std::max(known->second, index);
  }
  while (order_.size() > kRemembered) {
    remembered_.erase(order_.front());
    order_.pop_front();
  }
}

std::optional<uint64_t> LiveRollup::IndexOf(const Uuid& entry_or_request) const {
  std::lock_guard lock(wait_mutex_);
  const auto found = remembered_.find(entry_or_request);
  if (found == remembered_.end()) return std::nullopt;
  return found->second;
}

}  // namespace gridwarden::report
