#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/grid_service.h"

namespace gridwarden::grid {
namespace {

constexpr int kPositionsMax = 5'000;
constexpr double kAccuracyMaxM = 50'000;

// What one position answers with; `field` names it in errors.
absl::StatusOr<v1::LocatePointResponse> Locate(const domain::Ground& ground, const BoundaryIndex& index,
                                               const type::v1::Position& position, const std::string& field) {
  GW_ASSIGN_OR_RETURN(const domain::Point point,
                      domain::ToWgs84({position.longitude(), position.latitude()},
                                      static_cast<domain::Datum>(position.datum()), field));
  if (!(position.accuracy_m() >= 0 && position.accuracy_m() <= kAccuracyMaxM)) {
    return InvalidField(field + ".accuracy_m",
                        absl::StrFormat("got %g, want 0 to %g", position.accuracy_m(), kAccuracyMaxM));
  }
  v1::LocatePointResponse response;
  for (const Candidate& candidate : index.Locate(point, position.accuracy_m())) {
    const domain::Division* division = ground.FindDivision(candidate.division);
    if (division == nullptr) continue;
    v1::LocatePointResponse::Candidate& to = *response.add_candidates();
    to.set_division(ResourceName("divisions", division->id));
    to.set_display_name(division->display_name);
    to.set_level(static_cast<v1::Division::Level>(division->level));
    to.set_confidence(candidate.confidence);
    to.set_basis(candidate.near_border ? "near_border" : "polygon");
  }
  return response;
}

}  // namespace

absl::StatusOr<v1::LocatePointResponse> LocatePoint(GridArea& area, const rpc::Call& call,
                                                    const v1::LocatePointRequest& request) {
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(const auto index, area.boundaries.Fresh(*ground, call.deadline));
  return Locate(*ground, *index, request.position(), "position");
}

absl::StatusOr<v1::LocatePointsResponse> LocatePoints(GridArea& area, const rpc::Call& call,
                                                      const v1::LocatePointsRequest& request) {
  if (request.positions_size() > kPositionsMax) {
    return InvalidField("positions",
                        absl::StrFormat("got %d, want at most %d", request.positions_size(), kPositionsMax));
  }
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(const auto index, area.boundaries.Fresh(*ground, call.deadline));
  v1::LocatePointsResponse response;
  for (int i = 0; i < request.positions_size(); ++i) {
    GW_ASSIGN_OR_RETURN(*response.add_results(),
                        Locate(*ground, *index, request.positions(i), absl::StrFormat("positions[%d]", i)));
  }
  return response;
}

}  // namespace gridwarden::grid
