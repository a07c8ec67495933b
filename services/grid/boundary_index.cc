#include "grid/boundary_index.h"

#include <s2/mutable_s2shape_index.h>
#include <s2/s2closest_edge_query.h>
#include <s2/s2contains_point_query.h>
#include <s2/s2earth.h>
#include <s2/s2latlng.h>
#include <s2/s2lax_polygon_shape.h>
#include <s2/s2wrapped_shape.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <numbers>

#include "grid/boundary_grid.h"

namespace gridwarden::grid {
namespace {

// How far published polygons are off by themselves: drawn from maps of about 1:250,000 and rounded.
constexpr double kBorderErrorM = 50;
// In two dimensions 68 % lie within 1.51 standard deviations of one axis.
constexpr double kRadius68 = 1.5096;
// Beyond three deviations a border does not matter.
constexpr double kReach = 3;
// Beyond two a border may be taken as straight; nearer, corners count.
constexpr double kStraight = 2;
constexpr double kConfidenceMin = 0.02;
// How many found edges an idle search keeps room for, and how many corners are looked at one by one.
constexpr size_t kEdgesKept = 4096;
constexpr size_t kEdgesSampled = 1024;
// So near a border a point is taken as lying on it.
constexpr double kOnBorderM = 1;
// The raster serves positions up to the accuracy of a phone.
constexpr double kGridAccuracyM = 30;

// The share of a normal distribution below `x` deviations.
double Share(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

S2Point ToS2(const domain::Point& point) {
  return S2LatLng::FromDegrees(point.latitude, point.longitude).ToPoint();
}

domain::Point FromS2(const S2Point& point) {
  const S2LatLng place(point);
  return {place.lng().degrees(), place.lat().degrees()};
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

// The ground around a point as a plane, metres east and north of it: good to a metre at a hundred kilometres'
// reach, where nobody asks for metres.
class Plane {
 public:
  explicit Plane(const S2Point& origin) : origin_(origin) {
    const S2Point north(0, 0, 1);
    east_ = north.CrossProd(origin);
    east_ = east_.Norm() > 0 ? east_.Normalize() : S2Point(0, 1, 0);
    north_ = origin.CrossProd(east_).Normalize();
  }
  std::array<double, 2> Of(const S2Point& point) const {
    return {point.DotProd(east_) * S2Earth::RadiusMeters(), point.DotProd(north_) * S2Earth::RadiusMeters()};
  }
  S2Point At(double east_m, double north_m) const {
    return (origin_ + east_ * (east_m / S2Earth::RadiusMeters()) +
            north_ * (north_m / S2Earth::RadiusMeters()))
        .Normalize();
  }

 private:
  S2Point origin_, east_, north_;
};

// Sixty-four places spread as a two-dimensional normal distribution is, in deviations: a spiral by the golden
// angle, each ring as likely as the next.
constexpr size_t kPlaces = 64;
struct Spread {
  Spread() {
    const double turn = std::numbers::pi * (3 - std::sqrt(5.0));
    for (size_t i = 0; i < kPlaces; ++i) {
      const double inside = (i + 0.5) / kPlaces;
      const double radius = std::min(std::sqrt(-2 * std::log(1 - inside)), kReach - 0.01);
      x[i] = static_cast<float>(radius * std::cos(turn * i));
      y[i] = static_cast<float>(radius * std::sin(turn * i));
    }
  }
  std::array<float, kPlaces> x, y;
};

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
  double share = 0;
};

// The share of the places a point may be at that lies in each shape: by how often the way from the point to
// the place crosses the shape's border. From a point on a border itself no way says anything: then they begin
// a step aside.
void SampleShares(S2Point point, bool on_border, double deviation, Search& search,
                  std::vector<Reached>& reached) {
  if (on_border) {
    point = Plane(point).At(0.613, 0.287);
    for (Reached& one : reached) one.inside = false;
    search.contains.VisitContainingShapes(point, [&](S2Shape* shape) {
      for (Reached& one : reached) one.inside = one.inside || one.shape == shape->id();
      return true;
    });
  }
  static const Spread kSpread;
  const Plane plane(point);
  std::vector<std::array<uint32_t, kPlaces>> crossings(reached.size());
  for (const S2ClosestEdgeQuery::Result& edge : search.edges) {
    const auto of = std::find_if(reached.begin(), reached.end(),
                                 [&](const Reached& one) { return one.shape == edge.shape_id(); });
    std::array<uint32_t, kPlaces>& count = crossings[of - reached.begin()];
    const S2Shape::Edge ends = search.borders.GetEdge(edge);
    const auto in_deviations = [&](const S2Point& end) {
      const std::array<double, 2> at = plane.Of(end);
      return std::array<float, 2>{static_cast<float>(at[0] / deviation),
                                  static_cast<float>(at[1] / deviation)};
    };
    const std::array<float, 2> a = in_deviations(ends.v0), b = in_deviations(ends.v1);
    const float area = a[0] * b[1] - a[1] * b[0];
    // Without a branch, so that the compiler does several places at once: a line crosses the way when its
    // ends are on two sides of it and the crossing lies between the point and the place.
    for (size_t i = 0; i < kPlaces; ++i) {
      const float left_a = kSpread.x[i] * a[1] - kSpread.y[i] * a[0];
      const float left_b = kSpread.x[i] * b[1] - kSpread.y[i] * b[0];
      const float apart = left_b - left_a;
      count[i] += static_cast<uint32_t>((left_a > 0) != (left_b > 0)) &
                  static_cast<uint32_t>(area * apart > 0) &
                  static_cast<uint32_t>(std::abs(area) <= std::abs(apart));
    }
  }
  for (size_t r = 0; r < reached.size(); ++r) {
    uint32_t inside = 0;
    for (const uint32_t count : crossings[r]) inside += (count + (reached[r].inside ? 1 : 0)) & 1;
    reached[r].share = static_cast<double>(inside) / kPlaces;
  }
}

bool StandsAt(const domain::Interval& valid, absl::Time at) {
  return valid.from <= at && (at < valid.to || valid.to == absl::InfiniteFuture());
}

}  // namespace

BoundaryShape MakeShape(const MultiPolygon& polygon) {
  std::vector<std::vector<S2Point>> loops;
  for (const Polygon& part : polygon) {
    for (size_t i = 0; i < part.rings.size(); ++i) loops.push_back(ToLoop(part.rings[i], i > 0));
  }
  return std::make_shared<const S2LaxPolygonShape>(loops);
}

int VerticesOf(const BoundaryShape& shape) { return shape->num_edges(); }

std::vector<std::vector<domain::Point>> RingsOf(const BoundaryShape& shape) {
  std::vector<std::vector<domain::Point>> rings;
  for (int chain = 0; chain < shape->num_chains(); ++chain) {
    std::vector<domain::Point>& ring = rings.emplace_back();
    for (int i = 0; i < shape->chain(chain).length; ++i)
      ring.push_back(FromS2(shape->chain_edge(chain, i).v0));
  }
  return rings;
}

// One shape per boundary, in their order; built eagerly, so that reading takes no lock on it.
struct BoundaryIndex::Shapes {
  MutableS2ShapeIndex index;
  std::unique_ptr<BoundaryGrid> grid;

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
  for (const IndexedBoundary& boundary : boundaries_) {
    vertices_ += boundary.shape->num_edges();
    absl::Time& newest = drawn_since_.try_emplace(boundary.division, absl::InfinitePast()).first->second;
    newest = std::max(newest, boundary.since);
    shapes_->index.Add(std::make_unique<S2WrappedShape>(boundary.shape.get()));
  }
  shapes_->index.ForceBuild();
  shapes_->grid = std::make_unique<BoundaryGrid>(
      shapes_->index, kReach * std::hypot(kGridAccuracyM / kRadius68, kBorderErrorM) + 1);
}

BoundaryIndex::~BoundaryIndex() = default;

absl::Time BoundaryIndex::DrawnSince(const Uuid& division) const {
  const auto found = drawn_since_.find(division);
  return found == drawn_since_.end() ? absl::InfinitePast() : found->second;
}

size_t BoundaryIndex::bytes() const {
  return shapes_->index.SpaceUsed() + shapes_->grid->bytes() +
         boundaries_.capacity() * sizeof(IndexedBoundary) + static_cast<size_t>(vertices_) * sizeof(S2Point);
}

std::vector<Candidate> BoundaryIndex::Reach(const domain::Point& wgs84, double accuracy_m,
                                            absl::Time at) const {
  std::vector<Candidate> found;
  if (accuracy_m <= kGridAccuracyM) {
    if (const std::vector<int>* holders = shapes_->grid->Find(wgs84)) {
      static const double kSure = Share(kReach);
      for (const int shape : *holders) {
        const IndexedBoundary& boundary = boundaries_[shape];
        if (StandsAt(boundary.valid, at)) found.push_back({boundary.division, boundary.level, kSure});
      }
      return found;
    }
  }
  const S2Point point = ToS2(wgs84);
  const double deviation = std::hypot(accuracy_m / kRadius68, kBorderErrorM);

  std::unique_ptr<Search> search = shapes_->Take();
  std::vector<Reached> reached;
  reached.reserve(8);
  search->contains.VisitContainingShapes(point, [&](S2Shape* shape) {
    reached.push_back({.shape = shape->id(), .inside = true});
    return true;
  });
  search->borders.mutable_options()->set_max_distance(
      S2Earth::ToAngle(util::units::Meters(kReach * deviation)));
  S2ClosestEdgeQuery::PointTarget target(point);
  search->borders.FindClosestEdges(&target, &search->edges);
  S1ChordAngle nearest = S1ChordAngle::Infinity();
  for (const S2ClosestEdgeQuery::Result& edge : search->edges) {
    nearest = std::min<S1ChordAngle>(nearest, edge.distance());
    const auto known = std::find_if(reached.begin(), reached.end(),
                                    [&](const Reached& one) { return one.shape == edge.shape_id(); });
    if (known == reached.end()) {
      reached.push_back({.shape = edge.shape_id(), .border = edge.distance()});
    } else {
      known->border = std::min<S1ChordAngle>(known->border, edge.distance());
    }
  }
  const double nearest_m =
      nearest == S1ChordAngle::Infinity() ? kReach * deviation : S2Earth::ToMeters(nearest.ToAngle());
  const bool sampled = search->edges.size() <= kEdgesSampled && nearest_m < kStraight * deviation;
  if (sampled) SampleShares(point, nearest_m < kOnBorderM, deviation, *search, reached);
  shapes_->GiveBack(std::move(search));

  found.reserve(reached.size());
  for (const Reached& one : reached) {
    const IndexedBoundary& boundary = boundaries_[one.shape];
    if (!StandsAt(boundary.valid, at)) continue;
    Candidate candidate{boundary.division, boundary.level};
    candidate.near_border = one.border != S1ChordAngle::Infinity();
    const double border_m = candidate.near_border ? S2Earth::ToMeters(one.border.ToAngle()) : 0;
    const double deviations = candidate.near_border ? border_m / deviation : kReach;
    candidate.border_m = one.inside ? -border_m : border_m;
    candidate.confidence =
        std::min(sampled && candidate.near_border ? one.share : Share(one.inside ? deviations : -deviations),
                 Share(kReach));
    found.push_back(candidate);
  }
  return found;
}

std::vector<Candidate> Rank(std::vector<Candidate> candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    if (a.level != b.level) return a.level > b.level;
    return a.confidence != b.confidence ? a.confidence > b.confidence : a.division < b.division;
  });
  size_t kept = 0;
  for (size_t from = 0; from < candidates.size();) {
    size_t end = from;
    double total = 0;
    for (; end < candidates.size() && candidates[end].level == candidates[from].level; ++end)
      total += candidates[end].confidence;
    const double scale = total > 1 ? 1 / total : 1;
    const double best = candidates[from].confidence * scale;
    for (; from < end; ++from) {
      Candidate candidate = candidates[from];
      candidate.confidence *= scale;
      if (candidate.confidence >= kConfidenceMin) candidates[kept++] = candidate;
    }
    if (best >= 0.5) break;
  }
  candidates.resize(kept);
  return candidates;
}

