#pragma once

#include "absl/status/statusor.h"
#include "platform/rpc/call.h"
#include "sync/sync.h"

// What phones read, beside what sync.h names.
namespace gridwarden::sync {

inline constexpr int kPullPageDefault = 200;
inline constexpr int kPullPageMax = 500;
// What a phone holds at most (clients.md 7.5).
inline constexpr int kRecordsMax = 5000;
// Closed ones stay this long.
inline constexpr absl::Duration kClosedStay = absl::Hours(24 * 30);
// An older cursor begins anew.
inline constexpr absl::Duration kCursorLife = absl::Hours(24 * 90);

absl::StatusOr<v1::PullResponse> Pull(const Sync&, const rpc::Call&, const v1::PullRequest&);
absl::StatusOr<v1::DeviceCounts> CountDevices(const Sync&, const rpc::Call&, const v1::CountDevicesRequest&);

}  // namespace gridwarden::sync
