#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/grid_service.h"
#include "grid/reorganisation.h"

namespace gridwarden::grid {

absl::StatusOr<v1::Reorganisation> ReorganiseDivisions(GridArea& area, const rpc::Call& call,
                                                       const v1::ReorganiseDivisionsRequest& request) {
  if (request.operations_size() > kOperationsMax)
    return InvalidField(
        "operations", absl::StrFormat("got %d, want at most %d", request.operations_size(), kOperationsMax));
  GW_ASSIGN_OR_RETURN(const absl::Time effective, ReadEffectiveTime(call, request.effective_time()));
  GW_RETURN_IF_ERROR(CheckDocumentNo(request.document_no()));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  // Asked before the transaction: other areas are never called inside one.
  std::vector<Uuid> touched;
  for (const v1::DivisionOperation& operation : request.operations()) {
    if (operation.kind() == v1::Lineage::RENAME || operation.kind() == v1::Lineage::RECODE) continue;
    if (const domain::Division* division = ground->FindDivisionBySpelling(operation.division(), effective))
      touched.push_back(division->id);
  }
  const v1::OpenWork open_work = OpenWorkOn(area, call, *ground, touched);
  return MutateOrTry<v1::Reorganisation>(
      area, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Reorganisation> {
        GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, {}, request.request_id()));
        Reorganiser reorganiser(area, call, *ground, tx, change, effective, request.document_no());
        for (int i = 0; i < request.operations_size(); ++i)
          GW_RETURN_IF_ERROR(reorganiser.Take(request.operations(i), i));
        GW_ASSIGN_OR_RETURN(v1::Reorganisation answer, reorganiser.Finish(request.dry_run()));
        *answer.mutable_open_work() = open_work;
        if (!request.dry_run()) GW_RETURN_IF_ERROR(change.Save());
        return answer;
      });
}

}  // namespace gridwarden::grid
