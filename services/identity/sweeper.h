#pragma once

#include <chrono>

#include "base/clock.h"
#include "platform/db/database.h"
#include "platform/runtime/periodic.h"
#include "platform/runtime/worker.h"

namespace gridwarden::identity {

// Every ten minutes removes what nobody needs any more: old sessions and forgotten attempts to sign in.
class Sweeper final : public Worker {
 public:
  Sweeper(db::Database& database, const Clock& clock,
          std::chrono::milliseconds interval = std::chrono::minutes(10))
      : database_(database),
        clock_(clock),
        rounds_("identity_sweep_failed", interval, [this] { return Sweep(); }) {}

  void Start() override { rounds_.Start(); }
  void Stop() override { rounds_.Stop(); }

  // One round, in transactions of at most 1,000 rows each.
  absl::Status Sweep();

 private:
  db::Database& database_;
  const Clock& clock_;
  Periodic rounds_;
};

}  // namespace gridwarden::identity
