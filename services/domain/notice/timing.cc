#include "domain/notice/timing.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_format.h"

namespace gridwarden::domain {
namespace {

constexpr int kMinutesOfDay = 24 * 60;

int MinuteOf(absl::Time at, absl::TimeZone zone) {
  const absl::CivilMinute local = absl::ToCivilMinute(at, zone);
  return local.hour() * 60 + local.minute();
}

}  // namespace

std::optional<int> ParseDayMinute(std::string_view text) {
  const auto digit = [&](size_t i) { return std::isdigit(static_cast<unsigned char>(text[i])) != 0; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
    return std::nullopt;
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

std::string FormatDayMinute(int minute) { return absl::StrFormat("%02d:%02d", minute / 60, minute % 60); }

bool IsQuiet(const QuietHours& quiet, absl::Time at, absl::TimeZone zone) {
  const int minute = MinuteOf(at, zone);
  if (quiet.from <= quiet.to) return quiet.from <= minute && minute < quiet.to;
  return minute >= quiet.from || minute < quiet.to;
}

absl::Time EndOfQuiet(const QuietHours& quiet, absl::Time at, absl::TimeZone zone) {
  return IsQuiet(quiet, at, zone) ? NextAt(quiet.to, at, zone) : at;
}

absl::Time AnnounceAt(const QuietHours& quiet, Urgency urgency, bool on_duty, absl::Time at,
                      absl::TimeZone zone) {
  if (urgency == Urgency::kPressing || on_duty) return at;
  return EndOfQuiet(quiet, at, zone);
}

absl::Time NextAt(int minute, absl::Time after, absl::TimeZone zone) {
  const absl::CivilDay today = absl::ToCivilDay(after, zone);
  for (int days = 0;; ++days) {
    const absl::CivilMinute wanted = absl::CivilMinute(today + days) + minute % kMinutesOfDay;
    const absl::Time then = absl::FromCivil(wanted, zone);
    if (then > after) return then;
  }
}

int LocalDay(absl::Time at, absl::TimeZone zone) {
  return static_cast<int>(absl::ToCivilDay(at, zone) - absl::CivilDay(1970, 1, 1));
}

absl::Duration RetryWait(int attempts, absl::Duration first, absl::Duration most, double jitter) {
  absl::Duration wait = first;
  for (int i = 1; i < attempts && wait < most; ++i) wait *= 2;
  return std::min(wait, most) * (0.5 + std::clamp(jitter, 0.0, 1.0) / 2);
}

}  // namespace gridwarden::domain
