#include "base/status.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"

namespace gridwarden::grid {

absl::StatusOr<v1::ListLineagesResponse> ListLineages(GridArea& area, const rpc::Call& call, const v1::ListLineagesRequest& request) {
  constexpr int kLineagesMax = 1000;
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  // A code or a name that was given up still finds the division that bore it.
  const std::vector<const domain::Division*> once = ground->DivisionsOnceSpelled(request.division(), call.now);
  const domain::Division* division = once.size() == 1 ? once.front() : nullptr;
  if (division == nullptr) {
    GW_ASSIGN_OR_RETURN(division, FindDivision(*ground, request.division(), call.now, "division"));
  }
  v1::ListLineagesResponse response;
  *response.mutable_division() = ToProto(*ground, *division);
  for (const domain::Lineage& lineage : ground->lineages()) {
    if (lineage.from != division->id && lineage.to != division->id) continue;
    if (!request.include_revoked() && lineage.revoked != absl::InfiniteFuture()) continue;
    if (response.lineages_size() == kLineagesMax) break;
    v1::ListLineagesResponse::LineageWithNames& to = *response.add_lineages();
    *to.mutable_lineage() = ToProto(lineage);
    if (const domain::Division* from = ground->FindDivision(lineage.from)) to.set_from_display_name(domain::NameAt(*from, lineage.effective - absl::Microseconds(1)));
    if (const domain::Division* into = ground->FindDivision(lineage.to)) to.set_to_display_name(domain::NameAt(*into, lineage.effective));
  }
  return response;
}

}  // namespace gridwarden::grid
