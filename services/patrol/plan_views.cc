#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>

#include "absl/strings/numbers.h"
#include "base/status.h"
#include "patrol/make_plan.h"
#include "patrol/plan_repository.h"
#include "patrol/plan_service.h"
#include "patrol/record_task.h"
#include "patrol/set_daily_plan.h"
#include "platform/rpc/page.h"

// What plans show of themselves.
namespace gridwarden::patrol {

absl::StatusOr<v1::ListPlansResponse> ListPlans(const AreaContext& context, const rpc::Call& call,
                                                const v1::ListPlansRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  absl::Time before = absl::InfiniteFuture();
  Uuid before_id;
  if (!page.after.empty()) {
    int64_t made_us = 0;
    const std::optional<Uuid> id = page.after.size() == 2 ? Uuid::FromBytes(page.after[1]) : std::nullopt;
    if (!id || !absl::SimpleAtoi(page.after[0], &made_us))
      return InvalidField("page_token", "want a token that this rpc gave");
    before = absl::FromUnixMicros(made_us);
    before_id = *id;
  }
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> within,
                      access::PathKeysOf(*ground, request.division(), call.now, "division"));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> grounds, access::ListScope(*ground, call, within));
  std::vector<PlanRow> rows;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    rows.clear();
    // Each ground's are in order, so the newest of all are among the newest of each.
    for (const std::string& path : grounds) {
      GW_ASSIGN_OR_RETURN(std::vector<PlanRow> part,
                          ListPlanRows(tx, path, before, before_id, page.size + 1));
      std::move(part.begin(), part.end(), std::back_inserter(rows));
    }
    return absl::OkStatus();
  }));
  std::sort(rows.begin(), rows.end(), [](const PlanRow& a, const PlanRow& b) {
    return std::tie(b.made, b.id) < std::tie(a.made, a.id);
  });
  v1::ListPlansResponse response;
  for (const PlanRow& row : rows) {
    if (response.plans_size() == page.size) {
      const PlanRow& last = rows[page.size - 1];
      response.set_next_page_token(
          rpc::NextPageToken(request, {std::to_string(absl::ToUnixMicros(last.made)), last.id.Bytes()}));
      break;
    }
    v1::Plan& plan = *response.add_plans();
    plan = PlanOf(row);
    plan.clear_rules();
  }
  return response;
}

absl::StatusOr<v1::DailyPlan> GetDailyPlan(const AreaContext& context, const rpc::Call& call,
                                           const v1::GetDailyPlanRequest& request) {
  GW_ASSIGN_OR_RETURN(const PlanPlace place, AllowPlan(context, call, request.division()));
  DailyPlanRow row;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(row, ReadDailyPlan(tx, place.standing.division));
    return absl::OkStatus();
  }));
  return DailyPlanOf(row);
}

}  // namespace gridwarden::patrol
