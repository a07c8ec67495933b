#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "domain/rollup/rollup.h"
#include "report/live_rollup.h"
#include "report/rollup_repository.h"

// Some cells of the board at an index of the log.
namespace gridwarden::report {

inline constexpr int64_t kHistoryRowsMax = 1'000'000;

struct RollupAt {
  uint64_t index = 0;
  domain::Rollup rollup;
};

// The cells of `divisions`, as far as they are counted in `ranges` (RangesOf), for entries 0 .. index-1.
// INVALID_FIELD on at_index beyond what is counted, or farther than kHistoryRowsMax changes from either end
// of the log.
absl::StatusOr<RollupAt> ReadRollupAt(db::Database& database, const LiveRollup& live,
                                      const absl::flat_hash_set<Uuid>& divisions,
                                      const std::vector<GroundRange>& ranges, uint64_t index,
                                      absl::Time deadline);

// Reads in a snapshot, again while the body answers ABORTED (see CopyCells) and the deadline allows.
absl::Status ReadSteady(db::Database& database, absl::Time deadline,
                        const std::function<absl::Status(db::Transaction&)>& body);

// A copy of the cells in memory moved to the cursor of the snapshot `tx`; answers that generation.
// ABORTED when the generation was swapped meanwhile: read again.
absl::StatusOr<Generation> CopyCells(db::Transaction& tx, const LiveRollup& live,
                                     const absl::flat_hash_set<Uuid>& divisions,
                                     const std::vector<GroundRange>& ranges, RollupAt& copy);

}  // namespace gridwarden::report
