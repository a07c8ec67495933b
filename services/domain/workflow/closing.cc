#include "domain/workflow/closing.h"

#include <algorithm>

#include "base/status.h"
#include "domain/clock/stage_clock.h"

namespace gridwarden::domain {

SigningRule SigningOf(const CaseType& type, const SigningFacts& facts) {
  constexpr int kReworksOfOneLevel = 1;  // the second goes up (T15)
  const bool shut_down = type.needs_disposition && facts.disposition == Disposition::kShutDown;
  return {.county_centre = shut_down || facts.listed,
          .one_level_up = facts.rework_count > kReworksOfOneLevel || facts.disputed};
}

std::vector<std::string> CosignSeats(const CaseType& type, Disposition disposition,
                                     std::span<const std::string> units, const SigningRule& signing) {
  std::vector<std::string> seats;
  std::vector<std::string> keys = {""};
  if (disposition != Disposition::kUnspecified) keys.emplace_back(NameOf(disposition));
  for (const std::string& key : keys) {
    const auto named = type.cosigners.find(key);
    if (named == type.cosigners.end()) continue;
    for (const std::string& seat : named->second) {
      if (seat == kCooperatingUnits) {
        seats.insert(seats.end(), units.begin(), units.end());
      } else if (!(seat == kCountyCentre && signing.county_centre) &&
                 std::find(seats.begin(), seats.end(), seat) == seats.end()) {
        seats.push_back(seat);
      }
    }
  }
  return seats;
}

absl::Status ReporterMayDispute(bool disputed_before, absl::Time closed, absl::Time now) {
  if (disputed_before)
    return FailedPrecondition("DISPUTE_USED", "the reporter has disputed this closing before");
  if (now <= closed + kDisputeWindow) return absl::OkStatus();
  const std::string due = absl::FormatTime("%Y-%m-%d", closed + kDisputeWindow, CalendarZone());
  return FailedPrecondition("DISPUTE_TOO_LATE", "a reporter could dispute until " + due, {{"due", due}});
}

}  // namespace gridwarden::domain
