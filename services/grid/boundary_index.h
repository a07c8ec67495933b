#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/id.h"
#include "domain/geo/datum.h"
#include "domain/ground/ground.h"

// Which polygon a point lies in, and how sure that is. Pure: built once from polygons, then only read, by any
// number of threads.
namespace gridwarden::grid {

// A division's polygon as rings of WGS-84 points: the outer ring first, then its holes; a closing point is
// not repeated.
struct Polygon {
  std::vector<std::vector<domain::Point>> rings;
};
using MultiPolygon = std::vector<Polygon>;

struct IndexedBoundary {
  Uuid division;
  domain::Level level = domain::Level::kUnspecified;
  MultiPolygon shape;
};

struct Candidate {
  Uuid division;
  domain::Level level = domain::Level::kUnspecified;
  double confidence = 0;     // 0 to 1: the share of the position's possible places that lies inside
  bool near_border = false;  // found because the border is near, or inside but not surely so
};

class BoundaryIndex {
 public:
  explicit BoundaryIndex(std::vector<IndexedBoundary> boundaries);
  ~BoundaryIndex();

  // Best first: the deepest level that has polygons there; a level above is added where the deeper one is
  // less likely than not. `accuracy_m` is the radius that holds the true point with 68 %; 0 = not stated.
  // Empty when every polygon is out of reach.
  std::vector<Candidate> Locate(const domain::Point& wgs84, double accuracy_m) const;

  size_t size() const { return boundaries_.size(); }

 private:
  struct Shapes;
  std::vector<IndexedBoundary> boundaries_;
  std::unique_ptr<Shapes> shapes_;
};

}  // namespace gridwarden::grid
