#include "domain/ground/ground.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace gridwarden::domain {
namespace {

// Deeper than any real tree (province to group is six). Also what ends a walk should a parent ever point in a
// circle.
constexpr int kDepthMax = 10;

template <typename T>
absl::flat_hash_map<Uuid, int32_t> IndexById(const std::vector<T>& records) {
  absl::flat_hash_map<Uuid, int32_t> index;
  index.reserve(records.size());
  for (size_t i = 0; i < records.size(); ++i) index.emplace(records[i].id, static_cast<int32_t>(i));
  return index;
}

template <typename T>
const T* Find(const absl::flat_hash_map<Uuid, int32_t>& index, const std::vector<T>& records,
              const Uuid& id) {
  const auto found = index.find(id);
  return found == index.end() ? nullptr : &records[found->second];
}

template <typename T>
std::vector<const T*> Collect(const absl::flat_hash_map<Uuid, std::vector<int32_t>>& index,
                              const std::vector<T>& records, const Uuid& id) {
  std::vector<const T*> found;
  if (const auto at = index.find(id); at != index.end()) {
    found.reserve(at->second.size());
    for (const int32_t i : at->second) found.push_back(&records[i]);
  }
  return found;
}

std::string_view FirstCode(const Division& division) {
  return division.codes.empty() ? std::string_view() : std::string_view(division.codes.back().code);
}

}  // namespace

Ground::Ground(std::vector<Division> divisions, std::vector<Post> posts, std::vector<Tenure> tenures,
               std::vector<Person> persons, std::vector<Unit> units, std::vector<Lineage> lineages)
    : divisions_(std::move(divisions)),
      posts_(std::move(posts)),
      tenures_(std::move(tenures)),
      persons_(std::move(persons)),
      units_(std::move(units)),
      lineages_(std::move(lineages)) {
  // People read lists in the order of the codes, and of 网格长, 网格员, 巡查员, 监督员 within a place.
  std::sort(divisions_.begin(), divisions_.end(), [](const Division& a, const Division& b) {
    return std::pair(FirstCode(a), a.id) < std::pair(FirstCode(b), b.id);
  });
  std::sort(posts_.begin(), posts_.end(), [](const Post& a, const Post& b) {
    return std::tuple(a.regime, a.kind, a.ordinal, a.id) < std::tuple(b.regime, b.kind, b.ordinal, b.id);
  });
  std::sort(lineages_.begin(), lineages_.end(), [](const Lineage& a, const Lineage& b) {
    return std::tuple(a.effective, a.recorded, a.id) < std::tuple(b.effective, b.recorded, b.id);
  });
  division_by_id_ = IndexById(divisions_);
  post_by_id_ = IndexById(posts_);
  tenure_by_id_ = IndexById(tenures_);
  person_by_id_ = IndexById(persons_);
  unit_by_id_ = IndexById(units_);
  for (size_t i = 0; i < divisions_.size(); ++i) {
    const Division& division = divisions_[i];
    children_[division.parent].push_back(static_cast<int32_t>(i));
    for (const Placement& placement : division.placements) {
      if (placement.parent == division.parent) continue;
      std::vector<int32_t>& former = former_children_[placement.parent];
      if (former.empty() || former.back() != static_cast<int32_t>(i))
        former.push_back(static_cast<int32_t>(i));
    }
    divisions_by_name_[division.display_name].push_back(static_cast<int32_t>(i));
    for (const FormerName& former : division.former_names) {
      std::vector<int32_t>& same = divisions_by_name_[former.display_name];
      if (same.empty() || same.back() != static_cast<int32_t>(i)) same.push_back(static_cast<int32_t>(i));
    }
    for (const DivisionCode& code : division.codes) {
      std::vector<int32_t>& same = divisions_by_code_[code.code];
      if (same.empty() || same.back() != static_cast<int32_t>(i)) same.push_back(static_cast<int32_t>(i));
    }
  }
  for (size_t i = 0; i < posts_.size(); ++i) {
    (posts_[i].unit.IsNil() ? posts_by_division_[posts_[i].division] : posts_by_unit_[posts_[i].unit])
        .push_back(static_cast<int32_t>(i));
  }
  for (size_t i = 0; i < tenures_.size(); ++i) {
    tenures_by_post_[tenures_[i].post].push_back(static_cast<int32_t>(i));
    tenures_by_person_[tenures_[i].person].push_back(static_cast<int32_t>(i));
  }
  for (size_t i = 0; i < lineages_.size(); ++i) {
    lineages_from_[lineages_[i].from].push_back(static_cast<int32_t>(i));
    if (!lineages_[i].to.IsNil()) lineages_to_[lineages_[i].to].push_back(static_cast<int32_t>(i));
  }
  IndexForeignGround();
}

const Division* Ground::FindDivision(const Uuid& id) const { return Find(division_by_id_, divisions_, id); }
const Post* Ground::FindPost(const Uuid& id) const { return Find(post_by_id_, posts_, id); }
const Tenure* Ground::FindTenure(const Uuid& id) const { return Find(tenure_by_id_, tenures_, id); }
const Person* Ground::FindPerson(const Uuid& id) const { return Find(person_by_id_, persons_, id); }
const Unit* Ground::FindUnit(const Uuid& id) const { return Find(unit_by_id_, units_, id); }

std::vector<const Division*> Ground::ChildrenOf(const Uuid& id) const {
  return Collect(children_, divisions_, id);
}

std::vector<const Division*> Ground::AncestorsOf(const Uuid& id) const {
  std::vector<const Division*> chain;
  for (const Division* at = FindDivision(id); at != nullptr && chain.size() < kDepthMax;
       at = FindDivision(at->parent)) {
    chain.push_back(at);
  }
  return chain;
}

bool Ground::IsWithin(const Uuid& id, const Uuid& ancestor) const {
  const Division* at = FindDivision(id);
  for (int depth = 0; at != nullptr && depth < kDepthMax; ++depth, at = FindDivision(at->parent)) {
    if (at->id == ancestor) return true;
  }
  return false;
}

std::string Ground::PathKey(const Uuid& id) const {
  const std::vector<const Division*> chain = AncestorsOf(id);
  std::string key;
  key.reserve(16 * chain.size());
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) key += (*at)->id.Bytes();
  return key;
}

std::string Ground::PathName(const Uuid& id) const {
  const std::vector<const Division*> chain = AncestorsOf(id);
  std::string name;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    if (!name.empty()) name += '/';
    name += (*at)->display_name;
  }
  return name;
}

std::vector<const Post*> Ground::PostsAt(const Uuid& division) const {
  return Collect(posts_by_division_, posts_, division);
}
std::vector<const Post*> Ground::PostsOfUnit(const Uuid& unit) const {
  return Collect(posts_by_unit_, posts_, unit);
}

std::vector<const Tenure*> Ground::TenuresOfPost(const Uuid& post) const {
  return Collect(tenures_by_post_, tenures_, post);
}
std::vector<const Tenure*> Ground::TenuresOfPerson(const Uuid& person) const {
  return Collect(tenures_by_person_, tenures_, person);
}

Uuid Ground::DivisionOf(const Post& post) const {
  if (post.unit.IsNil()) return post.division;
  const Unit* unit = FindUnit(post.unit);
  return unit == nullptr ? Uuid() : unit->division;
}

}  // namespace gridwarden::domain
