#include "base/status.h"
#include "casework/list_key.h"
#include "casework/supervision.h"
#include "casework/supervision_service.h"
#include "casework/views.h"
#include "platform/rpc/page.h"

namespace gridwarden::casework {
namespace {

absl::StatusOr<OrderFilter> ReadFilter(const domain::Ground& ground, const rpc::Call& call,
                                       const v1::ListOrdersRequest& request) {
  OrderFilter filter;
  GW_ASSIGN_OR_RETURN(filter.states, ReadStates<v1::SupervisionOrder::State>(
                                         request.states(), v1::SupervisionOrder::State_IsValid));
  GW_ASSIGN_OR_RETURN(filter.case_id, ParseResourceName("cases", request.case_(), "case"));
  filter.only_addressed = request.addressed_to_me();
  if (filter.only_addressed) {
    // What is addressed to the caller is seen wherever it stands.
    filter.addressees = access::AssigneesOf(ground, call);
    if (filter.states.empty()) filter.states = {v1::SupervisionOrder::ISSUED};
    if (request.division().empty()) return filter;
  }
  GW_ASSIGN_OR_RETURN(filter.grounds, ScopeWithin(ground, call, request.division()));
  return filter;
}

}  // namespace

absl::StatusOr<v1::ListOrdersResponse> ListOrders(const Casework& casework, const rpc::Call& call,
                                                  const v1::ListOrdersRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const std::optional<ListKey> after, ReadListKey(page));
  GW_ASSIGN_OR_RETURN(const OrderFilter filter, ReadFilter(*ground, call, request));
  std::vector<OrderFile> files;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    const OrderKey key = after ? OrderKey{after->time_us, after->id} : OrderKey();
    GW_ASSIGN_OR_RETURN(files, ListOrderFiles(tx, filter, after ? &key : nullptr, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListOrdersResponse response;
  for (size_t i = 0; i < files.size() && i < static_cast<size_t>(page.size); ++i)
    *response.add_orders() = View(*ground, files[i]);
  if (files.size() > static_cast<size_t>(page.size)) {
    const OrderFile& last = files[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, WriteListKey({absl::ToUnixMicros(last.recorded), last.id})));
  }
  return response;
}

}  // namespace gridwarden::casework
