#include "base/status.h"
#include "casework/casework.h"
#include "casework/conflict_repository.h"
#include "platform/rpc/page.h"

namespace gridwarden::casework {
namespace {

// What the caller's campaign offices see; empty for everybody else.
std::vector<std::string> OfficeGrounds(const domain::Ground& ground, const rpc::Call& call) {
  std::vector<std::string> keys;
  for (const domain::Holding& holding :
       ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture())) {
    if (holding.post->kind != domain::PostKind::kCampaignOffice) continue;
    for (std::string& key : ground.PathKeysHeldBy(ground.DivisionOf(*holding.post), call.now))
      keys.push_back(std::move(key));
  }
  return domain::WithoutInner(std::move(keys));
}

}  // namespace

absl::StatusOr<v1::ListConflictsResponse> ListConflicts(const Casework& casework, const rpc::Call& call,
                                                        const v1::ListConflictsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const std::optional<ListKey> after, ReadListKey(page));
  ConflictFilter filter{.own = call.principal.person, .grounds = OfficeGrounds(*ground, call)};
  GW_ASSIGN_OR_RETURN(filter.person, ParseResourceName("persons", request.person(), "person"));
  if (!request.ended()) filter.in_force_at = call.now;
  std::vector<ConflictFile> conflicts;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(conflicts, ListConflictFiles(tx, filter, after, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListConflictsResponse response;
  for (size_t i = 0; i < conflicts.size() && i < static_cast<size_t>(page.size); ++i) {
    *response.add_conflicts() = ToProto(conflicts[i]);
  }
  if (conflicts.size() > static_cast<size_t>(page.size)) {
    const ConflictFile& last = conflicts[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, WriteListKey({absl::ToUnixMicros(last.declared), last.id})));
  }
  return response;
}

}  // namespace gridwarden::casework
