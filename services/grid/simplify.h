#pragma once

#include <compare>
#include <cstdint>
#include <vector>

// Outlines for small screens. Pure.
namespace gridwarden::grid {

// A point of a map, in 1e-5 degrees: about a metre.
struct MapPoint {
  int32_t longitude_e5 = 0;
  int32_t latitude_e5 = 0;
  auto operator<=>(const MapPoint&) const = default;
};
using MapRing = std::vector<MapPoint>;  // a closing point is not repeated

// Leaves out points of rings as long as no border moves by more than `tolerance_m`. A border that rings have
// in common stays common: rings are cut where borders meet, and each piece is simplified by itself, from the
// same end, whichever ring it stands in. Answers the rings in their order; one without area is empty.
std::vector<MapRing> SimplifyTogether(std::vector<MapRing> rings, double tolerance_m);

}  // namespace gridwarden::grid
