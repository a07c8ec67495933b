#pragma once

#include "absl/time/time.h"
#include "domain/policy/policy.h"

// How a check is made independent and present (B4, T13, T14): db/policy/check_rules.json.
namespace gridwarden::domain {

struct CheckRules {
  // Whoever made one of the last so many checks of a fixer's work that passed does not check the fixer's
  // next; 0 = no such rule.
  int alternation = 0;
  // 同时段: how far from the hour of the find a pass may be made, before and after.
  absl::Duration same_hours = absl::Hours(2);
  // How much farther from the place of the case than both accuracies together a pass may be made.
  double position_slack_m = 300;
  bool checks_position = false;
};

// The rules of the policy; a policy without them asks for neither alternation nor position.
const CheckRules& CheckRulesOf(const Policy& policy);

}  // namespace gridwarden::domain
