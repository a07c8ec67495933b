#include "server/readiness.h"

#include <chrono>

namespace gridwarden::server {
namespace {

// Not ready is asked again soon: a restart is over as soon as it can be.
constexpr std::chrono::milliseconds kWhileReady{1000};
constexpr std::chrono::milliseconds kWhileNot{100};

}  // namespace

Readiness::~Readiness() { StopWatch("stopped"); }

std::vector<std::string> Readiness::Reasons() const {
  std::lock_guard lock(mutex_);
  return reasons_;
}

void Readiness::Set(std::vector<std::string> reasons) {
  std::lock_guard lock(mutex_);
  reasons_ = std::move(reasons);
}

void Readiness::Watch(std::function<std::vector<std::string>()> check,
                      std::function<void(bool ready)> changed) {
  thread_ = std::thread([this, check = std::move(check), changed = std::move(changed)] {
    bool was_ready = false;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      std::vector<std::string> reasons = check();
      lock.lock();
      if (stopping_) return;
      reasons_ = std::move(reasons);
      const bool ready = reasons_.empty();
      if (ready != was_ready) {
        was_ready = ready;
        lock.unlock();
        changed(ready);
        lock.lock();
      }
      wake_.wait_for(lock, was_ready ? kWhileReady : kWhileNot, [this] { return stopping_; });
    }
  });
}

void Readiness::StopWatch(const std::string& reason) {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    reasons_ = {reason};
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace gridwarden::server
