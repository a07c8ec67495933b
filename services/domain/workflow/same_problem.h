#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "domain/geo/datum.h"
#include "domain/policy/policy.h"

// Whether two finds are one problem (T2), or one that came back (T22).
namespace gridwarden::domain {

struct Sighting {
  std::string category;
  Uuid source;  // nil when it is about no known source
  std::optional<Point> point;
  absl::Time found;
};

struct Likeness {
  bool same_source = false;
  bool same_type = false;            // the category, its parent or its child
  std::optional<double> distance_m;  // unset when one of them has no point
  absl::Duration gap;                // between the finds, never negative
};

Likeness Compare(const Policy& policy, const Sighting& a, const Sighting& b);

// Two finds of the same problem: one source, or one type within the type's radius and window.
bool IsSameProblem(const CaseType& type, const Likeness& likeness);
// A problem that came back: one source, or one type within the radius for that; no matter when.
bool IsRebound(const CaseType& type, const Likeness& likeness);

// The same as a status: FAILED_PRECONDITION / NOT_SAME_PROBLEM with metadata why (Chinese, for people),
// distance_m, gap_hours and the limits radius_m and window_hours.
absl::Status CheckSameProblem(const CaseType& type, const Likeness& likeness);
absl::Status CheckRebound(const CaseType& type, const Likeness& likeness);

// "相距 35 米，相隔 2.0 小时"
std::string WordsOf(const Likeness& likeness);

}  // namespace gridwarden::domain
