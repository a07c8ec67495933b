#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "access/permission.h"
#include "intake/hotspot_repository.h"
#include "platform/journal/stage.h"
#include "platform/rpc/call.h"

// What the journal keeps of a hotspot.
namespace gridwarden::intake {

// Seals one entry for a hotspot filed, replaced or located, and writes the end of its chain into the record.
absl::StatusOr<journal::Sealed> SealHotspot(const rpc::Call& call, const access::Acting& acting,
                                            const std::string& request_id, HotspotRecord& record);

}  // namespace gridwarden::intake
