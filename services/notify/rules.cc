#include "notify/rules.h"

#include "domain/policy/notice_rules.h"

namespace gridwarden::notify {

const domain::NoticeRules& RulesOf(const domain::Policy& policy) {
  static const domain::NoticeRules kNone = {.quiet = {},
                                            .digest_at = 0,
                                            .keep = absl::Hours(24 * 180),
                                            .recipients_max = 50,
                                            .attempts_max = 8,
                                            .retry_first = absl::Seconds(30),
                                            .retry_max = absl::Hours(1),
                                            .roster_empty = {},
                                            .kinds = {},
                                            .words = {}};
  return policy.notices == nullptr ? kNone : *policy.notices;
}

absl::TimeZone ZoneOf(const domain::Policy& policy) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(policy.calendar.time_zone, &zone)) zone = absl::FixedTimeZone(8 * 3600);
  return zone;
}

}  // namespace gridwarden::notify
