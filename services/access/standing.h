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
  Uuid division;            // that held the ground at the time of the row
  Uuid city;                // the CITY at or above it; nil when there is none
  std::string ground_path;  // Ground::PathKeyAt(division), the time of the row, as known when it was recorded
};

// The division that held at `at` the ground of `meant`: itself while it existed, then (and before) the one
// holder of its ground by lineage; itself also for a time before the first list, which says nothing about it.
// FAILED_PRECONDITION / DIVISION_ENDED or DIVISION_NOT_YET with the candidates when there is not exactly one.
absl::StatusOr<const domain::Division*> DivisionAt(const domain::Ground& ground,
                                                   const domain::Division& meant, absl::Time at,
                                                   std::string_view field,
                                                   absl::Time known = absl::InfiniteFuture());

// The same for what cannot be asked back (a satellite's pixel, an entry of the feed): of several holders the
// one with the largest share, and `meant` itself when nobody is known.
const domain::Division& LikeliestAt(const domain::Ground& ground, const domain::Division& meant,
                                    absl::Time at);

// Where the division stands that `spelling` meant at `at`, or last before it, or first after it: every
// spelling of Ground::DivisionsOnceSpelled. INVALID_ARGUMENT / DIVISION_CODE_UNKNOWN naming `field` for a
// spelling that means nothing, or more than one division; otherwise as DivisionAt.
absl::StatusOr<Standing> StandingOf(const domain::Ground& ground, std::string_view spelling, absl::Time at,
                                    std::string_view field);
// By id, as it is for rows that were placed before: where it stood at `at`, or at the nearest time when it
// existed. NOT_FOUND for a division that is not on the ground.
absl::StatusOr<Standing> StandingOf(const domain::Ground& ground, const Uuid& division, absl::Time at);

// Path keys of the rows that concern a division today (Ground::PathKeysHeldBy), for the filter of a list; of
// one that ended, those it had. "" gives one empty key: everywhere. Spelled and refused as StandingOf.
absl::StatusOr<std::vector<std::string>> PathKeysOf(const domain::Ground& ground, std::string_view spelling,
                                                    absl::Time now, std::string_view field);

// Path keys of the subtrees that the caller may list with this rpc below those of `within` (PathKeysOf),
// sorted and disjoint. PERMISSION_DENIED / NOT_ALLOWED when there are none.
absl::StatusOr<std::vector<std::string>> ListScope(const domain::Ground& ground, const rpc::Call& call,
                                                   const std::vector<std::string>& within);

// The first key that no path below `ground_path` reaches.
std::string EndOfSubtree(std::string_view ground_path);

// What to answer when there is no such resource: NOT_FOUND to callers who may see everything, the refusal of
// AllowAt (of AllowAssigned for a row of that scope) to the others, so that nobody learns what exists
// elsewhere.
absl::Status Absent(const domain::Ground& ground, const rpc::Call& call, std::string_view resource);

}  // namespace gridwarden::access
