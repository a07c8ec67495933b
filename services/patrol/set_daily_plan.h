#pragma once

#include "gridwarden/patrol/v1/plan_service.pb.h"
#include "patrol/plan_repository.h"

namespace gridwarden::patrol {

v1::DailyPlan DailyPlanOf(const DailyPlanRow& row);

}  // namespace gridwarden::patrol
