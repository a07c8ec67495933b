#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/status/statusor.h"
#include "platform/runtime/worker.h"
#include "sync/sync.h"

// What a phone numbered and never sent for 72 hours becomes an entry of its log: "misses the numbers from ...
// to ...". Each gap once, through crashes and with several workers.
namespace gridwarden::sync {

class GapWorker final : public Worker {
 public:
  explicit GapWorker(std::shared_ptr<const Sync> sync) : sync_(std::move(sync)) {}
  ~GapWorker() override;

  void Start() override;
  void Stop() override;

  // Enters up to a hundred gaps that are due at `now`; answers how many.
  absl::StatusOr<int> RunOnce(absl::Time now, absl::Time deadline);

 private:
  void Loop();

  const std::shared_ptr<const Sync> sync_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::sync
