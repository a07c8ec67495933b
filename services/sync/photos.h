#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "platform/rpc/call.h"
#include "sync/sync.h"

namespace gridwarden::sync {

// Which photos of a device's acknowledged operations the server does not hold whole, and receipts of those it
// came to hold since the phone's newest token. What media verified once is never asked again. Answers up to
// when receipts were given: now, or earlier when there are more of them, which come with the next push.
absl::StatusOr<absl::Time> ReconcilePhotos(const Sync& sync, const rpc::Call& call, const Uuid& device,
                                           const std::string& time_token, v1::PushResponse& response);

}  // namespace gridwarden::sync
