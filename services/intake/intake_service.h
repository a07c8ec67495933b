#pragma once

#include <memory>
#include <vector>

#include "access/area.h"
#include "gridwarden/intake/v1/intake_service.pb.h"
#include "intake/hotspot_repository.h"
#include "platform/rpc/registry.h"

// The intake area: adapters that turn the outside world into signals. A stored hotspot is a journal entry of
// kind "hotspot"; casework consumes the feed and makes the signal.
namespace gridwarden::intake {

absl::StatusOr<v1::ImportHotspotsResponse> ImportHotspots(const AreaContext& context, const rpc::Call& call,
                                                          const v1::ImportHotspotsRequest& request);
absl::StatusOr<v1::Hotspot> GetHotspot(const AreaContext& context, const rpc::Call& call,
                                       const v1::GetHotspotRequest& request);
absl::StatusOr<v1::ListHotspotsResponse> ListHotspots(const AreaContext& context, const rpc::Call& call,
                                                      const v1::ListHotspotsRequest& request);

absl::StatusOr<v1::RelocateHotspotsResponse> RelocateHotspots(const AreaContext& context,
                                                              const rpc::Call& call,
                                                              const v1::RelocateHotspotsRequest& request);

// The resource as the API shows it.
v1::Hotspot HotspotOf(const HotspotRecord& record);

// Registers the rpcs. `context` outlives them.
std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

}  // namespace gridwarden::intake
