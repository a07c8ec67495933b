#pragma once

#include <vector>

#include "absl/time/time.h"
#include "domain/policy/escalation_rules.h"
#include "domain/policy/policy.h"

// When the rungs of a running clock are due: pure functions of its start, its due time and what rested in
// between, like the clock itself (W5).
namespace gridwarden::domain {

struct PlannedRung {
  int percent = 0;
  EscalationLevel level = EscalationLevel::kUnspecified;
  absl::Time at;
};

// When `percent` of the clock that runs from `start` to `due` is used up, counted the clock's own way:
// working time for a clock of working hours or days, less the pauses (in order, apart). 100 is `due` itself;
// 200 is one limit more. Never before `start`, never falls as percent rises.
absl::Time RungTime(absl::Time start, absl::Time due, int percent, Calendar calendar,
                    const WorkCalendar& work, const std::vector<Interval>& pauses = {});

// All rungs of a run, in order.
std::vector<PlannedRung> PlanRungs(const std::vector<RungRule>& rules, absl::Time start, absl::Time due,
                                   Calendar calendar, const WorkCalendar& work,
                                   const std::vector<Interval>& pauses = {});

}  // namespace gridwarden::domain
