#include "identity/sweeper.h"

#include "base/status.h"
#include "identity/session_repository.h"
#include "platform/runtime/log.h"

namespace gridwarden::identity {
namespace {

constexpr int kRowsMax = 1000;
constexpr int kRoundsMax = 100;

}  // namespace

absl::Status Sweeper::Sweep() {
  for (int round = 0; round < kRoundsMax; ++round) {
    uint64_t gone = 0;
    GW_RETURN_IF_ERROR(database_.Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(gone, SweepIdentity(tx, clock_.Now(), kRowsMax));
      return absl::OkStatus();
    }));
    if (gone < kRowsMax) break;
  }
  return absl::OkStatus();
}

void Sweeper::Start() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!wake_.wait_for(lock, interval_, [this] { return stopping_; })) {
      lock.unlock();
      const absl::Status status = Sweep();
      if (!status.ok()) Log(LogLevel::kWarning, "identity_sweep_failed", {{"error", status.ToString()}});
      lock.lock();
    }
  });
}

void Sweeper::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace gridwarden::identity
