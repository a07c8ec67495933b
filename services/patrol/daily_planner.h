#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "access/area.h"
#include "platform/runtime/worker.h"

// Keeps the divisions that asked for it planned some days ahead.
namespace gridwarden::patrol {

class DailyPlanner final : public Worker {
 public:
  explicit DailyPlanner(const AreaContext& context,
                        std::chrono::milliseconds interval = std::chrono::minutes(1))
      : context_(context), interval_(interval) {}
  ~DailyPlanner() override { Stop(); }

  void Start() override;
  void Stop() override;

  // One round: every division that is not planned up to the day wanted, one transaction each, claimed first
  // so that of several processes one plans it. A division that cannot be planned is left for the next round,
  // and the others are planned; answers the first thing that went wrong.
  absl::Status Plan();

 private:
  bool stopping();

  const AreaContext context_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::patrol
