#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"

// 同时段 (T13): night work is checked at night. A window of the local day.
namespace gridwarden::domain {

inline constexpr int kMinutesOfDay = 24 * 60;

// From start to end, both inside; over midnight when the end is the smaller.
struct HourWindow {
  int start_minute = 0, end_minute = 0;
};

// The minutes of the local day up to `either_way` (at most half a day) before and after `found`. An unknown
// time zone is read as UTC+8.
HourWindow WindowAround(absl::Time found, absl::Duration either_way, std::string_view time_zone);

// Whether any instant of [earliest, latest] lies in the window: an uncertain time is read as it favours the
// worker.
bool Touches(const HourWindow& window, absl::Time earliest, absl::Time latest, std::string_view time_zone);

// "21:30-01:30"
std::string ToText(const HourWindow& window);

}  // namespace gridwarden::domain
