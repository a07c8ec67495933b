#include "grid/grid_service.h"

#include <utility>

namespace gridwarden::grid {
namespace {

template <typename Request, typename Response>
using Rpc = absl::StatusOr<Response> (*)(GridArea&, const rpc::Call&, const Request&);

}  // namespace

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  auto area = std::make_shared<GridArea>(context.database, context.policy, context.channel);
  const auto add = [&]<typename Request, typename Response>(const std::string& name,
                                                            Rpc<Request, Response> body) {
    registry.Add<Request, Response>(
        "gridwarden.grid.v1." + name,
        [area, body](const rpc::Call& call, const Request& request) { return body(*area, call, request); });
  };
  add("GridService/GetDivision", &GetDivision);
  add("GridService/BatchGetDivisions", &BatchGetDivisions);
  add("GridService/ListDivisions", &ListDivisions);
  add("GridService/GetPost", &GetPost);
  add("GridService/ListPosts", &ListPosts);
  add("GridService/CreatePost", &CreatePost);
  add("GridService/ListTenures", &ListTenures);
  add("GridService/RecordTenure", &RecordTenure);
  add("GridService/EndTenure", &EndTenure);
  add("GridService/CorrectTenure", &CorrectTenure);
  add("GridService/ListPersons", &ListPersons);
  add("GridService/CreateUnit", &CreateUnit);
  add("GridService/ListUnits", &ListUnits);
  add("GridService/ResolveResponsible", &ResolveResponsible);
  add("GridService/LocatePoint", &LocatePoint);
  add("GridService/LocatePoints", &LocatePoints);
  add("GridService/GetGridMap", &GetGridMap);
  add("GridService/ImportDivisions", &ImportDivisions);
  add("GridService/ListLineages", &ListLineages);
  add("GridService/ListDivisionProposals", &ListDivisionProposals);
  add("GridService/DecideDivisionProposal", &DecideDivisionProposal);
  add("GridService/ReorganiseDivisions", &ReorganiseDivisions);
  add("GridService/CorrectReorganisation", &CorrectReorganisation);
  add("GridService/HandOver", &HandOver);
  add("GridService/ImportBoundaries", &ImportBoundaries);
  add("GridService/ImportPoints", &ImportPoints);
  add("GridService/ImportPersons", &ImportPersons);
  add("GridService/ImportTenures", &ImportTenures);
  add("GridInternalService/GetGround", &GetGround);
  add("GridInternalService/GetBoundaries", &GetBoundaries);
  add("GridInternalService/LocatePoints", &LocatePoints);
  return {};
}

}  // namespace gridwarden::grid
