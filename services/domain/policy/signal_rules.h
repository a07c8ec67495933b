#pragma once

#include "absl/time/time.h"
#include "domain/policy/policy.h"

// The life of signals beside their type's clocks: db/policy/signal_rules.json.
namespace gridwarden::domain {

struct SignalRules {
  // How long a merge can be taken back (T2), and a rejection disputed (T5).
  absl::Duration unmerge = absl::Hours(7 * 24);
  absl::Duration dispute = absl::Hours(15 * 24);
  // Until the reporter of a public or hotline lead has to be told what became of it.
  Limit tell_reporter{Calendar::kWorkingDays, absl::Hours(5 * 24), "own default"};
  // 异地转移: a closed source is compared with a new case of the same owner, or the same trade, as far as
  // this, and this long after it was closed.
  double owner_radius_m = 50'000;
  double trade_radius_m = 5'000;
  absl::Duration relocation_window = absl::Hours(730 * 24);
};

// The rules of the policy; a policy without them has those above.
const SignalRules& SignalRulesOf(const Policy& policy);

}  // namespace gridwarden::domain
