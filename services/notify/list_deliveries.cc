#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "notify/delivery_repository.h"
#include "notify/notify.h"
#include "notify/timestamps.h"
#include "platform/rpc/mutate.h"
#include "platform/rpc/page.h"

namespace gridwarden::notify {
namespace {

constexpr int kRetriedMax = 1'000;

v1::Delivery Shown(const ListedDelivery& row) {
  v1::Delivery delivery;
  delivery.set_notice(ResourceName("notices", row.notice));
  delivery.set_kind(row.kind);
  delivery.set_channel(row.channel);
  delivery.set_state(row.state);
  delivery.set_target(ResourceName(row.channel == v1::Delivery::INBOX ? "persons" : "divisions", row.target));
  delivery.set_attempts(row.attempts);
  SetTime(row.due, delivery.mutable_due_time());
  if (row.ended != absl::InfiniteFuture()) SetTime(row.ended, delivery.mutable_end_time());
  delivery.set_last_error(row.error);
  return delivery;
}

}  // namespace

absl::StatusOr<v1::ListDeliveriesResponse> ListDeliveries(const AreaContext& context, const rpc::Call& call,
                                                          const v1::ListDeliveriesRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  int64_t after_us = 0;
  std::string after_id;
  if (!page.after.empty()) {
    const std::optional<Uuid> id = page.after.size() == 2 ? Uuid::Parse(page.after[1]) : std::nullopt;
    if (!id || !absl::SimpleAtoi(page.after[0], &after_us))
      return InvalidField("page_token", "got no token of ours");
    after_id = id->Bytes();
  }
  const v1::Delivery::State state =
      request.state() == v1::Delivery::STATE_UNSPECIFIED ? v1::Delivery::GIVEN_UP : request.state();
  std::vector<ListedDelivery> rows;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(rows, ReadDeliveries(tx, state, after_us, after_id, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListDeliveriesResponse response;
  if (rows.size() > static_cast<size_t>(page.size)) {
    rows.resize(page.size);
    response.set_next_page_token(rpc::NextPageToken(
        request, {absl::StrCat(absl::ToUnixMicros(rows.back().due)), rows.back().notice.ToString()}));
  }
  for (const ListedDelivery& row : rows) *response.add_deliveries() = Shown(row);
  return response;
}

absl::StatusOr<v1::RetryDeliveriesResponse> RetryDeliveries(const AreaContext& context, const rpc::Call& call,
                                                            const v1::RetryDeliveriesRequest& request) {
  if (request.channel() != v1::Delivery::INBOX && request.channel() != v1::Delivery::WEBHOOK)
    return InvalidField("channel", absl::StrCat("got ", request.channel(), ", want INBOX or WEBHOOK"));
  return rpc::Mutate<v1::RetryDeliveriesResponse>(
      context.database, call, request,
      [&](db::Transaction& tx) -> absl::StatusOr<v1::RetryDeliveriesResponse> {
        GW_ASSIGN_OR_RETURN(const int retried, RetryGivenUp(tx, request.channel(), call.now, kRetriedMax));
        v1::RetryDeliveriesResponse response;
        response.set_retried(retried);
        response.set_more(retried == kRetriedMax);
        return response;
      });
}

}  // namespace gridwarden::notify
