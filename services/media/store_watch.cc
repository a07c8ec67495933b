#include "media/store_watch.h"

#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "platform/runtime/log.h"

namespace gridwarden::media {
namespace {

constexpr absl::Duration kCheckMax = absl::Seconds(5);

}  // namespace

StoreWatch::StoreWatch(std::shared_ptr<ObjectStore> store, std::chrono::milliseconds while_well,
                       std::chrono::milliseconds while_not)
    : store_(std::move(store)),
      while_well_(while_well),
      while_not_(while_not),
      last_(StoreUnavailable(store_->Name() + " has not been asked yet")) {}

void StoreWatch::Start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { Loop(); });
}

void StoreWatch::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::Status StoreWatch::last() const {
  std::lock_guard lock(mutex_);
  return last_;
}

void StoreWatch::Loop() {
  std::unique_lock lock(mutex_);
  bool first = true;
  while (!stopping_) {
    lock.unlock();
    const absl::Status now = store_->Check(absl::Now() + kCheckMax);
    lock.lock();
    if (first || now.ok() != last_.ok()) {
      Log(now.ok() ? LogLevel::kInfo : LogLevel::kWarning, now.ok() ? "photo_store_well" : "photo_store_away",
          {{"store", store_->Name()}, {"detail", std::string(now.message())}});
    }
    first = false;
    last_ = now;
    wake_.wait_for(lock, now.ok() ? while_well_ : while_not_, [this] { return stopping_; });
  }
}

}  // namespace gridwarden::media
