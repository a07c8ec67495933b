#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "base/status.h"
#include "grid/grid_service.h"
#include "grid/simplify.h"
#include "platform/crypto/digest.h"

namespace gridwarden::grid {
namespace {

using Divisions = std::vector<const domain::Division*>;

constexpr int kLevelsBelow = 2;

// The county around a division, or the division itself where it is a county or stands above one: who works
// there looks over the borders of his own village and township.
Uuid ReachOf(const domain::Ground& ground, const Uuid& division, absl::Time now) {
  for (const domain::Division* above : ground.AncestorsAt(division, now, absl::InfiniteFuture())) {
    if (above->level == domain::Level::kCounty) return above->id;
  }
  return division;
}

absl::Status Allow(const domain::Ground& ground, const rpc::Call& call, const domain::Division& division) {
  if (call.principal.administrator || call.principal.system) return absl::OkStatus();
  for (const domain::Holding& holding :
       ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture())) {
    const Uuid reach = ReachOf(ground, ground.DivisionOf(*holding.post), call.now);
    if (ground.AnswersFor(reach, division.id, call.now)) return absl::OkStatus();
  }
  return NotAllowed("the caller holds no post in the county of that division");
}

// The division and those below it that stand now, in an order that does not change with names.
void Collect(const domain::Ground& ground, const domain::Division& division, absl::Time now, int levels,
             Divisions& into) {
  into.push_back(&division);
  if (levels == 0) return;
  Divisions below = ground.ChildrenOf(division.id);
  std::sort(below.begin(), below.end(),
            [](const domain::Division* a, const domain::Division* b) { return a->id < b->id; });
  for (const domain::Division* child : below) {
    if (child->valid.Contains(now)) Collect(ground, *child, now, levels - 1, into);
  }
}

double ToleranceOf(domain::Level level) {
  if (level >= domain::Level::kCounty) return 10;
  return level == domain::Level::kCity ? 50 : 250;
}

int32_t E5(double degrees) { return static_cast<int32_t>(std::lround(degrees * 1e5)); }

// The middle of the ground within a ring, and how large it is.
struct Middle {
  double area = 0;
  double longitude_e5 = 0, latitude_e5 = 0;
};

Middle MiddleOf(const MapRing& ring) {
  Middle middle;
  if (ring.empty()) return middle;
  const MapPoint& origin = ring.front();
  double x = 0, y = 0;
  for (size_t i = 0; i < ring.size(); ++i) {
    const MapPoint &a = ring[i], &b = ring[(i + 1) % ring.size()];
    const double ax = a.longitude_e5 - origin.longitude_e5, ay = a.latitude_e5 - origin.latitude_e5;
    const double bx = b.longitude_e5 - origin.longitude_e5, by = b.latitude_e5 - origin.latitude_e5;
    const double twice = ax * by - bx * ay;
    middle.area += twice;
    x += (ax + bx) * twice;
    y += (ay + by) * twice;
  }
  if (middle.area == 0) return {0, double(origin.longitude_e5), double(origin.latitude_e5)};
  middle.longitude_e5 = origin.longitude_e5 + x / (3 * middle.area);
  middle.latitude_e5 = origin.latitude_e5 + y / (3 * middle.area);
  middle.area = std::abs(middle.area);
  return middle;
}

void AddRing(const MapRing& ring, v1::GridMap::Outline& to) {
  v1::GridMap::Ring& deltas = *to.add_rings();
  MapPoint before;
  for (const MapPoint& point : ring) {
    deltas.add_deltas(point.longitude_e5 - before.longitude_e5);
    deltas.add_deltas(point.latitude_e5 - before.latitude_e5);
    before = point;
  }
}

// The rings of each division's outline of today.
absl::flat_hash_map<Uuid, std::vector<MapRing>> RingsOfAll(const Outlines& outlines,
                                                           const Divisions& divisions) {
  absl::flat_hash_map<Uuid, std::vector<MapRing>> rings;
  for (const domain::Division* division : divisions) rings[division->id];
  for (const IndexedBoundary& boundary : outlines.boundaries.boundaries()) {
    const auto found = rings.find(boundary.division);
    if (found == rings.end() || boundary.valid.to != absl::InfiniteFuture()) continue;
    for (const std::vector<domain::Point>& ring : RingsOf(boundary.shape)) {
      MapRing& on_map = found->second.emplace_back();
      for (const domain::Point& point : ring) on_map.push_back({E5(point.longitude), E5(point.latitude)});
    }
  }
  return rings;
}

void SimplifyAll(const Divisions& divisions, double tolerance_m,
                 absl::flat_hash_map<Uuid, std::vector<MapRing>>& rings) {
  std::vector<MapRing> together;
  for (const domain::Division* division : divisions) {
    for (MapRing& ring : rings[division->id]) together.push_back(std::move(ring));
  }
  together = SimplifyTogether(std::move(together), tolerance_m);
  auto next = together.begin();
  for (const domain::Division* division : divisions) {
    for (MapRing& ring : rings[division->id]) ring = std::move(*next++);
  }
}

v1::GridMap MapOf(const domain::Ground& ground, const Outlines& outlines, const Divisions& divisions) {
  absl::flat_hash_map<Uuid, std::vector<MapRing>> rings = RingsOfAll(outlines, divisions);
  SimplifyAll(divisions, ToleranceOf(divisions.front()->level), rings);
  absl::flat_hash_map<Uuid, const KnownPoint*> points;
  for (const KnownPoint& point : outlines.points.points()) points.emplace(point.division, &point);

  v1::GridMap map;
  for (const domain::Division* division : divisions) {
    v1::GridMap::Outline& outline = *map.add_outlines();
    outline.set_division(ResourceName("divisions", division->id));
    const auto above = ground.AncestorsOf(division->id);
    if (above.size() > 1) outline.set_parent(ResourceName("divisions", above[1]->id));
    outline.set_name(division->display_name);
    outline.set_level(v1::Division::Level_Name(static_cast<v1::Division::Level>(division->level)));
    Middle middle;
    for (const MapRing& ring : rings[division->id]) {
      if (ring.empty()) continue;
      AddRing(ring, outline);
      if (const Middle own = MiddleOf(ring); own.area > middle.area) middle = own;
    }
    const auto point = points.find(division->id);
    if (outline.rings_size() > 0) {
      outline.set_longitude_e5(static_cast<int32_t>(std::lround(middle.longitude_e5)));
      outline.set_latitude_e5(static_cast<int32_t>(std::lround(middle.latitude_e5)));
    } else if (point != points.end()) {
      outline.set_longitude_e5(E5(point->second->wgs84.longitude));
      outline.set_latitude_e5(E5(point->second->wgs84.latitude));
    }
  }
  map.set_etag(absl::BytesToHexString(crypto::Sha256(map.SerializeAsString())).substr(0, 32));
  return map;
}

}  // namespace

absl::StatusOr<v1::GridMap> GetGridMap(GridArea& area, const rpc::Call& call,
                                       const v1::GetGridMapRequest& request) {
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(const domain::Division* division,
                      FindDivision(*ground, request.division(), call.now, "division"));
  GW_RETURN_IF_ERROR(Allow(*ground, call, *division));
  GW_ASSIGN_OR_RETURN(const auto outlines, area.boundaries.Get(call.deadline));
  Divisions divisions;
  Collect(*ground, *division, call.now, kLevelsBelow, divisions);
  // Which divisions stand changes with time, even where nothing is recorded anew.
  std::string key;
  for (const domain::Division* one : divisions) key += one->id.Bytes();
  const MapCache::Map map = area.maps.Get(ground, outlines, crypto::Sha256(key),
                                          [&] { return MapOf(*ground, *outlines, divisions); });
  if (request.etag() != map->etag()) return *map;
  v1::GridMap same;
  same.set_etag(map->etag());
  same.set_unchanged(true);
  return same;
}

}  // namespace gridwarden::grid
