#include "grid/boundary_index.h"

#include <s2/mutable_s2shape_index.h>
#include <s2/s2closest_edge_query.h>
#include <s2/s2contains_point_query.h>
#include <s2/s2earth.h>
#include <s2/s2latlng.h>
#include <s2/s2lax_polygon_shape.h>
#include <s2/s2loop.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace gridwarden::grid {
namespace {

// How far published polygons are off by themselves: drawn from maps of about 1:250,000 and rounded.
constexpr double kBorderErrorM = 50;
// In two dimensions 68 % lie within 1.51 standard deviations of one axis.
constexpr double kRadius68 = 1.5096;
// Beyond three deviations a border does not matter.
constexpr double kReach = 3;
constexpr double kConfidenceMin = 0.02;

// The share of a normal distribution below `x` deviations.
double Share(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

S2Point ToS2(const domain::Point& point) { return S2LatLng::FromDegrees(point.latitude, point.longitude).ToPoint(); }

// Interior on the left: outer rings counter-clockwise, holes clockwise, whichever way the file turns them.
std::vector<S2Point> ToLoop(const std::vector<domain::Point>& ring, bool hole) {
  double twice_area = 0;
  for (size_t i = 0; i < ring.size(); ++i) {
    const domain::Point& a = ring[i];
    const domain::Point& b = ring[(i + 1) % ring.size()];
    twice_area += a.longitude * b.latitude - b.longitude * a.latitude;
  }
  std::vector<S2Point> loop;
  loop.reserve(ring.size());
  for (const domain::Point& point : ring) loop.push_back(ToS2(point));
  if ((twice_area > 0) == hole) std::reverse(loop.begin(), loop.end());
  return loop;
}

}  // namespace

// One shape per division, in the order of the boundaries; built eagerly, so that reading takes no lock.
struct BoundaryIndex::Shapes {
  MutableS2ShapeIndex index;
};

BoundaryIndex::BoundaryIndex(std::vector<IndexedBoundary> boundaries)
    : boundaries_(std::move(boundaries)), shapes_(std::make_unique<Shapes>()) {
  for (IndexedBoundary& boundary : boundaries_) {
    std::vector<std::vector<S2Point>> loops;
    for (const Polygon& polygon : boundary.shape) {
      for (size_t i = 0; i < polygon.rings.size(); ++i) loops.push_back(ToLoop(polygon.rings[i], i > 0));
    }
    shapes_->index.Add(std::make_unique<S2LaxPolygonShape>(loops));
    boundary.shape.clear();  // the index holds the vertices
    boundary.shape.shrink_to_fit();
  }
  shapes_->index.ForceBuild();
}

BoundaryIndex::~BoundaryIndex() = default;

std::vector<Candidate> BoundaryIndex::Locate(const domain::Point& wgs84, double accuracy_m) const {
  const S2Point point = ToS2(wgs84);
  const double deviation = std::hypot(accuracy_m / kRadius68, kBorderErrorM);

  std::vector<bool> inside(boundaries_.size(), false);
  auto contains = MakeS2ContainsPointQuery(&shapes_->index);
  std::vector<int> reached;  // shape ids
  for (S2Shape* shape : contains.GetContainingShapes(point)) {
    inside[shape->id()] = true;
    reached.push_back(shape->id());
  }

  // Distances to the borders in reach, per shape. Interiors are excluded: the border is what is asked for.
  std::map<int, double> distance_m;
  S2ClosestEdgeQuery::Options options;
  options.set_include_interiors(false);
  options.set_max_distance(S2Earth::ToAngle(util::units::Meters(kReach * deviation)));
  S2ClosestEdgeQuery query(&shapes_->index, options);
  S2ClosestEdgeQuery::PointTarget target(point);
  for (const auto& result : query.FindClosestEdges(&target)) {
    const double metres = S2Earth::ToMeters(result.distance().ToAngle());
    const auto [at, added] = distance_m.emplace(result.shape_id(), metres);
    if (!added) at->second = std::min(at->second, metres);
    else if (!inside[result.shape_id()]) reached.push_back(result.shape_id());
  }

  std::map<domain::Level, std::vector<Candidate>, std::greater<>> by_level;
  for (const int shape : reached) {
    const auto border = distance_m.find(shape);
    const double deviations = border == distance_m.end() ? kReach : border->second / deviation;
    Candidate candidate;
    candidate.division = boundaries_[shape].division;
    candidate.level = boundaries_[shape].level;
    candidate.confidence = Share(inside[shape] ? deviations : -deviations);
    candidate.near_border = border != distance_m.end();
    by_level[candidate.level].push_back(candidate);
  }

  std::vector<Candidate> found;
  for (auto& [level, candidates] : by_level) {
    // Shares of one level compete for the same ground: where three meet they are scaled to at most the whole.
    double total = 0;
    for (const Candidate& candidate : candidates) total += candidate.confidence;
    if (total > 1) {
      for (Candidate& candidate : candidates) candidate.confidence /= total;
    }
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return a.confidence != b.confidence ? a.confidence > b.confidence : a.division < b.division;
    });
    for (const Candidate& candidate : candidates) {
      if (candidate.confidence >= kConfidenceMin) found.push_back(candidate);
    }
    if (total >= 0.5) break;
  }
  return found;
}

}  // namespace gridwarden::grid
