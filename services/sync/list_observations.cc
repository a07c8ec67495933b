#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "platform/rpc/page.h"
#include "sync/observation_repository.h"
#include "sync/subject.h"
#include "sync/sync.h"

namespace gridwarden::sync {

absl::StatusOr<v1::ListObservationsResponse> ListObservations(const Sync& sync, const rpc::Call& call,
                                                              const v1::ListObservationsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = sync.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  ObservationKey after;
  if (!page.after.empty()) {
    const std::optional<Uuid> id = page.after.size() == 2 ? Uuid::Parse(page.after[1]) : std::nullopt;
    if (!id || !absl::SimpleAtoi(page.after[0], &after.received_us))
      return InvalidField("page_token", "got no token of ours");
    after.id = *id;
  }
  // Who may see the subject sees all that was seen of it; others only what they said themselves.
  const absl::Status seen = ReadSubject(sync, call, request.subject()).status();
  if (!seen.ok() && !absl::IsPermissionDenied(seen) && !absl::IsNotFound(seen)) return seen;
  const Uuid only = seen.ok() ? Uuid() : call.principal.account;
  std::vector<ObservationRow> rows;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(rows, ListObservationsOf(tx, request.subject(), only, after, page.size + 1));
    return absl::OkStatus();
  }));
  if (!seen.ok() && rows.empty() && page.after.empty()) return seen;
  v1::ListObservationsResponse response;
  if (rows.size() > static_cast<size_t>(page.size)) {
    rows.resize(page.size);
    response.set_next_page_token(rpc::NextPageToken(
        request, {absl::StrCat(absl::ToUnixMicros(rows.back().received)), rows.back().id.ToString()}));
  }
  for (const ObservationRow& row : rows) *response.add_observations() = ShownObservation(*ground, row);
  return response;
}

}  // namespace gridwarden::sync
