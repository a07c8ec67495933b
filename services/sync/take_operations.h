#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "platform/rpc/call.h"
#include "sync/operation_body.h"
#include "sync/operation_repository.h"
#include "sync/sync.h"

// The first of three steps: what a phone sent is kept, with when it came and how its time was judged then, in
// one commit, before anything is done with it. So a second try judges nothing anew.
namespace gridwarden::sync {

// One operation of a push on its way.
struct Taken {
  std::string op_id;                // as far as it could be read
  absl::Status refused;             // not OK: it cannot be kept, and why
  std::optional<SignedBody> read;   // what was signed
  std::optional<OperationRow> row;  // what is kept of it; its verdict may be settled already
  bool known = false;               // the same bytes came before
  bool quarantined = false;         // made on a lost device after the loss: kept, and nothing is done with it
};

// In the order sent. DEVICE_UNKNOWN and DEVICE_REVOKED for the whole push.
absl::StatusOr<std::vector<Taken>> TakeOperations(const Sync& sync, const rpc::Call& call,
                                                  const v1::PushRequest& request);

}  // namespace gridwarden::sync
