#include "patrol/plan_service.h"

#include <string>

#include "patrol/daily_planner.h"

namespace gridwarden::patrol {
namespace {

template <typename Request, typename Response>
void Add(rpc::Registry& registry, const AreaContext& context, const char* method,
         absl::StatusOr<Response> (*body)(const AreaContext&, const rpc::Call&, const Request&)) {
  registry.Add<Request, Response>(std::string("gridwarden.patrol.v1.PlanService/") + method,
                                  [context, body](const rpc::Call& call, const Request& request) {
                                    return body(context, call, request);
                                  });
}

}  // namespace

std::vector<std::unique_ptr<Worker>> InstallPlans(const AreaContext& context, rpc::Registry& registry) {
  Add(registry, context, "PreviewPlan", PreviewPlan);
  Add(registry, context, "MakePlan", MakePlan);
  Add(registry, context, "ListPlans", ListPlans);
  Add(registry, context, "GetDailyPlan", GetDailyPlan);
  Add(registry, context, "SetDailyPlan", SetDailyPlan);
  Add(registry, context, "GetQuotaProgress", GetQuotaProgress);
  Add(registry, context, "WaivePatrolTasks", WaivePatrolTasks);
  std::vector<std::unique_ptr<Worker>> workers;
  if (!context.demo) workers.push_back(std::make_unique<DailyPlanner>(context));
  return workers;
}

absl::StatusOr<PlanPlace> AllowPlan(const AreaContext& context, const rpc::Call& call,
                                    std::string_view division) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  PlanPlace place;
  GW_ASSIGN_OR_RETURN(place.standing, access::StandingOf(*ground, division, call.now, "division"));
  GW_ASSIGN_OR_RETURN(place.acting, access::AllowAt(*ground, call, place.standing.division));
  return place;
}

}  // namespace gridwarden::patrol
