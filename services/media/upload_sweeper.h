#pragma once

#include <chrono>
#include <memory>

#include "absl/status/status.h"
#include "base/clock.h"
#include "media/object_store.h"
#include "platform/db/database.h"
#include "platform/runtime/periodic.h"
#include "platform/runtime/worker.h"

namespace gridwarden::media {

// Every minute removes what is left of uploads that ended or expired: first the bytes, then the row that
// knows of them. Several at once do no harm.
class UploadSweeper final : public Worker {
 public:
  UploadSweeper(db::Database& database, const Clock& clock, std::shared_ptr<ObjectStore> store,
                std::chrono::milliseconds interval = std::chrono::minutes(1))
      : database_(database),
        clock_(clock),
        store_(std::move(store)),
        rounds_("upload_sweep_failed", interval, [this] { return Sweep(); }) {}

  void Start() override { rounds_.Start(); }
  void Stop() override { rounds_.Stop(); }

  // One round over at most 1,000 uploads.
  absl::Status Sweep();

 private:
  absl::Status SweepOne(const Uuid& upload);

  db::Database& database_;
  const Clock& clock_;
  const std::shared_ptr<ObjectStore> store_;
  Periodic rounds_;
};

}  // namespace gridwarden::media
