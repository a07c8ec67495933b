#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "domain/policy/policy.h"
#include "domain/workflow/case_workflow.h"

// Who signs a case off, with whom, and how long its closing can be disputed (T17, T24).
namespace gridwarden::domain {

// What the signature of a case depends on.
struct SigningFacts {
  Disposition disposition = Disposition::kUnspecified;
  int rework_count = 0;
  bool disputed = false;  // a dispute has opened it again and it was not signed since
  bool listed = false;    // a listed order (挂牌督办) stands over it
};

// Who signs. Usually the grid leader of the level that filed, or of one above. A small polluter that is shut
// down and a listed case: the county's campaign office. After the second rework and after a dispute: one
// level up.
struct SigningRule {
  bool county_centre = false;
  bool one_level_up = false;
};
SigningRule SigningOf(const CaseType& type, const SigningFacts& facts);

// Seats of a joint review.
inline constexpr std::string_view kCooperatingUnits = "COOPERATING_UNITS";  // one seat for each of them
inline constexpr std::string_view kCountyLeader = "COUNTY_LEADER";
inline constexpr std::string_view kCountyCentre = "COUNTY_CENTRE";

// The seats that have to agree before a case is signed (会审签字), in the order of the policy: those for any
// disposition and those of its own. `units` are the cooperating units, as they are spelled in the seat. The
// seat of whoever signs is not asked for twice.
std::vector<std::string> CosignSeats(const CaseType& type, Disposition disposition,
                                     std::span<const std::string> units, const SigningRule& signing);

// A reporter may dispute within this of the closing.
inline constexpr absl::Duration kDisputeWindow = absl::Hours(24 * 15);  // own default, the days of T24

// OK, DISPUTE_USED, or DISPUTE_TOO_LATE with metadata due.
absl::Status ReporterMayDispute(bool disputed_before, absl::Time closed, absl::Time now);

}  // namespace gridwarden::domain