std::optional<BoundaryIndex::Border> BoundaryIndex::NearestBorder(const domain::Point& wgs84,
                                                                  double within_m) const {
  const S2Point point = ToS2(wgs84);
  std::unique_ptr<Search> search = shapes_->Take();
  search->borders.mutable_options()->set_max_distance(S2Earth::ToAngle(util::units::Meters(within_m)));
  search->borders.mutable_options()->set_max_results(1);
  S2ClosestEdgeQuery::PointTarget target(point);
  search->borders.FindClosestEdges(&target, &search->edges);
  std::optional<Border> border;
  if (!search->edges.empty()) {
    const S2ClosestEdgeQuery::Result& edge = search->edges.front();
    const Plane plane(point);
    const S2Shape::Edge ends = search->borders.GetEdge(edge);
    const std::array<double, 2> a = plane.Of(ends.v0), b = plane.Of(ends.v1);
    const double length = std::hypot(b[0] - a[0], b[1] - a[1]);
    if (length > 0) {
      border = Border{FromS2(search->borders.Project(point, edge)), -(b[1] - a[1]) / length,
                      (b[0] - a[0]) / length, S2Earth::ToMeters(edge.distance().ToAngle())};
    }
  }
  search->borders.mutable_options()->set_max_results(S2ClosestEdgeQuery::Options::kMaxMaxResults);
  shapes_->GiveBack(std::move(search));
  return border;
}

std::vector<Uuid> BoundaryIndex::Holders(const domain::Point& wgs84, absl::Time at) const {
  std::vector<Uuid> holders;
  std::unique_ptr<Search> search = shapes_->Take();
  search->contains.VisitContainingShapes(ToS2(wgs84), [&](S2Shape* shape) {
    const IndexedBoundary& boundary = boundaries_[shape->id()];
    if (StandsAt(boundary.valid, at)) holders.push_back(boundary.division);
    return true;
  });
  shapes_->GiveBack(std::move(search));
  return holders;
}

}  // namespace gridwarden::grid
