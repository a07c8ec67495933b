#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"

namespace gridwarden {

// Does one thing again and again on a thread of its own, the first time after one interval. What goes wrong
// is logged as `failed` and tried again in the next round. The last member of whoever owns it: it stops
// before what its rounds use is gone.
class Periodic {
 public:
  Periodic(std::string failed, std::chrono::milliseconds interval, std::function<absl::Status()> round)
      : failed_(std::move(failed)), interval_(interval), round_(std::move(round)) {}
  ~Periodic() { Stop(); }

  void Start();
  // Wakes the thread and joins it; a round that has begun comes to its end.
  void Stop();
  // A long round looks at this between two steps.
  bool stopping();

 private:
  const std::string failed_;
  const std::chrono::milliseconds interval_;
  const std::function<absl::Status()> round_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden
