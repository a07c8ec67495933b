#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "platform/rpc/call.h"

// Where a row stands on the ground, and which rows a caller may see: what every area with ground_path columns
// needs.
namespace gridwarden::access {

// The ground columns of a row.
struct Standing {
  Uuid division;
  Uuid city;                // the CITY at or above it; nil when there is none
  std::string ground_path;  // Ground::PathKey(division)
};

// The division that `spelling` meant at `at`: every spelling of Ground::FindDivisionBySpelling.
// INVALID_ARGUMENT / DIVISION_CODE_UNKNOWN naming `field`.
absl::StatusOr<Standing> StandingOf(const domain::Ground& ground, std::string_view spelling, absl::Time at,
                                    std::string_view field);
// By id; the division must be on the ground.
absl::StatusOr<Standing> StandingOf(const domain::Ground& ground, const Uuid& division);

// Path keys of the subtrees that the caller may list with this rpc below `within` (a path key; empty =
// everywhere), sorted and disjoint. PERMISSION_DENIED / NOT_ALLOWED when there are none.
absl::StatusOr<std::vector<std::string>> ListScope(const domain::Ground& ground, const rpc::Call& call,
                                                   std::string_view within);

// The first key that no path below `ground_path` reaches.
std::string EndOfSubtree(std::string_view ground_path);

// What to answer when there is no such resource: NOT_FOUND to callers who may see everything, the refusal of
// AllowAt (of AllowAssigned for a row of that scope) to the others, so that nobody learns what exists
// elsewhere.
absl::Status Absent(const domain::Ground& ground, const rpc::Call& call, std::string_view resource);

}  // namespace gridwarden::access
