#include "source/zone_shape.h"

#include <s2/s2error.h>
#include <s2/s2latlng.h>
#include <s2/s2loop.h>
#include <s2/s2polygon.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::source {
namespace {

S2Point PointOf(const type::v1::Position& corner) {
  return S2LatLng::FromDegrees(corner.latitude(), corner.longitude()).ToPoint();
}

std::unique_ptr<S2Loop> LoopOf(const v1::Zone::Ring& ring) {
  std::vector<S2Point> points;
  for (const type::v1::Position& corner : ring.corners()) points.push_back(PointOf(corner));
  auto loop = std::make_unique<S2Loop>();
  loop->set_s2debug_override(S2Debug::DISABLE);  // problems are told by FindValidationError, not by a crash
  loop->Init(points);
  return loop;
}

std::unique_ptr<S2Polygon> PolygonOf(const v1::Zone& zone) {
  std::vector<std::unique_ptr<S2Loop>> loops;
  for (const v1::Zone::Ring& ring : zone.rings()) {
    loops.push_back(LoopOf(ring));
    loops.back()->Normalize();  // whatever the direction, a ring is the smaller side of itself
  }
  auto polygon = std::make_unique<S2Polygon>();
  polygon->set_s2debug_override(S2Debug::DISABLE);
  polygon->InitNested(std::move(loops));
  return polygon;
}

bool Same(const type::v1::Position& a, const type::v1::Position& b) {
  return a.longitude() == b.longitude() && a.latitude() == b.latitude();
}

absl::Status NormaliseRing(v1::Zone::Ring& ring, const std::string& field) {
  for (int i = 0; i < ring.corners_size(); ++i) {
    type::v1::Position& corner = *ring.mutable_corners(i);
    GW_ASSIGN_OR_RETURN(
        const domain::Point point,
        domain::ToWgs84({corner.longitude(), corner.latitude()}, static_cast<domain::Datum>(corner.datum()),
                        absl::StrFormat("%s.corners[%d]", field, i)));
    corner.Clear();
    corner.set_longitude(point.longitude);
    corner.set_latitude(point.latitude);
  }
  auto& corners = *ring.mutable_corners();
  if (corners.size() > 1 && Same(corners.Get(0), corners.Get(corners.size() - 1))) corners.RemoveLast();
  if (corners.size() < 3)
    return InvalidField(field, absl::StrFormat("got %d corners, want at least 3", corners.size()));
  S2Error error;
  if (LoopOf(ring)->FindValidationError(&error))
    return InvalidField(field, absl::StrCat("got no simple ring (", error.text(), "), want one"));
  return absl::OkStatus();
}

}  // namespace

absl::Status NormaliseRings(v1::Zone& zone) {
  int corners = 0;
  for (const v1::Zone::Ring& ring : zone.rings()) corners += ring.corners_size();
  if (corners > kZoneCornersMax) {
    return InvalidField("zone.rings",
                        absl::StrFormat("got %d corners, want at most %d", corners, kZoneCornersMax));
  }
  for (int i = 0; i < zone.rings_size(); ++i)
    GW_RETURN_IF_ERROR(NormaliseRing(*zone.mutable_rings(i), absl::StrFormat("zone.rings[%d]", i)));
  S2Error error;
  if (zone.rings_size() > 0 && PolygonOf(zone)->FindValidationError(&error)) {
    return InvalidField("zone.rings", absl::StrCat("got rings that do not fit together (", error.text(),
                                                   "), want a polygon"));
  }
  return absl::OkStatus();
}

bool Contains(const v1::Zone& zone, const domain::Point& point) {
  if (zone.rings().empty()) return false;
  return PolygonOf(zone)->Contains(S2LatLng::FromDegrees(point.latitude, point.longitude).ToPoint());
}

Box BoxOf(const v1::Zone& zone) {
  Box box{180, 90, -180, -90};
  for (const v1::Zone::Ring& ring : zone.rings()) {
    for (const type::v1::Position& corner : ring.corners()) {
      box.west = std::min(box.west, corner.longitude());
      box.east = std::max(box.east, corner.longitude());
      box.south = std::min(box.south, corner.latitude());
      box.north = std::max(box.north, corner.latitude());
    }
  }
  return box;
}

}  // namespace gridwarden::source
