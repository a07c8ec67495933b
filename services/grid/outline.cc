#include "grid/outline.h"

#include <s2/mutable_s2shape_index.h>
#include <s2/s2edge_crossings.h>
#include <s2/s2latlng.h>
#include <s2/s2lax_polygon_shape.h>
#include <s2/s2shapeutil_visit_crossing_edge_pairs.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "absl/strings/str_format.h"

namespace gridwarden::grid {
namespace {

using Ring = std::vector<domain::Point>;

constexpr double kMetresADegree = 6371008.8 * std::numbers::pi / 180;
// A loop smaller than this part of its ring is a slip of the pen; a larger one leaves open whose ground it
// is.
constexpr double kLoopShareMax = 0.01;
constexpr int kLoopsMax = 200;

bool Same(const domain::Point& a, const domain::Point& b) {
  return a.longitude == b.longitude && a.latitude == b.latitude;
}

// In square metres, positive when the ring runs counter-clockwise.
double Area(const Ring& ring) {
  double twice = 0;
  if (ring.empty()) return 0;
  const domain::Point& origin = ring[0];
  for (size_t i = 0; i + 1 < ring.size(); ++i) {
    const domain::Point &a = ring[i], &b = ring[i + 1];
    twice += (a.longitude - origin.longitude) * (b.latitude - origin.latitude) -
             (b.longitude - origin.longitude) * (a.latitude - origin.latitude);
  }
  return twice / 2 * kMetresADegree * kMetresADegree * std::cos(origin.latitude * std::numbers::pi / 180);
}

bool Holds(const Ring& ring, const domain::Point& point) {
  bool inside = false;
  for (size_t i = 0, before = ring.size() - 1; i < ring.size(); before = i++) {
    const domain::Point &a = ring[i], &b = ring[before];
    if ((a.latitude > point.latitude) == (b.latitude > point.latitude)) continue;
    const double east =
        a.longitude + (b.longitude - a.longitude) * (point.latitude - a.latitude) / (b.latitude - a.latitude);
    if (point.longitude < east) inside = !inside;
  }
  return inside;
}

// For rings that do not cross: whether `inner` lies in `outer`. Most of its points decide, for some may lie
// on the common border.
bool LiesIn(const Ring& inner, const Ring& outer) {
  const auto within = std::count_if(inner.begin(), inner.end(),
                                    [&](const domain::Point& point) { return Holds(outer, point); });
  return 2 * static_cast<size_t>(within) > inner.size();
}

// Points given twice in a row, and ways out and back the same way. Answers how many points went.
int Straighten(Ring& ring) {
  const size_t before = ring.size();
  for (bool changed = true; changed && ring.size() >= 3;) {
    changed = false;
    Ring kept;
    kept.reserve(ring.size());
    for (const domain::Point& point : ring) {
      if (!kept.empty() && Same(kept.back(), point)) {
        changed = true;
      } else if (kept.size() >= 2 && Same(kept[kept.size() - 2], point)) {
        kept.pop_back();
        changed = true;
      } else {
        kept.push_back(point);
      }
    }
    while (kept.size() >= 3 &&
           (Same(kept.front(), kept.back()) || Same(kept[kept.size() - 2], kept.front()))) {
      kept.pop_back();
      changed = true;
    }
    if (kept.size() >= 3 && Same(kept[1], kept.back())) {
      kept.erase(kept.begin());
      changed = true;
    }
    ring = std::move(kept);
  }
  return static_cast<int>(before - ring.size());
}

struct Crossing {
  size_t ring_a = 0, edge_a = 0, ring_b = 0, edge_b = 0;  // an edge begins at the point of its number
  domain::Point at;
};

std::optional<Crossing> FindCrossing(const std::vector<const Ring*>& rings) {
  std::vector<std::vector<S2Point>> loops;
  for (const Ring* ring : rings) {
    loops.emplace_back();
    for (const domain::Point& point : *ring)
      loops.back().push_back(S2LatLng::FromDegrees(point.latitude, point.longitude).ToPoint());
  }
  MutableS2ShapeIndex index;
  index.Add(std::make_unique<S2LaxPolygonShape>(loops));
  const S2Shape& shape = *index.shape(0);
  std::optional<Crossing> found;
  s2shapeutil::VisitCrossingEdgePairs(
      index, s2shapeutil::CrossingType::INTERIOR,
      [&](const s2shapeutil::ShapeEdge& a, const s2shapeutil::ShapeEdge& b, bool) {
        const S2Shape::ChainPosition first = shape.chain_position(a.id().edge_id);
        const S2Shape::ChainPosition second = shape.chain_position(b.id().edge_id);
        const S2LatLng at(S2::GetIntersection(a.v0(), a.v1(), b.v0(), b.v1()));
        found = Crossing{static_cast<size_t>(first.chain_id),
                         static_cast<size_t>(first.offset),
                         static_cast<size_t>(second.chain_id),
                         static_cast<size_t>(second.offset),
                         {at.lng().degrees(), at.lat().degrees()}};
        return false;
      });
  return found;
}

// Cuts small loops off where the ring crosses itself. Answers how many, or the crossing that is too large.
struct Cut {
  int loops = 0;
  double largest_m2 = 0;
  std::optional<Crossing> left;
};

Cut CutLoops(Ring& ring) {
  Cut cut;
  while (std::optional<Crossing> crossing = FindCrossing({&ring})) {
    const size_t first = std::min(crossing->edge_a, crossing->edge_b);
    const size_t second = std::max(crossing->edge_a, crossing->edge_b);
    // The crossing parts the ring in two loops.
    Ring inner(ring.begin() + first + 1, ring.begin() + second + 1);
    inner.push_back(crossing->at);
    Ring outer(ring.begin(), ring.begin() + first + 1);
    outer.push_back(crossing->at);
    outer.insert(outer.end(), ring.begin() + second + 1, ring.end());
    if (std::abs(Area(inner)) > std::abs(Area(outer))) std::swap(inner, outer);
    const double lost = std::abs(Area(inner));
    if (lost > kLoopShareMax * std::abs(Area(outer)) || cut.loops == kLoopsMax) {
      cut.left = crossing;
      return cut;
    }
    ++cut.loops;
    cut.largest_m2 = std::max(cut.largest_m2, lost);
    ring = std::move(outer);
    Straighten(ring);
  }
  return cut;
}

OutlineReport Refused(std::string place, std::string got, std::string want) {
  OutlineReport report;
  report.place = std::move(place);
  report.got = std::move(got);
  report.want = std::move(want);
  return report;
}

}  // namespace

std::string PlaceName(size_t part, size_t ring, size_t point) {
  std::string name = absl::StrFormat("part %d ring %d", part + 1, ring + 1);
  if (point > 0) name += absl::StrFormat(" point %d", point);
  return name;
}

OutlineReport Repair(MultiPolygon& polygon) {
  OutlineReport report;
  int doubled = 0, turned = 0, loops = 0;
  double largest_m2 = 0;
  for (size_t p = 0; p < polygon.size(); ++p) {
    for (size_t r = 0; r < polygon[p].rings.size(); ++r) {
      Ring& ring = polygon[p].rings[r];
      doubled += Straighten(ring);
      if (ring.size() < 3) {
        return Refused(PlaceName(p, r, 0), absl::StrFormat("a ring of %d different points", ring.size()),
                       "at least 3 different points");
      }
      const Cut cut = CutLoops(ring);
      loops += cut.loops;
      largest_m2 = std::max(largest_m2, cut.largest_m2);
      if (cut.left) {
        return Refused(
            PlaceName(p, r, cut.left->edge_a + 1),
            absl::StrFormat("the ring crosses itself at [%.6f, %.6f], between points %d and %d and "
                            "between points %d and %d",
                            cut.left->at.longitude, cut.left->at.latitude, cut.left->edge_a + 1,
                            cut.left->edge_a + 2, cut.left->edge_b + 1, cut.left->edge_b + 2),
            "a ring that does not cross itself");
      }
      const double area = Area(ring);
      if (area == 0 || ring.size() < 3)
        return Refused(PlaceName(p, r, 0), "a ring without area", "a ring around some ground");
      if ((area > 0) == (r > 0)) {
        std::reverse(ring.begin(), ring.end());
        ++turned;
      }
    }
  }
  std::vector<const Ring*> rings;
  std::vector<std::pair<size_t, size_t>> places;
  for (size_t p = 0; p < polygon.size(); ++p) {
    for (size_t r = 0; r < polygon[p].rings.size(); ++r) {
      rings.push_back(&polygon[p].rings[r]);
      places.emplace_back(p, r);
    }
  }
  if (rings.size() > 1) {
    if (const std::optional<Crossing> crossing = FindCrossing(rings)) {
      const auto [part_a, ring_a] = places[crossing->ring_a];
      const auto [part_b, ring_b] = places[crossing->ring_b];
      return Refused(
          PlaceName(part_a, ring_a, crossing->edge_a + 1),
          absl::StrFormat("crosses %s at [%.6f, %.6f]", PlaceName(part_b, ring_b, crossing->edge_b + 1),
                          crossing->at.longitude, crossing->at.latitude),
          "rings that do not cross");
    }
  }
  int holes = 0, parts = 0;
  for (size_t p = 0; p < polygon.size(); ++p) {
    std::vector<Ring>& of = polygon[p].rings;
    for (size_t r = 1; r < of.size(); ++r) {
      if (!LiesIn(of[r], of[0]))
        return Refused(PlaceName(p, r, 0), "a hole outside its outer ring", "holes inside the outer ring");
    }
    for (size_t r = 1; r < of.size();) {
      const bool inner = std::any_of(of.begin() + 1, of.end(), [&](const Ring& other) {
        return &other != &of[r] && LiesIn(of[r], other) &&
               (std::abs(Area(other)) > std::abs(Area(of[r])) || &other < &of[r]);
      });
      if (inner) ++holes;
      inner ? static_cast<void>(of.erase(of.begin() + r)) : static_cast<void>(++r);
    }
  }
  for (size_t p = 0; p < polygon.size();) {
    const Ring& own = polygon[p].rings[0];
    const bool within = std::any_of(polygon.begin(), polygon.end(), [&](const Polygon& other) {
      if (&other == &polygon[p] || !LiesIn(own, other.rings[0])) return false;
      if (std::abs(Area(other.rings[0])) <= std::abs(Area(own)) && &other > &polygon[p]) return false;
      return std::none_of(other.rings.begin() + 1, other.rings.end(),
                          [&](const Ring& hole) { return LiesIn(own, hole); });
    });
    if (within) ++parts;
    within ? static_cast<void>(polygon.erase(polygon.begin() + p)) : static_cast<void>(++p);
  }
  const auto tell = [&](int count, const char* one, const char* many) {
    if (count > 0) report.repairs.push_back(absl::StrFormat("%d %s", count, count == 1 ? one : many));
  };
  tell(doubled, "point given twice or on a way out and back; left out",
       "points given twice or on a way out and back; left out");
  tell(turned, "ring ran the wrong way round; turned", "rings ran the wrong way round; turned");
  if (loops > 0) {
    report.repairs.push_back(
        absl::StrFormat("%d small loops where a ring crossed itself, the largest of %.2f ha; cut off", loops,
                        largest_m2 / 10'000));
  }
  tell(holes, "hole lay in another hole; left out", "holes lay in other holes; left out");
  tell(parts, "part lay in another part; left out", "parts lay in other parts; left out");
  return report;
}

}  // namespace gridwarden::grid
