#pragma once

#include <span>

#include "absl/status/status.h"
#include "access/area.h"
#include "intake/hotspot_repository.h"
#include "platform/rpc/call.h"

// Where hotspots lie, by the polygons and known points of the grid area.
namespace gridwarden::intake {

// Writes into each record where it lies, by the ground as it was at the overpass: LOCATED with division, path
// and confidence, or OUTSIDE. Reads outlines that were stored before the call.
absl::Status LocateHotspots(const AreaContext& context, const rpc::Call& call,
                            std::span<HotspotRecord> records);

}  // namespace gridwarden::intake
