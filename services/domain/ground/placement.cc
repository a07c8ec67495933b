#include <algorithm>

#include "domain/ground/ground.h"

// Where divisions stood, in two times.
namespace gridwarden::domain {
namespace {

// Deeper than any real tree, in any year; also what ends a walk that goes in a circle.
constexpr int kDepthMax = 10;
// A division that moved often, below others that did: more paths than this no real one has.
constexpr size_t kPathsMax = 256;

bool StandsAt(const Placement& placement, absl::Time at, absl::Time known) {
  return placement.valid.Contains(at) && StoodAt(placement, known);
}

std::string KeyOf(const std::vector<const Division*>& chain) {
  std::string key;
  key.reserve(16 * chain.size());
  for (auto level = chain.rbegin(); level != chain.rend(); ++level) key += (*level)->id.Bytes();
  return key;
}

}  // namespace

const std::string& NameAt(const Division& division, absl::Time at) {
  for (const FormerName& former : division.former_names) {
    if (former.valid.Contains(at)) return former.display_name;
  }
  return division.display_name;
}

bool Ground::Existed(const Uuid& id, absl::Time at, absl::Time known) const {
  const Division* division = FindDivision(id);
  if (division == nullptr) return false;
  if (division->placements.empty()) return division->valid.Contains(at);
  return std::any_of(division->placements.begin(), division->placements.end(),
                     [&](const Placement& p) { return StandsAt(p, at, known); });
}

// Under whom it stood; at the nearest time when it did not exist: the last one before `at`, or the first
// after.
Uuid Ground::ParentNear(const Division& division, absl::Time at, absl::Time known) const {
  const Placement* before = nullptr;
  const Placement* after = nullptr;
  for (const Placement& placement : division.placements) {
    if (!StoodAt(placement, known)) continue;
    if (placement.valid.Contains(at)) return placement.parent;
    if (placement.valid.to <= at) {
      if (before == nullptr || placement.valid.to > before->valid.to) before = &placement;
    } else if (after == nullptr || placement.valid.from < after->valid.from) {
      after = &placement;
    }
  }
  return before != nullptr ? before->parent : after != nullptr ? after->parent : division.parent;
}

std::vector<const Division*> Ground::ChainNear(const Division* division, absl::Time at,
                                               absl::Time known) const {
  std::vector<const Division*> chain;
  chain.reserve(6);
  for (; division != nullptr && chain.size() < kDepthMax;
       division = FindDivision(ParentNear(*division, at, known))) {
    chain.push_back(division);
  }
  return chain;
}

std::vector<const Division*> Ground::AncestorsAt(const Uuid& id, absl::Time at, absl::Time known) const {
  if (!Existed(id, at, known)) return {};
  return ChainNear(FindDivision(id), at, known);
}

std::string Ground::PathKeyAt(const Uuid& id, absl::Time at, absl::Time known) const {
  return KeyOf(AncestorsAt(id, at, known));
}

std::string Ground::PathKeyNear(const Uuid& id, absl::Time at, absl::Time known) const {
  return KeyOf(ChainNear(FindDivision(id), at, known));
}

// `below` is the part of the path under the division. Placements that were withdrawn count: rows made while
// they stood have their paths.
void Ground::AddPathsEver(const Division& division, const std::string& below, int depth,
                          std::vector<std::string>& keys) const {
  const std::string key = division.id.Bytes() + below;
  std::vector<Uuid> parents = {division.parent};
  for (const Placement& placement : division.placements) {
    if (std::find(parents.begin(), parents.end(), placement.parent) == parents.end())
      parents.push_back(placement.parent);
  }
  for (const Uuid& parent : parents) {
    const Division* above = FindDivision(parent);
    if (above == nullptr || depth + 1 >= kDepthMax) {
      keys.push_back(key);
    } else if (keys.size() < kPathsMax) {
      AddPathsEver(*above, key, depth + 1, keys);
    }
  }
}

std::vector<std::string> Ground::PathKeysEver(const Uuid& id) const {
  std::vector<std::string> keys;
  if (const Division* division = FindDivision(id)) AddPathsEver(*division, "", 0, keys);
  return WithoutInner(std::move(keys));
}

std::vector<const Division*> Ground::ChildrenEver(const Uuid& id) const {
  std::vector<const Division*> children = ChildrenOf(id);
  if (const auto former = former_children_.find(id); former != former_children_.end()) {
    for (const int32_t i : former->second) children.push_back(&divisions_[i]);
  }
  return children;
}

}  // namespace gridwarden::domain
