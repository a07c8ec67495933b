#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "access/area.h"
#include "grid/boundary_cache.h"
#include "grid/ground_cache.h"
#include "grid/map_cache.h"
#include "gridwarden/grid/v1/grid_service.pb.h"

// Which ground, which posts, who answered for it when: the table of contents. Changes: administrators, or the
// campaign office of the division or of one above it.
namespace gridwarden::grid {

// What every rpc of the area works with.
struct GridArea {
  GridArea(db::Database& db, std::shared_ptr<const domain::Policy> rules,
           std::function<rpc::Channel&(std::string_view area)> channel_of)
      : database(db), policy(std::move(rules)), channel(std::move(channel_of)), ground(db), boundaries(db) {}

  db::Database& database;
  std::shared_ptr<const domain::Policy> policy;
  std::function<rpc::Channel&(std::string_view area)> channel;  // reaches another area
  GroundCache ground;
  BoundaryCache boundaries;
  MapCache maps;
};

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

// Reading: divisions.cc, posts.cc, tenures.cc, persons.cc, units.cc.
absl::StatusOr<v1::Division> GetDivision(GridArea&, const rpc::Call&, const v1::GetDivisionRequest&);
absl::StatusOr<v1::BatchGetDivisionsResponse> BatchGetDivisions(GridArea& area, const rpc::Call& call,
                                                                const v1::BatchGetDivisionsRequest& request);
absl::StatusOr<v1::ListDivisionsResponse> ListDivisions(GridArea&, const rpc::Call&,
                                                        const v1::ListDivisionsRequest&);
absl::StatusOr<v1::Post> GetPost(GridArea&, const rpc::Call&, const v1::GetPostRequest&);
absl::StatusOr<v1::ListPostsResponse> ListPosts(GridArea&, const rpc::Call&, const v1::ListPostsRequest&);
absl::StatusOr<v1::ListTenuresResponse> ListTenures(GridArea&, const rpc::Call&,
                                                    const v1::ListTenuresRequest&);
absl::StatusOr<v1::ListPersonsResponse> ListPersons(GridArea&, const rpc::Call&,
                                                    const v1::ListPersonsRequest&);
absl::StatusOr<v1::ListUnitsResponse> ListUnits(GridArea&, const rpc::Call&, const v1::ListUnitsRequest&);

// Answering: resolve_responsible.cc, locate_point.cc, get_grid_map.cc.
absl::StatusOr<v1::ResolveResponsibleResponse> ResolveResponsible(GridArea&, const rpc::Call&,
                                                                  const v1::ResolveResponsibleRequest&);
absl::StatusOr<v1::LocatePointResponse> LocatePoint(GridArea&, const rpc::Call&,
                                                    const v1::LocatePointRequest&);
absl::StatusOr<v1::GridMap> GetGridMap(GridArea&, const rpc::Call&, const v1::GetGridMapRequest&);
absl::StatusOr<v1::LocatePointsResponse> LocatePoints(GridArea&, const rpc::Call&,
                                                      const v1::LocatePointsRequest&);

// Changing: one file each.
absl::StatusOr<v1::Post> CreatePost(GridArea&, const rpc::Call&, const v1::CreatePostRequest&);
absl::StatusOr<v1::Unit> CreateUnit(GridArea&, const rpc::Call&, const v1::CreateUnitRequest&);
absl::StatusOr<v1::Tenure> RecordTenure(GridArea&, const rpc::Call&, const v1::RecordTenureRequest&);
absl::StatusOr<v1::Tenure> EndTenure(GridArea&, const rpc::Call&, const v1::EndTenureRequest&);
absl::StatusOr<v1::CorrectTenureResponse> CorrectTenure(GridArea&, const rpc::Call&,
                                                        const v1::CorrectTenureRequest&);
absl::StatusOr<type::v1::ImportReport> ImportDivisions(GridArea&, const rpc::Call&, const v1::ImportRequest&);
absl::StatusOr<type::v1::ImportReport> ImportBoundaries(GridArea&, const rpc::Call&,
                                                        const v1::ImportRequest&);
absl::StatusOr<type::v1::ImportReport> ImportPoints(GridArea&, const rpc::Call&, const v1::ImportRequest&);
absl::StatusOr<type::v1::ImportReport> ImportPersons(GridArea&, const rpc::Call&, const v1::ImportRequest&);
absl::StatusOr<type::v1::ImportReport> ImportTenures(GridArea&, const rpc::Call&, const v1::ImportRequest&);

// Ground that changes: one file each; lineages.cc and division_proposals.cc list.
absl::StatusOr<v1::ListLineagesResponse> ListLineages(GridArea&, const rpc::Call&,
                                                      const v1::ListLineagesRequest&);
absl::StatusOr<v1::ListDivisionProposalsResponse> ListDivisionProposals(
    GridArea&, const rpc::Call&, const v1::ListDivisionProposalsRequest&);
absl::StatusOr<v1::DecideDivisionProposalResponse> DecideDivisionProposal(
    GridArea&, const rpc::Call&, const v1::DecideDivisionProposalRequest&);
absl::StatusOr<v1::Reorganisation> ReorganiseDivisions(GridArea&, const rpc::Call&,
                                                       const v1::ReorganiseDivisionsRequest&);
absl::StatusOr<v1::Reorganisation> CorrectReorganisation(GridArea&, const rpc::Call&,
                                                         const v1::CorrectReorganisationRequest&);
absl::StatusOr<v1::HandOverReceipt> HandOver(GridArea&, const rpc::Call&, const v1::HandOverRequest&);

// For other processes: get_ground.cc.
absl::StatusOr<v1::GetGroundResponse> GetGround(GridArea&, const rpc::Call&, const v1::GetGroundRequest&);
absl::StatusOr<v1::GetBoundariesResponse> GetBoundaries(GridArea&, const rpc::Call&,
                                                        const v1::GetBoundariesRequest&);

// The division a spelling means at `at`. NOT_FOUND; INVALID_FIELD naming `field` when it could mean several.
absl::StatusOr<const domain::Division*> FindDivision(const domain::Ground& ground, std::string_view spelling,
                                                     absl::Time at, std::string_view field);

}  // namespace gridwarden::grid
