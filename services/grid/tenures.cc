#include <algorithm>
#include <tuple>

#include "base/status.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "platform/rpc/page.h"

namespace gridwarden::grid {

absl::StatusOr<v1::ListTenuresResponse> ListTenures(GridArea& area, const rpc::Call& call,
                                                    const v1::ListTenuresRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  const bool of_person = request.parent().rfind("persons/", 0) == 0;
  GW_ASSIGN_OR_RETURN(const Uuid parent,
                      ParseResourceName(of_person ? "persons" : "posts", request.parent(), "parent"));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  if (of_person ? ground->FindPerson(parent) == nullptr : ground->FindPost(parent) == nullptr) {
    return NotFound(request.parent());
  }
  // In the order in which they were true, then in which they were written down.
  using Key = std::tuple<int64_t, int64_t, Uuid>;
  std::vector<std::pair<Key, const domain::Tenure*>> wanted;
  for (const domain::Tenure* tenure :
       of_person ? ground->TenuresOfPerson(parent) : ground->TenuresOfPost(parent)) {
    if (!request.include_revoked() && tenure->revoked != absl::InfiniteFuture()) continue;
    wanted.emplace_back(
        Key{absl::ToUnixMicros(tenure->valid.from), absl::ToUnixMicros(tenure->recorded), tenure->id},
        tenure);
  }
  std::sort(wanted.begin(), wanted.end());
  auto next = wanted.begin();
  if (page.after.size() == 3) {
    const Key after{std::atoll(page.after[0].c_str()), std::atoll(page.after[1].c_str()),
                    Uuid::FromBytes(page.after[2]).value_or(Uuid())};
    next = std::upper_bound(wanted.begin(), wanted.end(), after,
                            [](const Key& key, const auto& entry) { return key < entry.first; });
  }
  v1::ListTenuresResponse response;
  for (; next != wanted.end() && response.tenures_size() < page.size; ++next)
    *response.add_tenures() = ToProto(*next->second);
  if (next != wanted.end()) {
    const auto& [from, recorded, id] = std::prev(next)->first;
    response.set_next_page_token(
        rpc::NextPageToken(request, {std::to_string(from), std::to_string(recorded), id.Bytes()}));
  }
  return response;
}

}  // namespace gridwarden::grid
