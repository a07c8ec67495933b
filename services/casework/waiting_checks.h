#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/time/time.h"
#include "base/clock.h"
#include "casework/casework.h"
#include "platform/runtime/worker.h"

namespace gridwarden::casework {

// Tries again to find a checker for the cases that wait for one: when the ground changed (a post was filled,
// somebody moved), and every ten minutes for what else may have changed (a conflict withdrawn, a turn that
// has passed).
class WaitingChecks final : public Worker {
 public:
  // In a demo a case is tried as of its own last entry, so that the effect stands in demo time.
  WaitingChecks(std::shared_ptr<const Casework> casework, const Clock& clock, bool demo,
                std::chrono::milliseconds look = std::chrono::seconds(5),
                std::chrono::milliseconds interval = std::chrono::minutes(10));
  ~WaitingChecks() override { Stop(); }

  void Start() override;
  void Stop() override;

  // One round over all of them, a transaction each; answers how many are assigned now.
  absl::StatusOr<int> Round();

 private:
  absl::StatusOr<bool> Try(const Uuid& case_id);
  bool Stopping();

  const std::shared_ptr<const Casework> casework_;
  const Clock& clock_;
  const bool demo_;
  const std::chrono::milliseconds look_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::casework
