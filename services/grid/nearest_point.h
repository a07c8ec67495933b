#pragma once

#include <vector>

#include "absl/time/time.h"
#include "domain/ground/ground.h"
#include "grid/boundary_index.h"
#include "grid/point_index.h"

// Villages and groups have no polygons that anybody may use. Where one of their known points is near, it says
// which of them probably holds a position, and how probably.
//
// Of the divisions below the polygon each draws in inverse proportion to the fourth power of the distance to
// its nearest point (Huff's model of 1964; the exponent is the one that best predicts which of Henan's 158
// counties holds a place from the distances to the county seats: there it errs by at most eight in a hundred
// in every tenth of the scale). The shares are then cut by what is not known: the part of the divisions
// around that has no known point, the polygon's own uncertainty, and 0.95 as the most that a point can say.
// What it cannot know: a river or a road between, a village that is much larger than its neighbour.
namespace gridwarden::grid {

struct NearestShare {
  Uuid division;
  domain::Level level = domain::Level::kUnspecified;
  double confidence = 0;
  double distance_m = 0;  // to its nearest known point
};

// `holders` are the candidates of one level that polygons gave; what is answered lies below them as of `at`.
// The deepest level first, best first within it; empty where no known point is near enough: 2 km for groups,
// 5 for villages, 15 for townships.
std::vector<NearestShare> SharesByNearestPoint(const PointIndex& points, const domain::Ground& ground,
                                               const std::vector<Candidate>& holders,
                                               const domain::Point& wgs84, double accuracy_m, absl::Time at);

}  // namespace gridwarden::grid
