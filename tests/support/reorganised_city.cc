#include "support/reorganised_city.h"

#include <algorithm>
#include <string>
#include <vector>

#include "support/test_city.h"

namespace gridwarden::testing {

std::shared_ptr<const domain::Ground> ReorganisedCity(const domain::Ground& before, absl::Time when) {
  const TestCity& city = City();
  std::vector<domain::Division> divisions = before.divisions();
  std::vector<domain::Lineage> lineages;
  const auto division = [&](const Uuid& id) -> domain::Division& {
    return *std::find_if(divisions.begin(), divisions.end(), [&](const auto& d) { return d.id == id; });
  };
  // What was always known is withdrawn; what holds since is recorded.
  const auto place = [&](domain::Division& one, const Uuid& parent, const domain::Interval& valid) {
    if (one.placements.empty()) {
      one.placements.push_back({one.parent, one.valid, absl::InfinitePast(), when});
      one.placements.push_back({one.parent, {one.valid.from, when}, when});
    }
    if (valid.from < valid.to) one.placements.push_back({parent, valid, when});
  };
  const auto pass = [&](const Uuid& from, const Uuid& to, domain::LineageKind kind, double share) {
    domain::Lineage lineage;
    lineage.id = Uuid::Derive(from, to.ToString());
    lineage.from = from;
    lineage.to = to;
    lineage.kind = kind;
    lineage.share = share;
    lineage.effective = lineage.recorded = when;
    lineages.push_back(lineage);
  };
  const auto end = [&](const Uuid& id) {
    domain::Division& one = division(id);
    place(one, Uuid(), {when, when});
    one.valid.to = when;
    for (domain::DivisionCode& code : one.codes) code.valid.to = when;
  };
  end(city.villages[0][0][0]);
  pass(city.villages[0][0][0], city.villages[0][0][1], domain::LineageKind::kMerge, 1);
  end(city.villages[0][1][0]);
  pass(city.villages[0][1][0], city.villages[0][1][1], domain::LineageKind::kSplit, 0.7);
  pass(city.villages[0][1][0], city.villages[0][1][2], domain::LineageKind::kSplit, 0.3);
  domain::Division& township = division(city.townships[0][2]);
  place(township, city.counties[1], {when, absl::InfiniteFuture()});
  township.parent = city.counties[1];
  pass(township.id, township.id, domain::LineageKind::kMove, 0);
  domain::Division& renumbered = division(city.villages[0][0][2]);
  renumbered.codes.back().valid.to = when;
  renumbered.codes.push_back(
      {division(city.villages[0][0][0]).codes.back().code, {when, absl::InfiniteFuture()}});
  pass(renumbered.id, renumbered.id, domain::LineageKind::kRecode, 0);
  return std::make_shared<const domain::Ground>(divisions, before.posts(), before.tenures(), before.persons(),
                                                before.units(), lineages);
}

}  // namespace gridwarden::testing
