#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "domain/policy/policy.h"

// Double-random draws: db/policy/draw_rules.json.
namespace gridwarden::domain {

struct DrawStratum {
  std::string code, zh, en;
  int ratio_percent = 0;
  std::string source;
};

struct DrawRules {
  std::vector<DrawStratum> strata;  // in the order in which they are drawn
  std::string default_stratum;
  int inspectors_per_object = 2;
  absl::Duration seed_lead = absl::Hours(1);  // from the commitment until a seed may become public

  const DrawStratum* Find(std::string_view code) const;
};

}  // namespace gridwarden::domain
