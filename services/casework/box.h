#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "domain/geo/datum.h"

// The range of degrees around a point that an index is asked for; the distance itself is judged later.
namespace gridwarden::casework {

struct Box {
  double south = 0, north = 0, west = 0, east = 0;
  domain::Point centre;
  double shrink = 1;  // how much shorter a degree of longitude is than one of latitude
};

// A little larger than the radius everywhere.
inline Box BoxAround(const domain::Point& centre, double radius_m) {
  constexpr double kMetresPerDegree = 111'000;  // less than on the sphere
  constexpr double kShrinkMin = 0.01;           // nearer to a pole the box is as wide as it gets
  const double shrink = std::max(kShrinkMin, std::cos(centre.latitude * std::numbers::pi / 180));
  const double high = radius_m / kMetresPerDegree;
  const double wide = 1.01 * high / shrink;
  return {centre.latitude - high,
          centre.latitude + high,
          centre.longitude - wide,
          centre.longitude + wide,
          centre,
          shrink};
}

}  // namespace gridwarden::casework
