#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "domain/geo/datum.h"
#include "gridwarden/source/v1/zone_service.pb.h"

// The polygons of zones. S2 does the geometry, on the sphere.
namespace gridwarden::source {

inline constexpr int kZoneCornersMax = 20'000;

// The corners as they are stored: WGS-84, without the last one where it repeats the first. INVALID_FIELD
// "zone.rings[i]..." for a ring with fewer than three corners, one that crosses itself or another, and too
// many corners in all; DATUM_MISSING for a corner without a datum.
absl::Status NormaliseRings(v1::Zone& zone);

// Whether the polygon of the zone contains the point; a ring inside another is a hole in it. False without
// rings.
bool Contains(const v1::Zone& zone, const domain::Point& point);

struct Box {
  double west = 0, south = 0, east = 0, north = 0;
};
Box BoxOf(const v1::Zone& zone);

}  // namespace gridwarden::source
