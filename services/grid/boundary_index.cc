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
#include <mutex>

namespace gridwarden::grid {
namespace {

// How far published polygons are off by themselves: drawn from maps of about 1:250,000 and rounded.
constexpr double kBorderErrorM = 50;
// In two dimensions 68 % lie within 1.51 standard deviations of one axis.
constexpr double kRadius68 = 1.5096;
// Beyond three deviations a border does not matter.
constexpr double kReach = 3;
constexpr double kConfidenceMin = 0.02;
// How many found edges an idle search keeps room for.
constexpr size_t kEdgesKept = 4096;

// The share of a normal distribution below `x` deviations.
double Share(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

S2Point ToS2(const domain::Point& point) {
  return S2LatLng::FromDegrees(point.latitude, point.longitude).ToPoint();
}

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

// What a search needs besides the index. Kept and used again: a new edge query first looks which part of the
// earth the index covers, a fifth of a search.
struct Search {
  explicit Search(const MutableS2ShapeIndex* index) : contains(index) {
    S2ClosestEdgeQuery::Options options;
    options.set_include_interiors(false);  // the border is what is asked for
    borders.Init(index, options);
  }

  S2ContainsPointQuery<MutableS2ShapeIndex> contains;
  S2ClosestEdgeQuery borders;
  std::vector<S2ClosestEdgeQuery::Result> edges;
};

// A shape that holds the point or whose border is in reach of it.
struct Reached {
  int shape = 0;
  bool inside = false;
  S1ChordAngle border = S1ChordAngle::Infinity();
};

}  // namespace

// One shape per division, in the order of the boundaries; built eagerly, so that reading takes no lock on it.
struct BoundaryIndex::Shapes {
  MutableS2ShapeIndex index;

  std::unique_ptr<Search> Take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        std::unique_ptr<Search> search = std::move(idle.back());
        idle.pop_back();
        return search;
      }
    }
    return std::make_unique<Search>(&index);
  }
  void GiveBack(std::unique_ptr<Search> search) {
    // A point known to many kilometres only met most borders there are.
    if (search->edges.capacity() > kEdgesKept) std::vector<S2ClosestEdgeQuery::Result>().swap(search->edges);
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(search));
  }

 private:
  std::mutex mutex;
  std::vector<std::unique_ptr<Search>> idle;  // as many as ever searched at once
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

  std::unique_ptr<Search> search = shapes_->Take();
  std::vector<Reached> reached;
  search->contains.VisitContainingShapes(point, [&](S2Shape* shape) {
    reached.push_back({.shape = shape->id(), .inside = true});
    return true;
  });
  search->borders.mutable_options()->set_max_distance(
      S2Earth::ToAngle(util::units::Meters(kReach * deviation)));
  S2ClosestEdgeQuery::PointTarget target(point);
  search->borders.FindClosestEdges(&target, &search->edges);
  for (const S2ClosestEdgeQuery::Result& edge : search->edges) {
    const auto known = std::find_if(reached.begin(), reached.end(),
                                    [&](const Reached& one) { return one.shape == edge.shape_id(); });
    if (known == reached.end()) {
      reached.push_back({.shape = edge.shape_id(), .border = edge.distance()});
    } else {
      known->border = std::min<S1ChordAngle>(known->border, edge.distance());
    }
  }
  shapes_->GiveBack(std::move(search));

  std::map<domain::Level, std::vector<Candidate>, std::greater<>> by_level;
  for (const Reached& one : reached) {
    const bool near_border = one.border != S1ChordAngle::Infinity();
    const double deviations = near_border ? S2Earth::ToMeters(one.border.ToAngle()) / deviation : kReach;
    Candidate candidate;
    candidate.division = boundaries_[one.shape].division;
    candidate.level = boundaries_[one.shape].level;
    candidate.confidence = Share(one.inside ? deviations : -deviations);
    candidate.near_border = near_border;
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
