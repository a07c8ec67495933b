#include <algorithm>
#include <tuple>

#include "base/status.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "platform/rpc/page.h"

namespace gridwarden::grid {

absl::StatusOr<v1::ListUnitsResponse> ListUnits(GridArea& area, const rpc::Call& call,
                                                const v1::ListUnitsRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  Uuid division;
  if (!request.division().empty()) {
    GW_ASSIGN_OR_RETURN(const domain::Division* found,
                        FindDivision(*ground, request.division(), call.now, "division"));
    division = found->id;
  }
  using Key = std::pair<std::string, Uuid>;  // place, unit
  std::vector<std::pair<Key, const domain::Unit*>> wanted;
  for (const domain::Unit& unit : ground->units()) {
    if (division.IsNil() || unit.division == division)
      wanted.emplace_back(Key{ground->PathKey(unit.division), unit.id}, &unit);
  }
  std::sort(wanted.begin(), wanted.end());
  auto next = wanted.begin();
  if (page.after.size() == 2) {
    const Key after{page.after[0], Uuid::FromBytes(page.after[1]).value_or(Uuid())};
    next = std::upper_bound(wanted.begin(), wanted.end(), after,
                            [](const Key& key, const auto& entry) { return key < entry.first; });
  }
  v1::ListUnitsResponse response;
  for (; next != wanted.end() && response.units_size() < page.size; ++next)
    *response.add_units() = ToProto(*next->second);
  if (next != wanted.end()) {
    const Key& key = std::prev(next)->first;
    response.set_next_page_token(rpc::NextPageToken(request, {key.first, key.second.Bytes()}));
  }
  return response;
}

}  // namespace gridwarden::grid
