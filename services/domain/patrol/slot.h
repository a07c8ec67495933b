#pragma once

#include "absl/time/civil_time.h"
#include "domain/policy/patrol_rules.h"

// The periods of plans, cut into parts.
namespace gridwarden::domain {

// Days from the first to the last, both meant.
struct Slot {
  absl::CivilDay first, last;
  bool Contains(absl::CivilDay day) const { return first <= day && day <= last; }
};

// The period that holds the day; for kOnce the days of `once`, for kNone the day itself.
Slot PeriodOf(PatrolPeriod period, absl::CivilDay day, const Slot& once = {});

// The part of its period that holds the day, of `times` parts as equal as days allow. A period of fewer days
// than parts has as many parts as days.
Slot SlotOf(PatrolPeriod period, int times, absl::CivilDay day, const Slot& once = {});

// Of a rule. A quota that is asked for ONCE is asked for from its start (or the beginning of the year of its
// end) to its end.
Slot PeriodOf(const Quota& quota, absl::CivilDay day);

}  // namespace gridwarden::domain
