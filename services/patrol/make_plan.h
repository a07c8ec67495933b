#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/permission.h"
#include "gridwarden/patrol/v1/plan_service.pb.h"
#include "patrol/patrol_repository.h"
#include "patrol/plan_inputs.h"
#include "patrol/plan_repository.h"

// From a plan to tasks: what MakePlan and the daily planner share.
namespace gridwarden::patrol {

// What one transaction makes comfortably.
inline constexpr int kPlanTasksMax = 5'000;
inline constexpr int kPlanDaysMax = 31;

// The days of a request, checked: at most kPlanDaysMax, not before today.
absl::StatusOr<domain::Slot> PlanDays(std::string_view from, std::string_view to, absl::Time now);

// Reads the past inside `tx`, plans, and answers what the plan says, with the rows of its tasks (no journal
// entries yet) when `rows` is given.
absl::StatusOr<v1::Plan> ThinkPlan(const AreaContext& context, db::Transaction& tx, const domain::Slot& days,
                                   PlanGround& ground, std::vector<TaskRow>* rows);

// Thinks, then writes the tasks, their entries and the plan's own row. PLAN_TOO_LARGE above kPlanTasksMax;
// ABORTED / LOST_RACE when somebody else planned the same just now.
absl::StatusOr<v1::Plan> WritePlan(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                                   const access::Acting& acting, const std::string& request_id,
                                   const domain::Slot& days, PlanGround& ground);

// What a stored plan says of itself.
v1::Plan PlanOf(const PlanRow& row);

}  // namespace gridwarden::patrol
