#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "domain/ground/ground.h"

// What became of ground, and who answers for it since.
namespace gridwarden::domain {
namespace {

// More reorganisations in a row than any ground has seen; also what ends a walk that goes in a circle.
constexpr int kStepsMax = 32;

// The times a division existed, in order; placements that follow on each other are one.
std::vector<Interval> LivesOf(const Division& division, absl::Time known) {
  if (division.placements.empty()) return {division.valid};
  std::vector<Interval> lives;
  for (const Placement& placement : division.placements) {
    if (StoodAt(placement, known)) lives.push_back(placement.valid);
  }
  std::sort(lives.begin(), lives.end(), [](const Interval& a, const Interval& b) { return a.from < b.from; });
  size_t kept = 0;
  for (size_t i = 1; i < lives.size(); ++i) {
    if (lives[i].from <= lives[kept].to) {
      lives[kept].to = std::max(lives[kept].to, lives[i].to);
    } else {
      lives[++kept] = lives[i];
    }
  }
  if (!lives.empty()) lives.resize(kept + 1);
  return lives;
}

// The life that ended last before `at`; none when it had none.
const Interval* LastBefore(const std::vector<Interval>& lives, absl::Time at) {
  const Interval* last = nullptr;
  for (const Interval& life : lives) {
    if (life.to <= at) last = &life;
  }
  return last;
}

// One division named twice is one heir. A share that is not stated makes the sum unknown.
void AddHeir(const Division& division, double share, std::vector<Ground::Heir>& heirs) {
  for (Ground::Heir& heir : heirs) {
    if (heir.division != &division) continue;
    heir.share = heir.share == 0 || share == 0 ? 0 : std::min(1.0, heir.share + share);
    return;
  }
  heirs.push_back({&division, share});
}

}  // namespace

std::vector<std::string> WithoutInner(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  std::vector<std::string> outer;
  // A subtree inside another one adds nothing; after sorting it stands right behind what holds it.
  for (std::string& key : keys) {
    if (!outer.empty() && key.starts_with(outer.back())) continue;
    outer.push_back(std::move(key));
  }
  return outer;
}

// Forward: when a life of the division ends its ground passes on. What it gave away before, while it went on,
// is no longer its ground; what it is when it is set up again later is another question.
void Ground::AddHeirs(const Division& division, const Walk& walk, absl::Time ended, double share, int steps,
                      std::vector<Heir>& heirs) const {
  if (steps == 0) return;
  absl::Time next = absl::InfiniteFuture();
  for (const Interval& life : LivesOf(division, walk.known)) {
    if (life.from > ended) next = std::min(next, life.from);
  }
  std::vector<const Lineage*> links;
  for (const Lineage* link : LineagesFrom(division.id)) {
    if (link->to != division.id && StoodAt(*link, walk.known) && ended <= link->effective &&
        link->effective <= walk.at && link->effective < next)
      links.push_back(link);
  }
  for (const Lineage* link : links) {
    const Division* to = FindDivision(link->to);
    if (to == nullptr) continue;
    const double part = links.size() == 1 && link->share == 0 ? 1 : link->share;
    // The life in which it took the ground over, if only to pass it on that day; or the first one after.
    for (const Interval& life : LivesOf(*to, walk.known)) {
      if (life.to < link->effective) continue;
      if (life.from > walk.at) break;
      if (life.to > walk.at) {
        AddHeir(*to, share * part, heirs);
      } else {
        AddHeirs(*to, walk, life.to, share * part, steps - 1, heirs);
      }
      break;
    }
  }
}

// Backward: whose ground it took over until then. How much came from each of several is not known.
void Ground::AddForebears(const Division& division, const Walk& walk, absl::Time until, double share,
                          int steps, std::vector<Heir>& heirs) const {
  if (steps == 0) return;
  std::vector<const Lineage*> links;
  for (const Lineage* link : LineagesTo(division.id)) {
    if (link->from != division.id && StoodAt(*link, walk.known) && walk.at < link->effective &&
        link->effective <= until)
      links.push_back(link);
  }
  for (const Lineage* link : links) {
    const Division* from = FindDivision(link->from);
    if (from == nullptr) continue;
    const double part = links.size() == 1 ? share : 0;
    if (Existed(from->id, walk.at, walk.known)) {
      AddHeir(*from, part, heirs);
    } else if (LastBefore(LivesOf(*from, walk.known), walk.at) == nullptr) {
      AddForebears(*from, walk, link->effective, part, steps - 1, heirs);
    }
  }
}

std::vector<Ground::Heir> Ground::HoldersOf(const Uuid& id, absl::Time at, absl::Time known) const {
  std::vector<Heir> heirs;
  const Division* division = FindDivision(id);
  if (division == nullptr) return heirs;
  if (Existed(id, at, known)) return {{division, 1}};
  const std::vector<Interval> lives = LivesOf(*division, known);
  if (const Interval* last = LastBefore(lives, at)) {
    AddHeirs(*division, {at, known}, last->to, 1, kStepsMax, heirs);
  } else {
    AddForebears(*division, {at, known}, absl::InfiniteFuture(), 1, kStepsMax, heirs);
  }
  return heirs;
}

std::vector<const Lineage*> Ground::LineagesFrom(const Uuid& id) const {
  std::vector<const Lineage*> found;
  if (const auto of = lineages_from_.find(id); of != lineages_from_.end()) {
    for (const int32_t i : of->second) found.push_back(&lineages_[i]);
  }
  return found;
}

std::vector<const Lineage*> Ground::LineagesTo(const Uuid& id) const {
  std::vector<const Lineage*> found;
  if (const auto of = lineages_to_.find(id); of != lineages_to_.end()) {
    for (const int32_t i : of->second) found.push_back(&lineages_[i]);
  }
  return found;
}

bool Ground::AnswersFor(const Uuid& ancestor, const Uuid& id, absl::Time at) const {
  return AnswersFor(ancestor, id, at, kStepsMax);
}

bool Ground::AnswersFor(const Uuid& ancestor, const Uuid& id, absl::Time at, int steps) const {
  constexpr absl::Time kToday = absl::InfiniteFuture();
  const auto stands_within = [&](const Division* holder) {
    const std::vector<const Division*> chain = ChainNear(holder, at, kToday);
    return std::any_of(chain.begin(), chain.end(), [&](const Division* d) { return d->id == ancestor; });
  };
  const Division* division = FindDivision(id);
  if (division == nullptr) return false;
  if (Existed(id, at, kToday)) return stands_within(division);
  const std::vector<Heir> holders = HoldersOf(id, at, kToday);
  if (!holders.empty()) {
    return std::any_of(holders.begin(), holders.end(),
                       [&](const Heir& heir) { return stands_within(heir.division); });
  }
  return steps > 0 && AnswersFor(ancestor, ParentNear(*division, at, kToday), at, steps - 1);
}

// Which divisions may ever answer for ground that stood outside their own paths. Only ground that moved or
// ended can be such, so this is empty for a tree that never changed and small for one that did.
void Ground::IndexForeignGround() {
  if (lineages_.empty() && former_children_.empty()) return;
  absl::flat_hash_map<Uuid, std::vector<std::string>> paths;
  const auto paths_of = [&](const Uuid& id) -> const std::vector<std::string>& {
    const auto [at, is_new] = paths.try_emplace(id);
    if (is_new) at->second = PathKeysEver(id);
    return at->second;
  };
  for (size_t i = 0; i < divisions_.size(); ++i) {
    const Division& division = divisions_[i];
    const bool always_there =
        std::all_of(division.placements.begin(), division.placements.end(),
                    [&](const Placement& placement) { return placement.parent == division.parent; });
    const std::vector<const Lineage*> from = LineagesFrom(division.id);
    const bool passed_on = std::any_of(from.begin(), from.end(), [](const Lineage* link) {
      return link->to != link->from && !link->to.IsNil();
    });
    if (always_there && !passed_on) continue;
    const std::vector<std::string> keys = paths_of(division.id);
    // Everybody above it or above what its ground, or that of its former superiors, became.
    absl::flat_hash_set<Uuid> seen;
    std::vector<Uuid> open = {division.id};
    while (!open.empty()) {
      const Uuid id = open.back();
      open.pop_back();
      if (id.IsNil() || !seen.insert(id).second) continue;
      for (const std::string& key : paths_of(id)) {
        for (size_t from = 0; from + 16 <= key.size(); from += 16)
          open.push_back(*Uuid::FromBytes(std::string_view(key).substr(from, 16)));
      }
      for (const Lineage* link : LineagesFrom(id)) open.push_back(link->to);
    }
    for (const Uuid& id : seen) {
      const std::vector<std::string>& own = paths_of(id);
      const bool covered = std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
        return std::any_of(own.begin(), own.end(), [&](const std::string& o) { return key.starts_with(o); });
      });
      if (!covered) foreign_ground_[id].push_back(static_cast<int32_t>(i));
    }
  }
}

std::vector<std::string> Ground::PathKeysHeldBy(const Uuid& id, absl::Time at) const {
  std::vector<std::string> keys = PathKeysEver(id);
  if (const auto foreign = foreign_ground_.find(id); foreign != foreign_ground_.end()) {
    for (const int32_t i : foreign->second) {
      if (!AnswersFor(id, divisions_[i].id, at)) continue;
      for (std::string& key : PathKeysEver(divisions_[i].id)) keys.push_back(std::move(key));
    }
  }
  return WithoutInner(std::move(keys));
}

}  // namespace gridwarden::domain
