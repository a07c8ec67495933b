#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "sync/sync.h"

// What the server signs for phones. A time token proves that whatever carries it was made after it; a receipt
// proves what the server held, and since when.
namespace gridwarden::sync {

// For operations that this device makes from now on.
absl::StatusOr<std::string> MakeTimeToken(const Sync& sync, absl::Time now, const Uuid& device);
// When it was made; nothing unless we made it, for this device.
absl::StatusOr<std::optional<absl::Time>> OpenTimeToken(const Sync& sync, std::string_view token,
                                                        const Uuid& device);

// That the operation with these bytes (SHA-256) was here at `received`.
absl::StatusOr<std::string> OperationReceipt(const Sync& sync, const Uuid& op_id, const std::string& hash,
                                             absl::Time received);
// That the photo with this digest was whole here at `verified`.
absl::StatusOr<std::string> SignPhotoReceipt(const Sync& sync, const std::string& digest,
                                             absl::Time verified);

}  // namespace gridwarden::sync
