#pragma once

#include "base/clock.h"
#include "platform/db/database.h"
#include "platform/runtime/periodic.h"
#include "platform/runtime/worker.h"

namespace gridwarden::sync {

// Every minute shows at /metrics what is still only on phones, as they said when they last pushed. Several at
// once show the same.
class PhoneWatch final : public Worker {
 public:
  PhoneWatch(db::Database& database, const Clock& clock,
             std::chrono::milliseconds interval = std::chrono::minutes(1))
      : database_(database),
        clock_(clock),
        rounds_("phone_watch_failed", interval, [this] { return Look(); }) {}

  void Start() override { rounds_.Start(); }
  void Stop() override { rounds_.Stop(); }

  absl::Status Look();

 private:
  db::Database& database_;
  const Clock& clock_;
  Periodic rounds_;
};

}  // namespace gridwarden::sync
