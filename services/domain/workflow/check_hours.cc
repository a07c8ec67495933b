#include "domain/workflow/check_hours.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace gridwarden::domain {
namespace {

absl::TimeZone ZoneOf(std::string_view name) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(std::string(name), &zone)) zone = absl::FixedTimeZone(8 * 3600);
  return zone;
}

int MinuteOfDay(absl::Time time, const absl::TimeZone& zone) {
  const absl::CivilSecond local = absl::ToCivilSecond(time, zone);
  return local.hour() * 60 + local.minute();
}

int Forward(int from, int to) { return (to - from + kMinutesOfDay) % kMinutesOfDay; }

}  // namespace

HourWindow WindowAround(absl::Time found, absl::Duration either_way, std::string_view time_zone) {
  const int middle = MinuteOfDay(found, ZoneOf(time_zone));
  const int reach =
      static_cast<int>(std::min<int64_t>(absl::ToInt64Minutes(either_way), kMinutesOfDay / 2 - 1));
  return {(middle - reach + kMinutesOfDay) % kMinutesOfDay, (middle + reach) % kMinutesOfDay};
}

bool Touches(const HourWindow& window, absl::Time earliest, absl::Time latest, std::string_view time_zone) {
  const absl::TimeZone zone = ZoneOf(time_zone);
  const int first = MinuteOfDay(earliest, zone);
  const int length = Forward(window.start_minute, window.end_minute);
  if (Forward(window.start_minute, first) <= length) return true;
  // It begins outside: does it last until the window opens?
  return absl::ToInt64Minutes(latest - earliest) >= Forward(first, window.start_minute);
}

std::string ToText(const HourWindow& window) {
  return absl::StrFormat("%02d:%02d-%02d:%02d", window.start_minute / 60, window.start_minute % 60,
                         window.end_minute / 60, window.end_minute % 60);
}

}  // namespace gridwarden::domain
