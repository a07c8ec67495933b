#include <algorithm>
#include <optional>

#include "base/status.h"
#include "platform/rpc/mutate.h"
#include "report/board_scope.h"
#include "report/report_service.h"
#include "report/rollup_repository.h"

namespace gridwarden::report {
namespace {

constexpr absl::Duration kBeforeDeadline = absl::Milliseconds(500);
constexpr absl::Duration kLookAgain = absl::Milliseconds(20);

v1::Rebuild RebuildOf(const Generation& generation, uint64_t target, const absl::Status& health) {
  v1::Rebuild rebuild = generation.first;
  const bool running = generation.state == GenerationState::kBuilding;
  rebuild.set_state(running ? v1::Rebuild::RUNNING : v1::Rebuild::DONE);
  rebuild.set_generation(generation.generation);
  rebuild.set_folded_index(generation.next_index);
  rebuild.set_target_index(running ? target : generation.next_index);
  rebuild.set_differences(generation.differences);
  *rebuild.mutable_start_time() = TimestampOf(absl::ToUnixMicros(generation.started));
  if (generation.finished != absl::InfiniteFuture()) {
    *rebuild.mutable_finish_time() = TimestampOf(absl::ToUnixMicros(generation.finished));
  }
  if (running && !health.ok()) rebuild.set_problem(std::string(health.message()));
  return rebuild;
}

absl::StatusOr<v1::Rebuild> ReadRebuild(Report& report, absl::Time deadline) {
  std::optional<Generation> latest;
  GW_RETURN_IF_ERROR(report.context.database.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(latest, ReadLatestRebuild(tx));
    return absl::OkStatus();
  }));
  if (!latest) return NotFound("rebuild");
  return RebuildOf(*latest, report.live.index(), report.worker.Health());
}

}  // namespace

absl::StatusOr<v1::Rebuild> RebuildRollup(Report& report, const rpc::Call& call,
                                          const v1::RebuildRollupRequest& request) {
  const absl::StatusOr<v1::Rebuild> started = rpc::Mutate<v1::Rebuild>(
      report.context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Rebuild> {
        GW_RETURN_IF_ERROR(EnsureGeneration(tx, call.now));
        GW_ASSIGN_OR_RETURN(const auto building, ReadGeneration(tx, GenerationState::kBuilding));
        if (building) return RebuildOf(*building, 0, absl::OkStatus());
        GW_ASSIGN_OR_RETURN(const Generation generation, StartGeneration(tx, call.now));
        return RebuildOf(generation, 0, absl::OkStatus());
      });
  GW_RETURN_IF_ERROR(started.status());
  report.worker.Wake();
  // Short logs are done while the caller waits.
  const absl::Time until = call.deadline - kBeforeDeadline;
  while (true) {
    GW_ASSIGN_OR_RETURN(const v1::Rebuild rebuild, ReadRebuild(report, call.deadline));
    if (rebuild.generation() != started->generation() || rebuild.state() == v1::Rebuild::DONE ||
        absl::Now() >= until)
      return rebuild;
    report.live.WaitFor(report.live.index() + 1, std::min(until, absl::Now() + kLookAgain));
  }
}

absl::StatusOr<v1::Rebuild> GetRebuild(Report& report, const rpc::Call& call, const v1::GetRebuildRequest&) {
  return ReadRebuild(report, call.deadline);
}

}  // namespace gridwarden::report
