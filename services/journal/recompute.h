#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/db/database.h"

// The tree as the stored entries give it, computed again from their bytes alone.
namespace gridwarden::journal {

struct Recomputed {
  std::string origin;
  uint64_t size = 0;
  std::string root;
  std::map<uint64_t, std::string> roots;  // at each of the asked sizes that the log has reached
};

// Reads every entry of the log. DATA_LOSS, naming the first entry that is missing or altered, when indices
// have gaps, a leaf is not its body's, a subject's chain is broken, or the head does not say what the entries
// give.
absl::StatusOr<Recomputed> Recompute(db::Database& database, const std::vector<uint64_t>& sizes);

}  // namespace gridwarden::journal
