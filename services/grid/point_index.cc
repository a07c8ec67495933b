#include "grid/point_index.h"

#include <s2/s2closest_point_query.h>
#include <s2/s2earth.h>
#include <s2/s2latlng.h>
#include <s2/s2point_index.h>

namespace gridwarden::grid {
namespace {

S2Point ToS2(const domain::Point& point) {
  return S2LatLng::FromDegrees(point.latitude, point.longitude).ToPoint();
}

}  // namespace

struct PointIndex::Places {
  S2PointIndex<int> index;
};

PointIndex::PointIndex(std::vector<KnownPoint> points)
    : points_(std::move(points)), places_(std::make_unique<Places>()) {
  for (size_t i = 0; i < points_.size(); ++i) {
    divisions_.insert(points_[i].division);
    places_->index.Add(ToS2(points_[i].wgs84), static_cast<int>(i));
  }
}

PointIndex::~PointIndex() = default;

std::vector<PointIndex::Near> PointIndex::Nearest(const domain::Point& wgs84, double within_m,
                                                  int most) const {
  std::vector<Near> near;
  if (points_.empty()) return near;
  S2ClosestPointQuery<int> query(&places_->index);
  query.mutable_options()->set_max_results(most);
  query.mutable_options()->set_max_distance(S2Earth::ToAngle(util::units::Meters(within_m)));
  S2ClosestPointQuery<int>::PointTarget target(ToS2(wgs84));
  for (const auto& result : query.FindClosestPoints(&target))
    near.push_back({&points_[result.data()], S2Earth::ToMeters(result.distance().ToAngle())});
  return near;
}

size_t PointIndex::bytes() const {
  return places_->index.SpaceUsed() + points_.capacity() * sizeof(KnownPoint) +
         divisions_.capacity() * (sizeof(Uuid) + 1);
}

}  // namespace gridwarden::grid
