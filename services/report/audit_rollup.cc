#include <memory>
#include <vector>

#include "report/board_scope.h"
#include "report/report_service.h"
#include "report/rollup_at.h"
#include "report/rollup_repository.h"

namespace gridwarden::report {
namespace {

constexpr int kDifferencesShown = 100;

}  // namespace

absl::StatusOr<v1::Audit> AuditRollup(Report& report, const rpc::Call& call,
                                      const v1::AuditRollupRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = report.context.directory.ground();
  GW_ASSIGN_OR_RETURN(const domain::Division* division, AllowedDivision(*ground, call, request.division()));
  GW_RETURN_IF_ERROR(report.live.EnsureLoaded(call.now, call.deadline));
  const absl::flat_hash_set<Uuid> divisions{division->id};
  const std::vector<GroundRange> ranges = RangesOf(*ground, division->id);
  v1::Audit audit;
  GW_RETURN_IF_ERROR(
      ReadSteady(report.context.database, call.deadline, [&](db::Transaction& tx) -> absl::Status {
        audit.Clear();
        RollupAt shown;
        GW_ASSIGN_OR_RETURN(const Generation active, CopyCells(tx, report.live, divisions, ranges, shown));
        domain::Rollup recount(divisions);
        int64_t facts = 0;
        for (const GroundRange& range : ranges) {
          GW_RETURN_IF_ERROR(ReadAllFacts(tx, active.generation, range, [&](const domain::Fact& fact) {
            recount.Add(fact, 1);
            ++facts;
          }));
        }
        const std::vector<domain::CellDifference> differences =
            domain::Rollup::Compare(shown.rollup, recount);
        audit.set_log_index(shown.index);
        audit.set_facts_counted(facts);
        audit.set_differences(static_cast<int64_t>(differences.size()));
        for (size_t i = 0; i < differences.size() && i < kDifferencesShown; ++i) {
          v1::Difference* one = audit.add_first();
          one->set_division(ResourceName("divisions", differences[i].division));
          one->set_category(differences[i].category);
          one->set_measure(differences[i].what);
          one->set_board(differences[i].left);
          one->set_recount(differences[i].right);
        }
        return absl::OkStatus();
      }));
  return audit;
}

}  // namespace gridwarden::report
