#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "domain/ground/ground.h"
#include "domain/sync/chain.h"
#include "gridwarden/sync/v1/sync.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"
#include "platform/rpc/call.h"

// Phones, in the tables device and device_gap.
namespace gridwarden::sync {

struct DeviceRow {
  Uuid id;
  Uuid account;
  Uuid person;
  std::string public_key;  // 65 bytes
  std::string label;
  absl::Time created;
  absl::Time synced = absl::InfinitePast();  // never
  int64_t last_seq = 0;
  std::string last_hash;  // 32 bytes; "" before the first operation
  int pending_operations = 0;
  int pending_photos = 0;
  absl::Time revoked = absl::InfiniteFuture();  // not revoked
  absl::Time lost = absl::InfiniteFuture();     // not lost
  std::string revoke_reason;
  journal::Subject subject;

  bool InUse() const { return revoked == absl::InfiniteFuture(); }
};

// The device of that name if it is the caller's, in use or lost: DEVICE_UNKNOWN otherwise, DEVICE_REVOKED
// when it was revoked without a loss time.
absl::StatusOr<DeviceRow> ReadOwnDevice(db::Transaction& tx, const rpc::Call& call, std::string_view name);
absl::StatusOr<DeviceRow> LockOwnDevice(db::Transaction& tx, const rpc::Call& call, std::string_view name);

// NOT_FOUND when there is none.
absl::StatusOr<DeviceRow> ReadDevice(db::Transaction& tx, const Uuid& id);
absl::StatusOr<DeviceRow> LockDevice(db::Transaction& tx, const Uuid& id);
// In the order of their ids, after one.
absl::StatusOr<std::vector<DeviceRow>> ListDevicesOf(db::Transaction& tx, const Uuid& account,
                                                     const Uuid& after, int limit);
absl::StatusOr<std::vector<DeviceRow>> ListAllDevices(db::Transaction& tx, const Uuid& after, int limit);
absl::StatusOr<int> CountInUse(db::Transaction& tx, const Uuid& account);

absl::Status InsertDevice(db::Transaction& tx, const DeviceRow& device);
// Its label, end of use and chain of entries. The row is locked.
absl::Status SaveDevice(db::Transaction& tx, const DeviceRow& device);
// How far its operations have come. The row is locked.
absl::Status SaveLog(db::Transaction& tx, const DeviceRow& device);
// That it synced now.
absl::Status NoteSync(db::Transaction& tx, const Uuid& device, absl::Time now);
absl::Status NotePending(db::Transaction& tx, const Uuid& device, int operations, int photos);

// Its numbers that never came, in order; at most domain::kGapsMax.
absl::StatusOr<std::vector<domain::SeqGap>> ReadGaps(db::Transaction& tx, const Uuid& device);
// Makes the gaps of `before` those of `after`. A part of a gap keeps when the whole was noticed. The device
// is locked.
absl::Status SaveGaps(db::Transaction& tx, const Uuid& device, const std::vector<domain::SeqGap>& before,
                      const std::vector<domain::SeqGap>& after, absl::Time now);

v1::Device ShownDevice(const domain::Ground& ground, const DeviceRow& device, int64_t missing);

}  // namespace gridwarden::sync
