#include "domain/patrol/slot.h"

#include <algorithm>

namespace gridwarden::domain {

Slot PeriodOf(PatrolPeriod period, absl::CivilDay day, const Slot& once) {
  const auto months = [&day](int count) -> Slot {
    const int first = (day.month() - 1) / count * count + 1;
    const absl::CivilMonth begin(day.year(), first);
    return {absl::CivilDay(begin), absl::CivilDay(begin + count) - 1};
  };
  switch (period) {
    case PatrolPeriod::kNone:
    case PatrolPeriod::kDay:
      return {day, day};
    case PatrolPeriod::kTwoDays: {
      const absl::CivilDay first = day - (day - absl::CivilDay(2000, 1, 1)) % 2;
      return {first, first + 1};
    }
    case PatrolPeriod::kWeek: {
      const absl::CivilDay monday = absl::PrevWeekday(day + 1, absl::Weekday::monday);
      return {monday, monday + 6};
    }
    case PatrolPeriod::kMonth:
      return months(1);
    case PatrolPeriod::kQuarter:
      return months(3);
    case PatrolPeriod::kHalfYear:
      return months(6);
    case PatrolPeriod::kYear:
      return months(12);
    case PatrolPeriod::kOnce:
      return once;
  }
  return {day, day};
}

Slot SlotOf(PatrolPeriod period, int times, absl::CivilDay day, const Slot& once) {
  const Slot whole = PeriodOf(period, day, once);
  const int64_t length = whole.last - whole.first + 1;
  const int64_t parts = std::min<int64_t>(times, length);
  for (int64_t i = 0; i < parts; ++i) {
    const absl::CivilDay last = whole.first + (i + 1) * length / parts - 1;
    if (day <= last) return {whole.first + i * length / parts, last};
  }
  return whole;
}

Slot PeriodOf(const Quota& quota, absl::CivilDay day) {
  if (quota.rule.period != PatrolPeriod::kOnce) return PeriodOf(quota.rule.period, day);
  const absl::CivilDay end = quota.end.value_or(day);
  return {quota.start.value_or(absl::CivilDay(end.year(), 1, 1)), end};
}

}  // namespace gridwarden::domain
