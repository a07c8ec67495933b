#pragma once

#include <string>
#include <vector>

#include "grid/boundary_index.h"

// Outlines as people draw them: what can be put right without changing whose ground it is, is; the rest is
// told by part, ring and point.
namespace gridwarden::grid {

// What was done to one polygon, in words for its importer; empty when nothing was.
struct OutlineReport {
  std::vector<std::string> repairs;
  // Not empty: it cannot be taken, and why. `place` is "part 1 ring 2 point 17".
  std::string place, got, want;
  bool refused() const { return !want.empty(); }
};

// Expects rings as the file has them, each without its closing point. Turned the right way round: points
// given twice, ways out and back, small loops where a ring crosses itself, parts and holes that lie in
// others. Refused: fewer than three points, no area, a larger crossing, rings that cross each other, a hole
// outside its outer ring.
OutlineReport Repair(MultiPolygon& polygon);

// "part 1 ring 2 point 17", each counted from 1; without the point when it is 0.
std::string PlaceName(size_t part, size_t ring, size_t point);

}  // namespace gridwarden::grid
