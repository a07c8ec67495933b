#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "access/permission.h"
#include "access/standing.h"
#include "gridwarden/patrol/v1/plan_service.pb.h"

// Patrol plans (巡查计划): table of contents.
namespace gridwarden::patrol {

// Registers the rpcs; answers the worker that plans ahead by itself (none in a demo, whose day is told by
// its player).
std::vector<std::unique_ptr<Worker>> InstallPlans(const AreaContext& context, rpc::Registry& registry);

absl::StatusOr<v1::Plan> PreviewPlan(const AreaContext&, const rpc::Call&, const v1::PreviewPlanRequest&);
absl::StatusOr<v1::Plan> MakePlan(const AreaContext&, const rpc::Call&, const v1::MakePlanRequest&);
absl::StatusOr<v1::ListPlansResponse> ListPlans(const AreaContext&, const rpc::Call&,
                                                const v1::ListPlansRequest&);
absl::StatusOr<v1::DailyPlan> GetDailyPlan(const AreaContext&, const rpc::Call&,
                                           const v1::GetDailyPlanRequest&);
absl::StatusOr<v1::DailyPlan> SetDailyPlan(const AreaContext&, const rpc::Call&,
                                           const v1::SetDailyPlanRequest&);
absl::StatusOr<v1::QuotaProgress> GetQuotaProgress(const AreaContext&, const rpc::Call&,
                                                   const v1::GetQuotaProgressRequest&);
absl::StatusOr<v1::WaivePatrolTasksResponse> WaivePatrolTasks(const AreaContext&, const rpc::Call&,
                                                              const v1::WaivePatrolTasksRequest&);

// Where a plan is asked for, and in which post.
struct PlanPlace {
  access::Standing standing;
  access::Acting acting;
};
// Today's division of a spelling, if the caller may do this rpc there.
absl::StatusOr<PlanPlace> AllowPlan(const AreaContext& context, const rpc::Call& call,
                                    std::string_view division);

}  // namespace gridwarden::patrol
