#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "domain/ground/ground.h"
#include "domain/policy/score_rules.h"
#include "gridwarden/report/v1/score_service.pb.h"

// What every read of scores settles first.
namespace gridwarden::report {

// INTERNAL when the policy has no terms.
absl::StatusOr<const domain::ScoreRules*> ScoreRulesOf(const AreaContext& context);

struct Months {
  int first = 0, last = 0;  // YYYYMM, both inclusive
};
// INVALID_FIELD for a year outside 2000 to 2200, a month outside 1 to 12, a quarter outside 1 to 4, or both.
absl::StatusOr<Months> MonthsOf(const v1::ScorePeriod& period);

// A party as counters name it, joined by commas: a post itself, a unit and its posts; "" for "".
// INVALID_FIELD for anything else.
absl::StatusOr<std::string> PartiesOf(const domain::Ground& ground, const std::string& party);
// What people call a party.
std::string PartyName(const domain::Ground& ground, const std::string& party);

}  // namespace gridwarden::report
