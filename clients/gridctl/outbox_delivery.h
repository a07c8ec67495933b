#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gridctl/outbox_file.h"
#include "gridctl/session.h"
#include "gridwarden/sync/v1/sync_service.pb.h"

// Brings what a phone handed out to the server, as the phone would have: the signed operations in their
// order, then the photos in pieces. The server judges, proves and binds them to the device and its account as
// ever; everything may be sent again.
namespace gridwarden::gridctl {

// The keys the server holds of the devices of the file, and which of them it does not know.
struct DeviceKeys {
  std::map<std::string, std::string> keys;  // devices/{uuid} -> 65 bytes
  bool registered = true;                   // all are the server's; else the file's own stands in
  absl::Status why;                         // why not
  std::vector<std::string> unknown;         // not registered (yet)
};
// Says in the problems of the file when its key is not the registered one.
DeviceKeys AskDeviceKeys(Session& session, Outbox& outbox);

// Makes the server know a phone that never reached it, by the proof in the file.
absl::Status RegisterFromOutbox(Session& session, const Outbox& outbox);

struct DeliveredPhoto {
  const OutboxPhoto* photo = nullptr;
  absl::Status status;  // OK: verified by the server
};
struct Delivered {
  std::map<std::string, sync::v1::PushResult> results;  // by op_id
  std::map<std::string, absl::Status> refused_devices;
  std::vector<DeliveredPhoto> photos;
  // By device: what the server says it misses, hex.
  std::map<std::string, std::vector<std::string>> missing_photos;
};

// Whether the photo would be sent: whole, of no draft, and named by something the server has taken, or
// asked for.
bool IsToBeSent(const Outbox& outbox, const Delivered& delivered, const OutboxPhoto& photo);

// `told` hears how many operations and photos are settled. Fails when the line or the sign-in does, with what
// was settled until then in `delivered`.
absl::Status Deliver(Session& session, const std::string& path, const Outbox& outbox,
                     const std::function<void(int operations, int photos)>& told, Delivered& delivered);

}  // namespace gridwarden::gridctl
