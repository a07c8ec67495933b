#include "domain/escalation/rung_plan.h"

#include <algorithm>

#include "domain/clock/stage_clock.h"

namespace gridwarden::domain {
namespace {

// A share of working days is the same share of working hours.
bool Works(Calendar calendar) { return calendar != Calendar::kContinuous; }

absl::Duration Span(absl::Time from, absl::Time to, Calendar calendar, const WorkCalendar& work) {
  if (to <= from) return absl::ZeroDuration();
  return Works(calendar) ? WorkingTime(from, to, work) : to - from;
}

absl::Duration Used(absl::Time from, absl::Time to, Calendar calendar, const WorkCalendar& work,
                    const std::vector<Interval>& pauses) {
  absl::Duration used = Span(from, to, calendar, work);
  for (const Interval& pause : pauses)
    used -= Span(std::max(from, pause.from), std::min(to, pause.to), calendar, work);
  return used;
}

// `start` and so much more time of the clock.
absl::Time After(absl::Time start, absl::Duration left, Calendar calendar, const WorkCalendar& work,
                 const std::vector<Interval>& pauses) {
  const auto add = [&](absl::Time from) {
    return AddLimit(
        from, {Works(calendar) ? Calendar::kWorkingHours : Calendar::kContinuous, left, std::string()}, work);
  };
  for (const Interval& pause : pauses) {
    if (pause.to <= start) continue;
    const absl::Time due = add(start);
    if (due <= pause.from) return due;
    left -= Span(start, pause.from, calendar, work);
    start = std::max(start, pause.to);
    if (start == absl::InfiniteFuture()) return start;
  }
  return add(start);
}

}  // namespace

absl::Time RungTime(absl::Time start, absl::Time due, int percent, Calendar calendar,
                    const WorkCalendar& work, const std::vector<Interval>& pauses) {
  if (percent == 100 || due == absl::InfiniteFuture()) return due;
  const absl::Duration whole = Used(start, due, calendar, work, pauses);
  // Nothing to share out: a clock that was due before it began, or has only idle hours in it.
  if (whole <= absl::ZeroDuration()) return std::max(start, due);
  const absl::Time at = After(start, whole * percent / 100, calendar, work, pauses);
  return percent < 100 ? std::min(at, due) : std::max(at, due);
}

std::vector<PlannedRung> PlanRungs(const std::vector<RungRule>& rules, absl::Time start, absl::Time due,
                                   Calendar calendar, const WorkCalendar& work,
                                   const std::vector<Interval>& pauses) {
  std::vector<PlannedRung> plan;
  if (due == absl::InfiniteFuture()) return plan;
  for (const RungRule& rule : rules) {
    const absl::Time at = RungTime(start, due, rule.percent, calendar, work, pauses);
    if (at == absl::InfiniteFuture()) break;
    plan.push_back({rule.percent, rule.level, plan.empty() ? at : std::max(at, plan.back().at)});
  }
  return plan;
}

}  // namespace gridwarden::domain
