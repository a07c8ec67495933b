#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "grid/nearest_point.h"

namespace gridwarden::grid {
namespace {

constexpr int kPositionsMax = 5'000;
constexpr double kAccuracyMaxM = 50'000;

// More than this no outline says, however many of them say it.
constexpr double kSureMax = 0.9987;

// Outlines say whose ground it is by the division that drew them. Then it was the ground of those who held
// it: where that is one division it is named instead, where it is several each by its share, where nobody
// knows the outline says nothing. Whoever took ground over and drew its own outline since answers by that one
// alone. A list that begins later than the event says nothing about the time before.
std::vector<Candidate> AsOf(const std::vector<Candidate>& reached, const domain::Ground& ground,
                            const BoundaryIndex& index, absl::Time at) {
  std::vector<Candidate> found;
  const auto add = [&](const domain::Division& division, const Candidate& from, double share) {
    for (Candidate& known : found) {
      if (known.division != division.id) continue;
      // Between two parts of one division runs no border any more.
      known.confidence = std::min(kSureMax, known.confidence + from.confidence * share);
      return;
    }
    Candidate candidate = from;
    candidate.division = division.id;
    candidate.level = division.level;
    candidate.confidence *= share;
    found.push_back(candidate);
  };
  for (const Candidate& candidate : reached) {
    const domain::Division* division = ground.FindDivision(candidate.division);
    if (division == nullptr) continue;
    if (ground.Existed(division->id, at, absl::InfiniteFuture())) {
      add(*division, candidate, 1);
      continue;
    }
    const std::vector<domain::Ground::Heir> holders =
        ground.HoldersOf(division->id, at, absl::InfiniteFuture());
    if (holders.empty() && at < division->valid.from) add(*division, candidate, 1);
    for (const domain::Ground::Heir& holder : holders) {
      const bool drew_anew =
          division->valid.to <= at && division->valid.to <= index.DrawnSince(holder.division->id);
      if (!drew_anew) add(*holder.division, candidate, holders.size() == 1 ? 1 : holder.share);
    }
  }
  return found;
}

void Add(const domain::Ground& ground, const Uuid& id, double confidence, const char* basis,
         double distance_m, v1::LocatePointResponse& response) {
  const domain::Division* division = ground.FindDivision(id);
  if (division == nullptr) return;
  v1::LocatePointResponse::Candidate& to = *response.add_candidates();
  to.set_division(ResourceName("divisions", division->id));
  to.set_display_name(division->display_name);
  to.set_level(static_cast<v1::Division::Level>(division->level));
  to.set_confidence(confidence);
  to.set_basis(basis);
  to.set_distance_m(distance_m);
}

// What one position answers with; `field` names it in errors.
absl::StatusOr<v1::LocatePointResponse> Locate(const domain::Ground& ground, const Outlines& outlines,
                                               const type::v1::Position& position, absl::Time at,
                                               const std::string& field) {
  GW_ASSIGN_OR_RETURN(const domain::Point point,
                      domain::ToWgs84({position.longitude(), position.latitude()},
                                      static_cast<domain::Datum>(position.datum()), field));
  if (!(position.accuracy_m() >= 0 && position.accuracy_m() <= kAccuracyMaxM)) {
    return InvalidField(field + ".accuracy_m",
                        absl::StrFormat("got %g, want 0 to %g", position.accuracy_m(), kAccuracyMaxM));
  }
  const std::vector<Candidate> polygons = Rank(
      AsOf(outlines.boundaries.Reach(point, position.accuracy_m(), at), ground, outlines.boundaries, at));
  std::vector<NearestShare> nearest;
  if (!polygons.empty() && !outlines.points.points().empty()) {
    std::vector<Candidate> deepest;
    for (const Candidate& candidate : polygons) {
      if (candidate.level == polygons.front().level) deepest.push_back(candidate);
    }
    nearest = SharesByNearestPoint(outlines.points, ground, deepest, point, position.accuracy_m(), at);
  }
  // The levels at which one division is more likely than not come before the polygons, the others behind.
  const auto likely = [&](domain::Level level) {
    return std::any_of(nearest.begin(), nearest.end(), [&](const NearestShare& share) {
      return share.level == level && share.confidence >= 0.5;
    });
  };
  v1::LocatePointResponse response;
  const auto add_nearest = [&](bool those_likely) {
    for (const NearestShare& share : nearest) {
      if (likely(share.level) == those_likely)
        Add(ground, share.division, share.confidence, "nearest_point", share.distance_m, response);
    }
  };
  add_nearest(true);
  for (const Candidate& candidate : polygons) {
    Add(ground, candidate.division, candidate.confidence, candidate.near_border ? "near_border" : "polygon",
        candidate.border_m, response);
  }
  add_nearest(false);
  return response;
}

}  // namespace

absl::StatusOr<v1::LocatePointResponse> LocatePoint(GridArea& area, const rpc::Call& call,
                                                    const v1::LocatePointRequest& request) {
  absl::Time at = call.now;
  if (request.has_event_time()) {
    GW_ASSIGN_OR_RETURN(at, ReadTime(request.event_time(), "event_time"));
  }
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(const auto outlines, area.boundaries.Get(call.deadline));
  return Locate(*ground, *outlines, request.position(), at, "position");
}

absl::StatusOr<v1::LocatePointsResponse> LocatePoints(GridArea& area, const rpc::Call& call,
                                                      const v1::LocatePointsRequest& request) {
  if (request.positions_size() > kPositionsMax) {
    return InvalidField("positions",
                        absl::StrFormat("got %d, want at most %d", request.positions_size(), kPositionsMax));
  }
  if (request.event_times_size() != 0 && request.event_times_size() != request.positions_size()) {
    return InvalidField("event_times", absl::StrFormat("got %d, want none or one per position (%d)",
                                                       request.event_times_size(), request.positions_size()));
  }
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(
      const auto outlines,
      area.boundaries.Get(call.deadline, request.newest() ? BoundaryCache::Wait::kForTheNewest
                                                          : BoundaryCache::Wait::kForTheFirst));
  v1::LocatePointsResponse response;
  for (int i = 0; i < request.positions_size(); ++i) {
    absl::Time at = call.now;
    if (request.event_times_size() > 0) {
      GW_ASSIGN_OR_RETURN(at, ReadTime(request.event_times(i), absl::StrFormat("event_times[%d]", i)));
    }
    GW_ASSIGN_OR_RETURN(*response.add_results(), Locate(*ground, *outlines, request.positions(i), at,
                                                        absl::StrFormat("positions[%d]", i)));
  }
  return response;
}

}  // namespace gridwarden::grid
