#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "base/id.h"
#include "domain/geo/datum.h"
#include "domain/ground/ground.h"

// Known points of divisions that have no polygon, by how near they are. Pure: built once, then only read, by
// any number of threads.
namespace gridwarden::grid {

struct KnownPoint {
  Uuid division;
  domain::Level level = domain::Level::kUnspecified;
  std::string display_name;
  domain::Point wgs84;
};

class PointIndex {
 public:
  explicit PointIndex(std::vector<KnownPoint> points);
  ~PointIndex();

  struct Near {
    const KnownPoint* point = nullptr;
    double distance_m = 0;
  };
  // Nearest first, at most `most`.
  std::vector<Near> Nearest(const domain::Point& wgs84, double within_m, int most) const;

  bool Knows(const Uuid& division) const { return divisions_.contains(division); }
  const std::vector<KnownPoint>& points() const { return points_; }
  size_t bytes() const;

 private:
  struct Places;
  std::vector<KnownPoint> points_;
  absl::flat_hash_set<Uuid> divisions_;
  std::unique_ptr<Places> places_;
};

}  // namespace gridwarden::grid
