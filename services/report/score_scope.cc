#include "report/score_scope.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::report {

absl::StatusOr<const domain::ScoreRules*> ScoreRulesOf(const AreaContext& context) {
  if (context.policy == nullptr || context.policy->scores == nullptr)
    return Internal("the policy has no evaluation terms");
  return context.policy->scores.get();
}

absl::StatusOr<Months> MonthsOf(const v1::ScorePeriod& period) {
  const int year = period.year();
  if (year < 2000 || year > 2200)
    return InvalidField("period.year", absl::StrFormat("got %d, want 2000 to 2200", year));
  if (period.month() < 0 || period.month() > 12)
    return InvalidField("period.month", absl::StrFormat("got %d, want 1 to 12", period.month()));
  if (period.quarter() < 0 || period.quarter() > 4)
    return InvalidField("period.quarter", absl::StrFormat("got %d, want 1 to 4", period.quarter()));
  if (period.month() != 0 && period.quarter() != 0)
    return InvalidField("period", "want either a month or a quarter");
  if (period.month() != 0) return Months{year * 100 + period.month(), year * 100 + period.month()};
  if (period.quarter() != 0)
    return Months{year * 100 + period.quarter() * 3 - 2, year * 100 + period.quarter() * 3};
  return Months{year * 100 + 1, year * 100 + 12};
}

absl::StatusOr<std::string> PartiesOf(const domain::Ground& ground, const std::string& party) {
  if (party.empty()) return party;
  if (party.starts_with("posts/")) {
    GW_RETURN_IF_ERROR(ParseResourceName("posts", party, "party").status());
    return party;
  }
  GW_ASSIGN_OR_RETURN(const Uuid unit, ParseResourceName("units", party, "party"));
  std::string parties = party;
  for (const domain::Post* post : ground.PostsOfUnit(unit))
    absl::StrAppend(&parties, ",", ResourceName("posts", post->id));
  return parties;
}

std::string PartyName(const domain::Ground& ground, const std::string& party) {
  const absl::StatusOr<Uuid> unit = ParseResourceName("units", party);
  if (unit.ok() && !unit->IsNil()) {
    const domain::Unit* found = ground.FindUnit(*unit);
    return found == nullptr ? party : found->display_name;
  }
  const absl::StatusOr<Uuid> id = ParseResourceName("posts", party);
  const domain::Post* post = id.ok() ? ground.FindPost(*id) : nullptr;
  if (post == nullptr) return party;
  const domain::Division* division = ground.FindDivision(ground.DivisionOf(*post));
  return absl::StrCat(division == nullptr ? "" : division->display_name, " ",
                      std::string(domain::NameOf(post->kind)));
}

}  // namespace gridwarden::report
