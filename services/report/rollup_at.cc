#include "report/rollup_at.h"

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"

namespace gridwarden::report {

absl::Status ReadSteady(db::Database& database, absl::Time deadline,
                        const std::function<absl::Status(db::Transaction&)>& body) {
  while (true) {
    const absl::Status read = database.Read(deadline, body);
    if (read.code() != absl::StatusCode::kAborted || absl::Now() >= deadline) return read;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

absl::StatusOr<Generation> CopyCells(db::Transaction& tx, const LiveRollup& live,
                                     const absl::flat_hash_set<Uuid>& divisions,
                                     const std::vector<GroundRange>& ranges, RollupAt& copy) {
  int64_t copied_generation = 0;
  live.Look([&](const domain::Rollup& rollup, int64_t generation, uint64_t index) {
    copy.rollup = rollup.Slice(divisions);
    copy.index = index;
    copied_generation = generation;
  });
  GW_ASSIGN_OR_RETURN(const auto active, ReadGeneration(tx, GenerationState::kActive));
  if (!active || active->generation != copied_generation)
    return absl::AbortedError("the generation was swapped");
  // Memory may have moved on since the snapshot was taken, or lag behind it.
  if (copy.index < active->next_index) {
    for (const GroundRange& range : ranges) {
      GW_RETURN_IF_ERROR(
          ReadDifference(tx, active->generation, copy.index, range, kHistoryRowsMax,
                         [&](const domain::Fact& fact, int64_t n) { copy.rollup.Add(fact, n); }));
    }
    copy.index = active->next_index;
  }
  if (copy.index > active->next_index) return absl::AbortedError("memory is ahead of the snapshot");
  return *active;
}

absl::StatusOr<RollupAt> ReadRollupAt(db::Database& database, const LiveRollup& live,
                                      const absl::flat_hash_set<Uuid>& divisions,
                                      const std::vector<GroundRange>& ranges, uint64_t index,
                                      absl::Time deadline) {
  RollupAt at;
  const absl::Status read = ReadSteady(database, deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const Generation active, CopyCells(tx, live, divisions, ranges, at));
    if (index > active.next_index) {
      return InvalidField("at_index", absl::StrCat("got ", index, ", want <= ", active.next_index,
                                                   " (entries counted so far)"));
    }
    if (index == active.next_index) return absl::OkStatus();
    const bool backward = active.next_index - index <= index;
    if (!backward) at.rollup = domain::Rollup(divisions);
    absl::Status moved;
    for (const GroundRange& range : ranges) {
      if (!moved.ok()) break;
      moved = backward ? ReadDifference(tx, active.generation, index, range, kHistoryRowsMax,
                                        [&](const domain::Fact& fact, int64_t n) { at.rollup.Add(fact, -n); })
                       : ReadFactsAt(tx, active.generation, index, range, kHistoryRowsMax,
                                     [&](const domain::Fact& fact, int64_t n) { at.rollup.Add(fact, n); });
    }
    at.index = index;
    return moved;
  });
  if (read.code() == absl::StatusCode::kOutOfRange) {
    return InvalidField("at_index",
                        absl::StrCat("got ", index, ", want one within ", kHistoryRowsMax,
                                     " changes of this division from the newest or the first entry"));
  }
  GW_RETURN_IF_ERROR(read);
  return at;
}

}  // namespace gridwarden::report
