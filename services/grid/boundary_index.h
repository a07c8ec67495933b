#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "domain/geo/datum.h"
#include "domain/ground/ground.h"

class S2Shape;

// Which polygon a point lies in, and how sure that is. Pure: built once from polygons, then only read, by any
// number of threads.
namespace gridwarden::grid {

// A division's polygon as rings of WGS-84 points: the outer ring first, then its holes; a closing point is
// not repeated.
struct Polygon {
  std::vector<std::vector<domain::Point>> rings;
};
using MultiPolygon = std::vector<Polygon>;

// The same, ready for an index; made once and shared by one index after the other.
using BoundaryShape = std::shared_ptr<const S2Shape>;
BoundaryShape MakeShape(const MultiPolygon& polygon);
int VerticesOf(const BoundaryShape& shape);
// Its rings, outer ones and holes alike.
std::vector<std::vector<domain::Point>> RingsOf(const BoundaryShape& shape);

struct IndexedBoundary {
  Uuid division;
  domain::Level level = domain::Level::kUnspecified;
  BoundaryShape shape;
  domain::Interval valid;                   // when the ground had this outline, as far as is known
  absl::Time since = absl::InfinitePast();  // the date it was stored with
};

struct Candidate {
  Uuid division;
  domain::Level level = domain::Level::kUnspecified;
  double confidence = 0;     // 0 to 1: the share of the position's possible places that lies inside
  bool near_border = false;  // found because the border is near, or inside but not surely so
  double border_m = 0;       // near_border: how far the border is, negative inside
};

// Best first: the deepest level first; the levels above it follow until one division is more likely than not.
// Shares of one level compete for the same ground and never sum to more than the whole; the least are left
// out.
std::vector<Candidate> Rank(std::vector<Candidate> candidates);

class BoundaryIndex {
 public:
  explicit BoundaryIndex(std::vector<IndexedBoundary> boundaries);
  ~BoundaryIndex();

  // Every polygon of that time that may hold the point, in no order. `accuracy_m` is the radius that holds
  // the true point with 68 %; 0 = not stated. Empty when every polygon is out of reach. InfiniteFuture asks
  // for the outlines of today.
  std::vector<Candidate> Reach(const domain::Point& wgs84, double accuracy_m,
                               absl::Time at = absl::InfiniteFuture()) const;
  std::vector<Candidate> Locate(const domain::Point& wgs84, double accuracy_m,
                                absl::Time at = absl::InfiniteFuture()) const {
    return Rank(Reach(wgs84, accuracy_m, at));
  }

  // The point of any border nearest to `wgs84`, for finding out whether two maps lie on each other.
  struct Border {
    domain::Point nearest;
    double east = 0, north = 0;  // the direction across the border there, of length 1
    double distance_m = 0;
  };
  std::optional<Border> NearestBorder(const domain::Point& wgs84, double within_m) const;
  // The divisions whose outline of that time holds the point.
  std::vector<Uuid> Holders(const domain::Point& wgs84, absl::Time at = absl::InfiniteFuture()) const;

  // The date of the newest outline of a division; InfinitePast when it has none, or one without a date.
  absl::Time DrawnSince(const Uuid& division) const;

  const std::vector<IndexedBoundary>& boundaries() const { return boundaries_; }
  size_t size() const { return boundaries_.size(); }
  int64_t vertices() const { return vertices_; }
  size_t bytes() const;

 private:
  struct Shapes;
  std::vector<IndexedBoundary> boundaries_;
  absl::flat_hash_map<Uuid, absl::Time> drawn_since_;
  int64_t vertices_ = 0;
  std::unique_ptr<Shapes> shapes_;
};

}  // namespace gridwarden::grid
