#include "identity/sweeper.h"

#include "base/status.h"
#include "identity/session_repository.h"

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

}  // namespace gridwarden::identity
