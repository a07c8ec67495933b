#include "platform/runtime/periodic.h"

#include "platform/runtime/log.h"

namespace gridwarden {

void Periodic::Start() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!wake_.wait_for(lock, interval_, [this] { return stopping_; })) {
      lock.unlock();
      const absl::Status status = round_();
      if (!status.ok()) Log(LogLevel::kWarning, failed_, {{"error", status.ToString()}});
      lock.lock();
    }
  });
}

void Periodic::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Periodic::stopping() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

}  // namespace gridwarden
