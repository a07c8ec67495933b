#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/id.h"
#include "platform/db/database.h"

// Which photo is whose evidence. The digest is the key, so a photo belongs to one chain of cases even under a
// race.
namespace gridwarden::casework {

// Who claims: a signal, or a chain of cases with the signals that were filed into it.
struct MediaOwner {
  Uuid signal;  // nil when a case claims
  Uuid chain;   // nil while the signal is not filed
};

// Claims each digest (32 bytes) for the owner. FAILED_PRECONDITION / PHOTO_OF_OTHER_CASE with metadata media
// when another signal or chain has it; a digest the owner already has is fine.
absl::Status ClaimMedia(db::Transaction& tx, const MediaOwner& owner, const std::vector<std::string>& digests,
                        const Uuid& person, absl::Time now);

// Every digest claimed by the signal, 32 bytes each.
absl::StatusOr<std::vector<std::string>> ReadMediaOfSignal(db::Transaction& tx, const Uuid& signal);
// Every digest claimed by the chain or by a signal that was filed into it, 32 bytes each.
absl::StatusOr<std::vector<std::string>> ReadMediaOfChain(db::Transaction& tx, const Uuid& chain);

}  // namespace gridwarden::casework
