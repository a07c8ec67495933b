#include "patrol/patrol_service.h"

#include <string>

#include "patrol/draw_service.h"
#include "patrol/plan_service.h"

namespace gridwarden::patrol {
namespace {

template <typename Request, typename Response>
void Add(rpc::Registry& registry, const AreaContext& context, const char* method,
         absl::StatusOr<Response> (*body)(const AreaContext&, const rpc::Call&, const Request&)) {
  registry.Add<Request, Response>(std::string("gridwarden.patrol.v1.PatrolService/") + method,
                                  [context, body](const rpc::Call& call, const Request& request) {
                                    return body(context, call, request);
                                  });
}

}  // namespace

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  Add(registry, context, "CreatePatrolTask", CreatePatrolTask);
  Add(registry, context, "BatchCreatePatrolTasks", BatchCreatePatrolTasks);
  Add(registry, context, "AssignPatrolTask", AssignPatrolTask);
  Add(registry, context, "StartPatrolTask", StartPatrolTask);
  Add(registry, context, "SubmitVisit", SubmitVisit);
  Add(registry, context, "MissPatrolTask", MissPatrolTask);
  Add(registry, context, "WaivePatrolTask", WaivePatrolTask);
  Add(registry, context, "GetPatrolTask", GetPatrolTask);
  Add(registry, context, "BatchGetPatrolTasks", BatchGetPatrolTasks);
  Add(registry, context, "ListPatrolTasks", ListPatrolTasks);
  Add(registry, context, "GetVisit", GetVisit);
  Add(registry, context, "ListVisits", ListVisits);
  InstallDraws(context, registry);
  return InstallPlans(context, registry);
}

}  // namespace gridwarden::patrol
