#include "base/status.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"

namespace gridwarden::grid {
namespace {

// The name at that time, with what the link is about: the code of a new code, the place above of a move.
std::string WordsOf(const domain::Ground& ground, const Uuid& id, domain::LineageKind kind, absl::Time at) {
  const domain::Division* division = ground.FindDivision(id);
  if (division == nullptr) return "";
  const std::string& name = domain::NameAt(*division, at);
  if (kind == domain::LineageKind::kRecode) {
    for (const domain::DivisionCode& code : division->codes) {
      if (code.valid.Contains(at)) return code.code + " " + name;
    }
  }
  if (kind != domain::LineageKind::kMove) return name;
  const std::vector<const domain::Division*> chain = ground.AncestorsAt(id, at, absl::InfiniteFuture());
  return chain.size() < 2 ? name : domain::NameAt(*chain[1], at) + "/" + name;
}

}  // namespace

absl::StatusOr<v1::ListLineagesResponse> ListLineages(GridArea& area, const rpc::Call& call,
                                                      const v1::ListLineagesRequest& request) {
  constexpr int kLineagesMax = 1000;
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  // A code or a name that was given up still finds the division that bore it.
  const std::vector<const domain::Division*> once =
      ground->DivisionsOnceSpelled(request.division(), call.now);
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
    to.set_from_display_name(
        WordsOf(*ground, lineage.from, lineage.kind, lineage.effective - absl::Microseconds(1)));
    to.set_to_display_name(WordsOf(*ground, lineage.to, lineage.kind, lineage.effective));
  }
  return response;
}

}  // namespace gridwarden::grid
