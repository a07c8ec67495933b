#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "platform/db/database.h"
#include "platform/runtime/worker.h"

namespace gridwarden::identity {

// Every ten minutes removes what nobody needs any more: old sessions and forgotten attempts to sign in.
class Sweeper final : public Worker {
 public:
  Sweeper(db::Database& database, const Clock& clock,
          std::chrono::milliseconds interval = std::chrono::minutes(10))
      : database_(database), clock_(clock), interval_(interval) {}
  ~Sweeper() override { Stop(); }

  void Start() override;
  void Stop() override;

  // One round, in transactions of at most 1,000 rows each.
  absl::Status Sweep();

 private:
  db::Database& database_;
  const Clock& clock_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::identity
