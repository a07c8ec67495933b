#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "gridwarden/sync/v1/device_service.pb.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "platform/rpc/call.h"
#include "sync/key_ring.h"

// The table of contents of sync: every rpc, each in the file named by its verb. What they promise stands in
// device_service.proto and sync_service.proto.
namespace gridwarden::sync {

// What the bodies need of their process.
struct Sync {
  db::Database& database;
  access::Directory& directory;
  const Clock& clock;
  std::shared_ptr<const domain::Policy> policy;
  std::function<rpc::Channel&(std::string_view area)> channel;
  bool demo = false;
  std::shared_ptr<KeyRing> keys;
};

// Phones.
absl::StatusOr<v1::Device> RegisterDevice(const Sync&, const rpc::Call&, const v1::RegisterDeviceRequest&);
absl::StatusOr<v1::Device> GetDevice(const Sync&, const rpc::Call&, const v1::GetDeviceRequest&);
absl::StatusOr<v1::ListDevicesResponse> ListDevices(const Sync&, const rpc::Call&,
                                                    const v1::ListDevicesRequest&);
absl::StatusOr<v1::Device> RevokeDevice(const Sync&, const rpc::Call&, const v1::RevokeDeviceRequest&);
absl::StatusOr<v1::SyncKey> GetSyncKey(const Sync&, const rpc::Call&, const v1::GetSyncKeyRequest&);

// What phones did.
absl::StatusOr<v1::PushResponse> Push(const Sync&, const rpc::Call&, const v1::PushRequest&);
absl::StatusOr<v1::ListOperationsResponse> ListOperations(const Sync&, const rpc::Call&,
                                                          const v1::ListOperationsRequest&);
absl::StatusOr<v1::Operation> GetOperation(const Sync&, const rpc::Call&, const v1::GetOperationRequest&);
absl::StatusOr<v1::Observation> RecordObservation(const Sync&, const rpc::Call&,
                                                  const v1::RecordObservationRequest&);
absl::StatusOr<v1::ListObservationsResponse> ListObservations(const Sync&, const rpc::Call&,
                                                              const v1::ListObservationsRequest&);

}  // namespace gridwarden::sync
