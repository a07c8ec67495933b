#include "grid/boundary_grid.h"

#include <s2/mutable_s2shape_index.h>
#include <s2/s2contains_point_query.h>
#include <s2/s2latlng.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

namespace gridwarden::grid {
namespace {

constexpr double kEarthRadiusM = 6371008.8;
constexpr double kMetresADegree = kEarthRadiusM * std::numbers::pi / 180;
constexpr double kCellM = 125;
constexpr double kCellsMax = 8e6;  // 32 MB
constexpr double kSlackM = 1;      // for the sphere's degrees taken as metres

double Cosine(double latitude) {
  return std::max(0.01, std::cos(std::abs(latitude) * std::numbers::pi / 180));
}

// Calls `take` with the ends of every edge, in degrees.
template <typename Take>
void ForEachEdge(const MutableS2ShapeIndex& index, Take take) {
  for (int id = 0; id < index.num_shape_ids(); ++id) {
    const S2Shape& shape = *index.shape(id);
    for (int chain = 0; chain < shape.num_chains(); ++chain) {
      const int length = shape.chain(chain).length;
      S2LatLng from;
      for (int i = 0; i < length; ++i) {
        const S2Shape::Edge edge = shape.chain_edge(chain, i);
        if (i == 0) from = S2LatLng(edge.v0);
        const S2LatLng to(edge.v1);
        take(domain::Point{from.lng().degrees(), from.lat().degrees()},
             domain::Point{to.lng().degrees(), to.lat().degrees()});
        from = to;
      }
    }
  }
}

}  // namespace

BoundaryGrid::BoundaryGrid(const MutableS2ShapeIndex& index, double reach_m) : sets_(2) {
  Lay(index, reach_m);
  if (cells_.empty()) return;
  MarkBorders(index, reach_m);
  Fill(index);
}

void BoundaryGrid::Lay(const MutableS2ShapeIndex& index, double reach_m) {
  double east = -180, north = -90;
  west_ = 180;
  south_ = 90;
  ForEachEdge(index, [&](const domain::Point& a, const domain::Point& b) {
    for (const domain::Point& end : {a, b}) {
      west_ = std::min(west_, end.longitude);
      east = std::max(east, end.longitude);
      south_ = std::min(south_, end.latitude);
      north = std::max(north, end.latitude);
    }
  });
  if (west_ > east) return;  // no polygon at all
  const double widest = Cosine(std::max(std::abs(south_), std::abs(north)));
  // Long edges bulge; the reach of the longest possible one is room enough for all.
  const double margin = (reach_m + kCellM) / kMetresADegree + (east - west_) * (east - west_) * 0.01;
  west_ -= margin / widest;
  east += margin / widest;
  south_ -= margin;
  north += margin;
  const double tall = (north - south_) * kMetresADegree;
  const double wide = (east - west_) * kMetresADegree * Cosine((south_ + north) / 2);
  const double cell = std::max(kCellM, std::sqrt(tall * wide / kCellsMax));
  rows_ = static_cast<uint32_t>(std::ceil(tall / cell));
  columns_ = static_cast<uint32_t>(std::ceil(wide / cell));
  rows_a_degree_ = rows_ / (north - south_);
  columns_a_degree_ = columns_ / (east - west_);
  cells_.assign(static_cast<size_t>(rows_) * columns_, kNobodys);
}

// Every cell that any point within reach of an edge lies in, and some more: an edge is cut into pieces no
// longer than a cell, and the box around each piece is marked.
void BoundaryGrid::MarkBorders(const MutableS2ShapeIndex& index, double reach_m) {
  const auto clamp = [](double place, uint32_t size) {
    return static_cast<uint32_t>(std::clamp(place, 0.0, static_cast<double>(size - 1)));
  };
  ForEachEdge(index, [&](const domain::Point& a, const domain::Point& b) {
    const double dx = b.longitude - a.longitude, dy = b.latitude - a.latitude;
    const double highest = std::max(std::abs(a.latitude), std::abs(b.latitude));
    // The edge is a great circle, the piece a straight line in degrees: they part by at most this.
    const double east_m = std::abs(dx) * kMetresADegree * Cosine(highest);
    const double bulge = east_m * east_m / (8 * kEarthRadiusM) / Cosine(highest);
    const double reach = (reach_m + bulge + kSlackM) / kMetresADegree;
    const double up = reach * rows_a_degree_;
    const double aside = reach / Cosine(highest) * columns_a_degree_;
    const double x0 = (a.longitude - west_) * columns_a_degree_, y0 = (a.latitude - south_) * rows_a_degree_;
    const double x1 = x0 + dx * columns_a_degree_, y1 = y0 + dy * rows_a_degree_;
    const int pieces = 1 + static_cast<int>(std::max(std::abs(x1 - x0), std::abs(y1 - y0)));
    for (int i = 0; i < pieces; ++i) {
      const double from = static_cast<double>(i) / pieces, to = static_cast<double>(i + 1) / pieces;
      const double xa = x0 + (x1 - x0) * from, xb = x0 + (x1 - x0) * to;
      const double ya = y0 + (y1 - y0) * from, yb = y0 + (y1 - y0) * to;
      const uint32_t left = clamp(std::min(xa, xb) - aside, columns_);
      const uint32_t right = clamp(std::max(xa, xb) + aside, columns_);
      const uint32_t top = clamp(std::max(ya, yb) + up, rows_);
      for (uint32_t row = clamp(std::min(ya, yb) - up, rows_); row <= top; ++row) {
        uint32_t* cells = &cells_[static_cast<size_t>(row) * columns_];
        std::fill(cells + left, cells + right + 1, kNearBorder);
      }
    }
  });
}

// Between two unmarked cells that touch runs no border: they lie in the same polygons. Only the first cell of
// each piece of such ground is searched for.
void BoundaryGrid::Fill(const MutableS2ShapeIndex& index) {
  S2ContainsPointQuery<MutableS2ShapeIndex> contains(&index);
  std::map<std::vector<int>, uint32_t> known = {{{}, kNobodys}};
  std::vector<int> holders;
  for (uint32_t row = 0; row < rows_; ++row) {
    for (uint32_t column = 0; column < columns_; ++column) {
      uint32_t& cell = cells_[static_cast<size_t>(row) * columns_ + column];
      if (cell == kNearBorder) continue;
      const uint32_t left = column == 0 ? kNobodys : *(&cell - 1);
      const uint32_t below = row == 0 ? kNobodys : *(&cell - columns_);
      if (left != kNearBorder || below != kNearBorder) {
        cell = left != kNearBorder ? left : below;
        continue;
      }
      holders.clear();
      const S2Point middle = S2LatLng::FromDegrees(south_ + (row + 0.5) / rows_a_degree_,
                                                   west_ + (column + 0.5) / columns_a_degree_)
                                 .ToPoint();
      contains.VisitContainingShapes(middle, [&](S2Shape* shape) {
        holders.push_back(shape->id());
        return true;
      });
      std::sort(holders.begin(), holders.end());
      const auto [found, is_new] = known.try_emplace(holders, static_cast<uint32_t>(sets_.size()));
      if (is_new) sets_.push_back(holders);
      cell = found->second;
    }
  }
}

size_t BoundaryGrid::bytes() const {
  size_t bytes = cells_.capacity() * sizeof(uint32_t) + sets_.capacity() * sizeof(sets_[0]);
  for (const std::vector<int>& set : sets_) bytes += set.capacity() * sizeof(int);
  return bytes;
}

}  // namespace gridwarden::grid
