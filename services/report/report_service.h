#pragma once

#include <memory>
#include <vector>

#include "access/area.h"
#include "gridwarden/report/v1/report_service.pb.h"
#include "platform/rpc/registry.h"
#include "report/folding_worker.h"
#include "report/live_rollup.h"

// The report area: the closure board. How it counts: domain/rollup; how it stays exact: fold_feed.h,
// live_rollup.h.
//
// An index in the past is answered from the versions of facts: the cells in memory are moved back by one row
// per fact that changed since (or built up from the first entry, where that is nearer), at most 1,000,000
// rows.
namespace gridwarden::report {

// What the rpcs share.
struct Report {
  const AreaContext& context;
  LiveRollup live;
  FoldingWorker worker;

  explicit Report(const AreaContext& area)
      : context(area),
        live(area.database),
        worker(area.database, area.directory, area.channel("journal"), area.clock, live) {}
};

absl::StatusOr<v1::Board> GetBoard(Report& report, const rpc::Call& call, const v1::GetBoardRequest& request);
absl::StatusOr<v1::BoardFile> ExportBoard(Report& report, const rpc::Call& call,
                                          const v1::GetBoardRequest& request);
absl::StatusOr<v1::ListBoardCasesResponse> ListBoardCases(Report& report, const rpc::Call& call,
                                                          const v1::ListBoardCasesRequest& request);
absl::StatusOr<v1::Rebuild> RebuildRollup(Report& report, const rpc::Call& call,
                                          const v1::RebuildRollupRequest& request);
absl::StatusOr<v1::Rebuild> GetRebuild(Report& report, const rpc::Call& call,
                                       const v1::GetRebuildRequest& request);
absl::StatusOr<v1::Audit> AuditRollup(Report& report, const rpc::Call& call,
                                      const v1::AuditRollupRequest& request);

// Registers the rpcs; the worker folds the feed. `context` outlives both.
std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

}  // namespace gridwarden::report
