#include "domain/workflow/recheck.h"

#include <algorithm>
#include <string>

#include "absl/time/civil_time.h"
#include "domain/clock/stage_clock.h"

namespace gridwarden::domain {
namespace {

// The last day of the season that `day` falls into; nothing out of season.
std::optional<absl::CivilDay> EndOfSeason(absl::CivilDay day, const Season& season) {
  absl::CivilDay from, to;
  const std::string year = absl::FormatCivilTime(absl::CivilYear(day)) + "-";
  if (!absl::ParseCivilTime(year + season.from, &from) || !absl::ParseCivilTime(year + season.to, &to)) {
    return std::nullopt;
  }
  if (from <= to) return from <= day && day <= to ? std::optional(to) : std::nullopt;
  if (day <= to) return to;
  if (day >= from) return absl::CivilDay(to.year() + 1, to.month(), to.day());
  return std::nullopt;
}

std::optional<absl::Time> SeasonEnd(const CaseType& type, absl::Time closed) {
  const absl::CivilDay day = absl::ToCivilDay(closed, CalendarZone());
  std::optional<absl::CivilDay> end;
  for (const Season& season : type.seasons) {
    const std::optional<absl::CivilDay> one = EndOfSeason(day, season);
    if (one && (!end || *end < *one)) end = one;
  }
  if (!end) return std::nullopt;
  return absl::FromCivil(absl::CivilSecond(*end + 1), CalendarZone());
}

// The last minute of the day after the one until which the goods may stay.
std::optional<absl::Time> StorageRecheck(std::string_view stored_until_date) {
  absl::CivilDay day;
  if (!absl::ParseCivilTime(std::string(stored_until_date), &day)) return std::nullopt;
  return absl::FromCivil(absl::CivilSecond(day + 2), CalendarZone()) - absl::Minutes(1);
}

}  // namespace

std::vector<absl::Time> PlannedRechecks(const CaseType& type, absl::Time closed,
                                        std::string_view stored_until_date) {
  std::vector<absl::Time> planned;
  for (const absl::Duration& after : type.rechecks) planned.push_back(closed + after);
  if (const auto end = SeasonEnd(type, closed); end && type.recheck_every > absl::ZeroDuration()) {
    absl::Time next = (planned.empty() ? closed : planned.back()) + type.recheck_every;
    for (; next < *end; next += type.recheck_every) planned.push_back(next);
  }
  const std::optional<absl::Time> storage = StorageRecheck(stored_until_date);
  if (!storage) return planned;
  const absl::CivilDay day = absl::ToCivilDay(*storage, CalendarZone());
  const bool that_day = std::any_of(planned.begin(), planned.end(), [&](absl::Time time) {
    return absl::ToCivilDay(time, CalendarZone()) == day;
  });
  if (!that_day) planned.push_back(std::max(*storage, closed));
  std::sort(planned.begin(), planned.end());
  return planned;
}

std::optional<absl::Time> NextRecheck(std::span<const absl::Time> planned, int done) {
  if (done < 0 || static_cast<size_t>(done) >= planned.size()) return std::nullopt;
  return planned[static_cast<size_t>(done)];
}

Action ActionOf(RecheckResult result, bool last) {
  if (last) return ActionOf(result);
  switch (result) {
    case RecheckResult::kHeld:
      return Action::kRecheckHeldSoFar;
    case RecheckResult::kNotObservable:
      return Action::kRecheckNotObservableSoFar;
    case RecheckResult::kRebounded:
    case RecheckResult::kUnspecified:
      break;
  }
  return ActionOf(result);
}

Closure After(Closure before, RecheckResult result) {
  switch (result) {
    case RecheckResult::kHeld:
      return Closure::kHeld;
    case RecheckResult::kRebounded:
      return Closure::kNotHeld;
    case RecheckResult::kNotObservable:
      return before == Closure::kHeld ? before : Closure::kNotObservable;
    case RecheckResult::kUnspecified:
      break;
  }
  return before;
}

bool StorageExpired(std::string_view stored_until_date, absl::Time at) {
  absl::CivilDay day;
  return absl::ParseCivilTime(std::string(stored_until_date), &day) &&
         absl::ToCivilDay(at, CalendarZone()) > day;
}

}  // namespace gridwarden::domain
