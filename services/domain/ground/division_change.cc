#include "domain/ground/division_change.h"

#include <algorithm>
#include <utility>

namespace gridwarden::domain {
namespace {

bool Stands(const Placement& placement) { return placement.revoked == absl::InfiniteFuture(); }

// Withdraws every placement that reaches beyond `at` and records what is left of it before.
void CutAt(Division& division, absl::Time at, absl::Time now) {
  if (division.placements.empty())
    division.placements.push_back({.parent = division.parent, .valid = division.valid});
  std::vector<Placement> left;
  for (Placement& placement : division.placements) {
    if (!Stands(placement) || placement.valid.to <= at) continue;
    placement.revoked = now;
    if (placement.valid.from < at) left.push_back({placement.parent, {placement.valid.from, at}, now});
  }
  division.placements.insert(division.placements.end(), left.begin(), left.end());
}

template <typename Item>
absl::Time EndOfLast(const std::vector<Item>& items, absl::Time otherwise) {
  return items.empty() ? otherwise : items.back().valid.to;
}

}  // namespace

void Begin(Division& division, absl::Time at, absl::Time now) {
  division.valid = {at, absl::InfiniteFuture()};
  division.placements = {{.parent = division.parent, .valid = division.valid, .recorded = now}};
}

void Move(Division& division, const Uuid& parent, absl::Time at, absl::Time now) {
  CutAt(division, at, now);
  division.placements.push_back({parent, {at, absl::InfiniteFuture()}, now});
  division.parent = parent;
}

void End(Division& division, absl::Time at, absl::Time now) {
  CutAt(division, at, now);
  division.valid.to = at;
  if (!division.codes.empty() && division.codes.back().valid.to == absl::InfiniteFuture())
    division.codes.back().valid.to = at;
}

void Rename(Division& division, std::string_view name, absl::Time at) {
  const absl::Time since = EndOfLast(division.former_names, division.valid.from);
  if (since < at) division.former_names.push_back({division.display_name, {since, at}});
  division.display_name = std::string(name);
}

void Recode(Division& division, std::string_view code, absl::Time at) {
  if (!division.codes.empty() && division.codes.back().valid.to == absl::InfiniteFuture()) {
    DivisionCode& last = division.codes.back();
    if (last.valid.from < at) {
      last.valid.to = at;
    } else {
      division.codes.pop_back();
    }
  }
  division.codes.push_back({std::string(code), {at, absl::InfiniteFuture()}});
}

void UndoPlacement(Division& division, absl::Time recorded, absl::Time now) {
  std::vector<Placement> again;
  for (Placement& placement : division.placements) {
    if (placement.revoked == recorded && placement.recorded != recorded)
      again.push_back({placement.parent, placement.valid, now});
    if (placement.recorded == recorded && Stands(placement)) placement.revoked = now;
  }
  std::sort(again.begin(), again.end(),
            [](const Placement& a, const Placement& b) { return a.valid.from < b.valid.from; });
  if (!again.empty()) division.parent = again.back().parent;
  division.placements.insert(division.placements.end(), again.begin(), again.end());
}

void UndoRename(Division& division, absl::Time at) {
  if (EndOfLast(division.former_names, absl::InfinitePast()) != at) return;
  division.display_name = division.former_names.back().display_name;
  division.former_names.pop_back();
}

void UndoRecode(Division& division, absl::Time at) {
  if (division.codes.size() < 2 || division.codes.back().valid.from != at) return;
  division.codes.pop_back();
  division.codes.back().valid.to = absl::InfiniteFuture();
}

void UndoEnd(Division& division, absl::Time at) {
  if (division.valid.to != at) return;
  division.valid.to = absl::InfiniteFuture();
  if (!division.codes.empty() && division.codes.back().valid.to == at)
    division.codes.back().valid.to = absl::InfiniteFuture();
}

absl::Time ChangedLast(const Division& division) {
  absl::Time last = absl::InfinitePast();
  const auto take = [&](absl::Time at) {
    if (at != absl::InfiniteFuture()) last = std::max(last, at);
  };
  take(division.valid.from);
  take(division.valid.to);
  for (const DivisionCode& code : division.codes) take(code.valid.from);
  for (const Placement& placement : division.placements) {
    if (Stands(placement)) take(placement.valid.from), take(placement.valid.to);
  }
  for (const FormerName& name : division.former_names) take(name.valid.to);
  return last;
}

std::string_view CodeOf(const Division& division) {
  if (division.codes.empty() || division.codes.back().valid.to != absl::InfiniteFuture()) return "";
  return division.codes.back().code;
}

}  // namespace gridwarden::domain
