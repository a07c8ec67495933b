#include <algorithm>

#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/handler.h"
#include "casework/routing.h"
#include "casework/timestamps.h"
#include "casework/views.h"

namespace gridwarden::casework {
namespace {

void Fill(const domain::Ground& ground, const domain::Bearer& bearer, v1::Route::Bearer& out) {
  out.set_name(ResourceName(bearer.is_unit ? "units" : "posts", bearer.id));
  out.set_display_name(DisplayName(ground, Handler{bearer.id, bearer.is_unit}));
  out.set_vacant(!bearer.held);
}

}  // namespace

absl::StatusOr<v1::ProposeRouteResponse> ProposeRoute(const Casework& casework, const rpc::Call& call,
                                                      const v1::ProposeRouteRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  CaseFile file;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(file, ReadCase(tx, request.name()));
    return absl::OkStatus();
  }));
  GW_RETURN_IF_ERROR(AllowView(*ground, call, file));
  v1::ProposeRouteResponse response;
  for (const domain::Route& route :
       domain::RoutesFor(*casework.policy, *ground, QuestionOf(file), call.now)) {
    v1::Route& out = *response.add_routes();
    *out.mutable_item() = ToProto(*route.item);
    for (const domain::Bearer& lead : route.leads) Fill(*ground, lead, *out.add_leads());
    for (const domain::Bearer& unit : route.cooperators) Fill(*ground, unit, *out.add_cooperators());
  }
  return response;
}

absl::StatusOr<v1::ListDutyItemsResponse> ListDutyItems(const Casework& casework, const rpc::Call& call,
                                                        const v1::ListDutyItemsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckCategoryFilter(policy, request.category()));
  v1::ListDutyItemsResponse response;
  if (policy.duty_list == nullptr) return response;
  const absl::Time at = request.has_at_time() ? FromTimestamp(request.at_time()) : call.now;
  if (request.division().empty()) {
    for (const domain::DutyItem& item : policy.duty_list->items) {
      const bool all = request.category().empty();
      const auto named = [&](const std::string& code) { return code == "*" || code == request.category(); };
      if (all || std::any_of(item.categories.begin(), item.categories.end(), named))
        *response.add_items() = ToProto(item);
    }
    return response;
  }
  const domain::Division* division = ground->FindDivisionBySpelling(request.division(), at);
  if (division == nullptr) return InvalidField("division", "got no division of that time, want one");
  for (const domain::DutyItem* item :
       domain::ItemsFor(policy, *ground, {request.category(), division->id, at})) {
    *response.add_items() = ToProto(*item);
  }
  return response;
}

}  // namespace gridwarden::casework
