#include <algorithm>

#include "domain/clock/stage_clock.h"

namespace gridwarden::domain {
namespace {

absl::CivilDay DayOf(absl::Time t) { return absl::ToCivilDay(t, CalendarZone()); }

bool IsFinite(absl::Time t) { return t != absl::InfinitePast() && t != absl::InfiniteFuture(); }

// The instant of a minute of a local day; 1440 is the next midnight.
absl::Time At(absl::CivilDay day, int minute) {
  return absl::FromCivil(day, CalendarZone()) + absl::Minutes(minute);
}

// When `span` of working time from `start` on is used up.
absl::Time AddWorkingTime(absl::Time start, absl::Duration span, const WorkCalendar& calendar) {
  if (WorkingDay(calendar) <= absl::ZeroDuration() || span == absl::InfiniteDuration())
    return absl::InfiniteFuture();
  if (span <= absl::ZeroDuration()) return start;
  // The list of special days is finite and the week has working days, so this ends.
  for (absl::CivilDay day = DayOf(start);; ++day) {
    if (!IsWorkingDay(day, calendar)) continue;
    for (const auto& [from, to] : calendar.working_minutes) {
      const absl::Time begin = std::max(start, At(day, from));
      const absl::Time end = At(day, to);
      if (begin >= end) continue;
      if (span <= end - begin) return begin + span;
      span -= end - begin;
    }
  }
}

}  // namespace

absl::TimeZone CalendarZone() {
  static const absl::TimeZone zone = absl::FixedTimeZone(8 * 60 * 60);
  return zone;
}

bool IsWorkingDay(absl::CivilDay day, const WorkCalendar& calendar) {
  const auto special = calendar.special_days.find(absl::FormatCivilTime(day));
  if (special != calendar.special_days.end()) return special->second.working;
  const absl::Weekday weekday = absl::GetWeekday(day);
  return weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday;
}

absl::Duration WorkingDay(const WorkCalendar& calendar) {
  absl::Duration day;
  for (const auto& [from, to] : calendar.working_minutes) day += absl::Minutes(std::max(0, to - from));
  return day;
}

absl::Duration WorkingTime(absl::Time from, absl::Time to, const WorkCalendar& calendar) {
  if (to <= from || WorkingDay(calendar) <= absl::ZeroDuration()) return absl::ZeroDuration();
  if (!IsFinite(from) || !IsFinite(to)) return absl::InfiniteDuration();
  absl::Duration sum;
  const absl::CivilDay last = DayOf(to);
  for (absl::CivilDay day = DayOf(from); day <= last; ++day) {
    if (!IsWorkingDay(day, calendar)) continue;
    for (const auto& [begin_minute, end_minute] : calendar.working_minutes) {
      const absl::Time begin = std::max(from, At(day, begin_minute));
      const absl::Time end = std::min(to, At(day, end_minute));
      if (begin < end) sum += end - begin;
    }
  }
  return sum;
}

absl::Time AddLimit(absl::Time start, const Limit& limit, const WorkCalendar& calendar) {
  if (!IsFinite(start)) return start;
  switch (limit.calendar) {
    case Calendar::kContinuous:
      return start + limit.span;
    case Calendar::kWorkingHours:
      return AddWorkingTime(start, limit.span, calendar);
    case Calendar::kWorkingDays:
      // n days of 24 h stand for n working days. Multiplied before it is divided, so that whole days stay
      // exact.
      return AddWorkingTime(start, limit.span * (WorkingDay(calendar) / absl::Minutes(1)) / (24 * 60),
                            calendar);
  }
  return absl::InfiniteFuture();
}

}  // namespace gridwarden::domain
