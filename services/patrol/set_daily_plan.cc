#include "patrol/set_daily_plan.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"
#include "patrol/plan_inputs.h"
#include "patrol/plan_service.h"
#include "patrol/record_task.h"
#include "platform/journal/stage.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {

v1::DailyPlan DailyPlanOf(const DailyPlanRow& row) {
  v1::DailyPlan plan;
  plan.set_division(ResourceName("divisions", row.division));
  plan.set_enabled(row.enabled);
  if (row.planned_until) plan.set_planned_until_date(absl::FormatCivilTime(*row.planned_until));
  if (row.subject.seq == 0) return plan;
  *plan.mutable_update_time() = ToTimestamp(row.updated);
  plan.set_etag(absl::StrCat(row.subject.seq));
  return plan;
}

absl::StatusOr<v1::DailyPlan> SetDailyPlan(const AreaContext& context, const rpc::Call& call,
                                           const v1::SetDailyPlanRequest& request) {
  GW_ASSIGN_OR_RETURN(const PlanPlace place, AllowPlan(context, call, request.division()));
  GW_RETURN_IF_ERROR(RulesOf(context).status());
  return rpc::Mutate<v1::DailyPlan>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::DailyPlan> {
        GW_ASSIGN_OR_RETURN(DailyPlanRow row, LockDailyPlan(tx, place.standing.division));
        if (!request.etag().empty() && request.etag() != absl::StrCat(row.subject.seq))
          return EtagMismatch(request.division());
        row.enabled = request.enabled();
        row.updated = call.now;
        v1::DailyPlanEvent event;
        event.set_division(ResourceName("divisions", row.division));
        event.set_enabled(row.enabled);
        GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                            journal::Seal(call, {.kind = "daily_plan",
                                                 .before = row.subject,
                                                 .event = &event,
                                                 .post = place.acting.post,
                                                 .tenure = place.acting.tenure,
                                                 .rule_version = context.policy->version,
                                                 .request_id = request.request_id()}));
        row.subject = sealed.after;
        GW_RETURN_IF_ERROR(SaveDailyPlan(tx, row));
        GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
        return DailyPlanOf(row);
      });
}

}  // namespace gridwarden::patrol
