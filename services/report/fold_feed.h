#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "domain/rollup/fact.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "platform/db/database.h"
#include "report/rollup_repository.h"

// From entries of the feed to facts and counters.
namespace gridwarden::report {

// What one entry says, before it is folded onto what was known.
struct FoldStep {
  domain::Fact next;
  bool forced_now = false;
};

// Reads an entry of kind signal.transition or case.transition; none for another kind. UNAVAILABLE when the
// ground does not know the division yet, INTERNAL when the entry cannot be read: the fold then stands still
// rather than count wrongly.
absl::StatusOr<std::optional<FoldStep>> StepOf(uint64_t index, const journal::v1::Entry& entry,
                                               const domain::Ground& ground);

// Folds steps (in index order, all below `next_index`) into a generation and moves its cursor from `start`,
// in one transaction with it. ABORTED-free refusal: FAILED_PRECONDITION when the cursor is no longer at
// `start` (somebody else folded); then read again.
absl::Status FoldSteps(db::Transaction& tx, int64_t generation, uint64_t start, uint64_t next_index,
                       std::span<const FoldStep> steps);

}  // namespace gridwarden::report
