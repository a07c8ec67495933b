#pragma once

#include "access/area.h"
#include "gridwarden/source/v1/zone_service.pb.h"

// Zones: table of contents. What the rpcs promise stands in zone_service.proto.
namespace gridwarden::source {

absl::StatusOr<v1::Zone> CreateZone(const AreaContext&, const rpc::Call&, const v1::CreateZoneRequest&);
absl::StatusOr<v1::Zone> EndZone(const AreaContext&, const rpc::Call&, const v1::EndZoneRequest&);
absl::StatusOr<v1::ListZonesResponse> ListZones(const AreaContext&, const rpc::Call&,
                                                const v1::ListZonesRequest&);
absl::StatusOr<v1::Zone> GetZone(const AreaContext&, const rpc::Call&, const v1::GetZoneRequest&);
absl::StatusOr<v1::FindZonesResponse> FindZones(const AreaContext&, const rpc::Call&,
                                                const v1::FindZonesRequest&);

}  // namespace gridwarden::source
