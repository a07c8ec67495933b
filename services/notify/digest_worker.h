#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "access/area.h"
#include "platform/runtime/worker.h"

// The daily summary: once a person and local day, through crashes and with several workers. What it counts,
// that it counts it and the day it is of are one commit.
namespace gridwarden::notify {

class DigestWorker final : public Worker {
 public:
  DigestWorker(const AreaContext& context, std::function<absl::Time()> now);
  ~DigestWorker() override;

  void Start() override;
  void Stop() override;

  // Makes what is due for up to a hundred people; answers for how many there was something to do.
  absl::StatusOr<int> RunOnce(absl::Time deadline);

 private:
  void Loop();
  absl::Status Summarise(const Uuid& person, absl::Time now, absl::Time deadline);

  const AreaContext& context_;
  const std::function<absl::Time()> now_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::notify
