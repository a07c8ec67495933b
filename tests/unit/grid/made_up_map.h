#pragma once

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "domain/geo/datum.h"
#include "grid/boundary_index.h"

// Invented counties whose common borders wind as real ones do.
namespace gridwarden::grid {

// The real data beside the source tree, "" where it is not.
inline std::string SharedData(const std::string& name) {
  const char* shared = std::getenv("GW_SHARED");
  const std::string path =
      (shared != nullptr ? std::string(shared) : std::string(GW_SOURCE_DIR) + "/../shared") + "/data/" + name;
  std::ifstream in(path, std::ios::binary);
  return in ? std::string(std::istreambuf_iterator<char>(in), {}) : "";
}

// Counties of a fifth of a degree (some 20 km), `columns` by `rows` of them from 113 E, 33 N on. How densely
// the borders are drawn and how far the drawing errs is for each map to choose; the ground is the same.
struct MadeUpMap {
  int columns = 4, rows = 4;
  int points_a_side = 60;
  double error_m = 0;
  unsigned seed = 1;
  double cell = 0.2;

  // A plain lattice, bent: neighbours keep their common border and corners.
  domain::Point Bent(double x, double y) const {
    const double u = x / cell, v = y / cell;
    return {113 + x +
                cell * (0.03 * std::sin(17 * v + 1.7 * u) + 0.015 * std::sin(47 * v + 2.9 * u) +
                        0.006 * std::cos(131 * v + u)),
            33 + y +
                cell * (0.03 * std::sin(17 * u + 1.3 * v) + 0.015 * std::sin(47 * u + 2.3 * v) +
                        0.006 * std::cos(131 * u + v))};
  }

  std::vector<MultiPolygon> Counties() const {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> error(0, error_m / 111'000);
    std::vector<MultiPolygon> counties;
    const auto corner = [&](int column, int row, double dx, double dy) {
      return Bent(column * cell + dx, row * cell + dy);
    };
    for (int column = 0; column < columns; ++column) {
      for (int row = 0; row < rows; ++row) {
        std::vector<domain::Point> ring;
        for (int side = 0; side < 4; ++side) {
          for (int i = 0; i < points_a_side; ++i) {
            const double part = static_cast<double>(i) / points_a_side;
            domain::Point point = side == 0   ? corner(column, row, part * cell, 0)
                                  : side == 1 ? corner(column + 1, row, 0, part * cell)
                                  : side == 2 ? corner(column + 1, row + 1, -part * cell, 0)
                                              : corner(column, row + 1, 0, -part * cell);
            if (error_m > 0) {
              point.longitude += error(random);
              point.latitude += error(random);
            }
            ring.push_back(point);
          }
        }
        counties.push_back({Polygon{{ring}}});
      }
    }
    return counties;
  }
};

template <typename Change>
std::vector<MultiPolygon> Changed(std::vector<MultiPolygon> map, Change change) {
  for (MultiPolygon& polygon : map) {
    for (Polygon& part : polygon) {
      for (auto& ring : part.rings) {
        for (domain::Point& point : ring) point = change(point);
      }
    }
  }
  return map;
}

inline BoundaryIndex IndexOf(const std::vector<MultiPolygon>& map,
                             domain::Level level = domain::Level::kCounty) {
  std::vector<IndexedBoundary> boundaries;
  for (const MultiPolygon& polygon : map)
    boundaries.push_back(
        {Uuid::Derive(Uuid(), std::to_string(boundaries.size())), level, MakeShape(polygon)});
  return BoundaryIndex(std::move(boundaries));
}

inline std::vector<const MultiPolygon*> Pointers(const std::vector<MultiPolygon>& map) {
  std::vector<const MultiPolygon*> pointers;
  for (const MultiPolygon& polygon : map) pointers.push_back(&polygon);
  return pointers;
}

}  // namespace gridwarden::grid
