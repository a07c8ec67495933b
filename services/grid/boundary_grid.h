#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "domain/geo/datum.h"

class MutableS2ShapeIndex;

// Most ground is far from every border. There the polygons around a point are looked up in a raster rather
// than searched for, a hundred times faster; near a border the raster says so and the exact search decides.
namespace gridwarden::grid {

class BoundaryGrid {
 public:
  // Built from all shapes of a built index: cells of about 125 m, larger where the polygons span so much that
  // there would be more than eight million of them.
  BoundaryGrid(const MutableS2ShapeIndex& index, double reach_m);

  // The shapes that hold the point, ascending; null when a border may be within `reach_m` of it.
  const std::vector<int>* Find(const domain::Point& wgs84) const {
    const double x = (wgs84.longitude - west_) * columns_a_degree_;
    const double y = (wgs84.latitude - south_) * rows_a_degree_;
    if (!(x >= 0 && y >= 0 && x < columns_ && y < rows_)) return &sets_[kNobodys];
    const uint32_t set = cells_[static_cast<size_t>(y) * columns_ + static_cast<size_t>(x)];
    return set == kNearBorder ? nullptr : &sets_[set];
  }

  size_t bytes() const;

 private:
  static constexpr uint32_t kNearBorder = 0, kNobodys = 1;

  void Lay(const MutableS2ShapeIndex& index, double reach_m);
  void MarkBorders(const MutableS2ShapeIndex& index, double reach_m);
  void Fill(const MutableS2ShapeIndex& index);

  double west_ = 0, south_ = 0, columns_a_degree_ = 0, rows_a_degree_ = 0;
  uint32_t columns_ = 0, rows_ = 0;
  std::vector<uint32_t> cells_;         // row by row from the south-west: which set, or kNearBorder
  std::vector<std::vector<int>> sets_;  // kNearBorder stands empty, kNobodys is outside every polygon
};

}  // namespace gridwarden::grid
