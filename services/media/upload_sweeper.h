#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "base/clock.h"
#include "media/object_store.h"
#include "platform/db/database.h"
#include "platform/runtime/worker.h"

namespace gridwarden::media {

// Every minute removes what is left of uploads that ended or expired: first the bytes, then the row that
// knows of them. Several at once do no harm.
class UploadSweeper final : public Worker {
 public:
  UploadSweeper(db::Database& database, const Clock& clock, std::shared_ptr<ObjectStore> store,
                std::chrono::milliseconds interval = std::chrono::minutes(1))
      : database_(database), clock_(clock), store_(std::move(store)), interval_(interval) {}
  ~UploadSweeper() override { Stop(); }

  void Start() override;
  void Stop() override;

  // One round over at most 1,000 uploads.
  absl::Status Sweep();

 private:
  absl::Status SweepOne(const Uuid& upload);

  db::Database& database_;
  const Clock& clock_;
  const std::shared_ptr<ObjectStore> store_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::media
