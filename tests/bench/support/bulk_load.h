#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "support/bench_city.h"

// Writes many cases at once: the rows and journal entries casework itself writes (its Advance, Record and
// InsertCase build every one of them), only that the statements are gathered and sent as multi-row inserts.
// Left out is what the board does not read: receipts of requests, duties of persons, claims of photos.
namespace gridwarden::bench {

struct BulkPlan {
  int64_t first = 0;  // number of the first case; numbers are never used twice in one database
  int64_t cases = 0;
  // Every step of a life as an entry of its own; else only the last step, as if the case had been born with
  // it.
  bool whole_lives = true;
};

struct BulkResult {
  int64_t cases = 0, entries = 0;
};

absl::StatusOr<BulkResult> LoadCases(const City& city, const BulkPlan& plan);

}  // namespace gridwarden::bench
