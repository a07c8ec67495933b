#pragma once

#include <string>

#include "absl/status/status.h"
#include "gridwarden/sync/v1/sync_event.pb.h"
#include "platform/db/database.h"
#include "platform/rpc/call.h"
#include "sync/device_repository.h"

// What the journal holds of phones.
namespace gridwarden::sync {

// Appends an entry to a locked device's chain and saves the row; a device at subject.seq 0 is inserted.
absl::Status RecordDevice(db::Transaction& tx, const rpc::Call& call, const v1::DeviceEvent& event,
                          const std::string& request_id, DeviceRow& device);

// Something is wrong with its log: an entry, once for each kind and digest (32 bytes), and no more than
// kIncidentsMax of a device, so that nobody fills the log with them.
inline constexpr int kIncidentsMax = 100;
absl::Status RecordIncident(db::Transaction& tx, const rpc::Call& call, const v1::DeviceEvent& event,
                            const std::string& digest, DeviceRow& device);

}  // namespace gridwarden::sync
