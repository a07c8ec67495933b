#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/grid_service.h"
#include "grid/reorganisation.h"

namespace gridwarden::grid {

absl::StatusOr<v1::Reorganisation> CorrectReorganisation(GridArea& area, const rpc::Call& call,
                                                         const v1::CorrectReorganisationRequest& request) {
  if (request.lineages_size() > kOperationsMax)
    return InvalidField("lineages",
                        absl::StrFormat("got %d, want at most %d", request.lineages_size(), kOperationsMax));
  std::vector<Uuid> ids;
  for (int i = 0; i < request.lineages_size(); ++i) {
    GW_ASSIGN_OR_RETURN(
        const Uuid id, ParseResourceName("lineages", request.lineages(i), absl::StrCat("lineages[", i, "]")));
    ids.push_back(id);
  }
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  std::vector<Uuid> touched;
  for (const domain::Lineage& lineage : ground->lineages()) {
    if (std::find(ids.begin(), ids.end(), lineage.id) == ids.end()) continue;
    touched.push_back(lineage.to.IsNil() ? lineage.from : lineage.to);
  }
  const v1::OpenWork open_work = OpenWorkOn(area, call, *ground, touched);
  return MutateOrTry<v1::Reorganisation>(
      area, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Reorganisation> {
        GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, {}, request.request_id()));
        GW_ASSIGN_OR_RETURN(const std::vector<LineageRow> rows, LockLineages(tx, ids));
        std::vector<LineageRow> lineages;  // in the order asked
        for (const Uuid& id : ids) {
          const auto row =
              std::find_if(rows.begin(), rows.end(), [&](const LineageRow& r) { return r.record.id == id; });
          if (row == rows.end()) return NotFound(ResourceName("lineages", id));
          if (row->record.revoked != absl::InfiniteFuture()) {
            return FailedPrecondition("ILLEGAL_TRANSITION", "the link was withdrawn before",
                                      {{"state", "REVOKED"}, {"action", "CORRECT"}});
          }
          if (!lineages.empty() && row->record.recorded != lineages.front().record.recorded) {
            return InvalidField("lineages",
                                "got links of several reorganisations, want those of one at a time");
          }
          lineages.push_back(*row);
        }
        if (!request.etag().empty() && request.etag() != absl::StrCat(lineages.front().record.revision))
          return EtagMismatch(request.lineages(0));
        Reorganiser reorganiser(area, call, *ground, tx, change, lineages.front().record.effective,
                                lineages.front().record.document_no);
        GW_RETURN_IF_ERROR(reorganiser.Withdraw(lineages));
        GW_ASSIGN_OR_RETURN(v1::Reorganisation answer, reorganiser.Finish(request.dry_run()));
        *answer.mutable_open_work() = open_work;
        if (!request.dry_run()) GW_RETURN_IF_ERROR(change.Save());
        return answer;
      });
}

}  // namespace gridwarden::grid
