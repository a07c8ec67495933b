#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "domain/policy/notice_rules.h"

// When somebody is told: quiet hours, the daily summary, the next attempt.
namespace gridwarden::domain {

// "22:00" -> 1320; none for anything else.
std::optional<int> ParseDayMinute(std::string_view text);
std::string FormatDayMinute(int minute);

bool IsQuiet(const QuietHours& quiet, absl::Time at, absl::TimeZone zone);
// `at` itself outside quiet hours, otherwise their end.
absl::Time EndOfQuiet(const QuietHours& quiet, absl::Time at, absl::TimeZone zone);
// When one is told of something that happened at `at`: at once when it presses or one is on duty.
absl::Time AnnounceAt(const QuietHours& quiet, Urgency urgency, bool on_duty, absl::Time at,
                      absl::TimeZone zone);

// The first time after `after` at which the local day is at that minute. Where the clock skips it, the
// moment after the gap.
absl::Time NextAt(int minute, absl::Time after, absl::TimeZone zone);
// Days since 1970 of the local day.
int LocalDay(absl::Time at, absl::TimeZone zone);

// How long to wait after the `attempts`-th attempt failed: doubling from `first` up to `most`, of which
// half to all by `jitter` (0 to 1), so that many do not come back at once.
absl::Duration RetryWait(int attempts, absl::Duration first, absl::Duration most, double jitter);

}  // namespace gridwarden::domain
