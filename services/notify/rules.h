#pragma once

#include "domain/policy/policy.h"

namespace gridwarden::notify {

// The policy's rules of notices; a policy without them (small ones of tests) has no quiet hours and no kinds.
const domain::NoticeRules& RulesOf(const domain::Policy& policy);

absl::TimeZone ZoneOf(const domain::Policy& policy);

}  // namespace gridwarden::notify
