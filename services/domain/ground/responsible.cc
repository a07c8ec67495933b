#include <algorithm>
#include <tuple>

#include "domain/ground/ground.h"

// Who held a post, and who answered for a piece of ground: both as of an event and as known at a time
// (beyond.md B1).
namespace gridwarden::domain {
namespace {

// Of several records that stand for one instant the acting one decides; then the one that began last, then
// the one made last.
bool Outranks(const Tenure& a, const Tenure& b) {
  return std::tuple(a.kind, a.valid.from, a.recorded, a.id) >
         std::tuple(b.kind, b.valid.from, b.recorded, b.id);
}

}  // namespace

// A post on a division lasts no longer than the division. A unit's post lasts: its work goes on until it is
// handed over.
bool Ground::PostExisted(const Post& post, absl::Time at, absl::Time known) const {
  return post.valid.Contains(at) && (post.division.IsNil() || Existed(post.division, at, known));
}

const Tenure* Ground::HolderOf(const Uuid& post, absl::Time at, absl::Time known) const {
  const Post* row = FindPost(post);
  if (row == nullptr || !PostExisted(*row, at, known)) return nullptr;
  const auto found = tenures_by_post_.find(post);
  if (found == tenures_by_post_.end()) return nullptr;
  const Tenure* holder = nullptr;
  for (const int32_t i : found->second) {
    const Tenure& tenure = tenures_[i];
    if (!tenure.valid.Contains(at) || !StoodAt(tenure, known)) continue;
    if (holder == nullptr || Outranks(tenure, *holder)) holder = &tenure;
  }
  return holder;
}

std::vector<Holding> Ground::HoldingsOf(const Uuid& person, absl::Time at, absl::Time known) const {
  std::vector<Holding> holdings;
  const auto found = tenures_by_person_.find(person);
  if (found == tenures_by_person_.end()) return holdings;
  for (const int32_t i : found->second) {
    const Tenure& tenure = tenures_[i];
    if (!tenure.valid.Contains(at) || !StoodAt(tenure, known)) continue;
    const Post* post = FindPost(tenure.post);
    if (post == nullptr || !PostExisted(*post, at, known)) continue;
    const auto same =
        std::find_if(holdings.begin(), holdings.end(), [&](const Holding& h) { return h.post == post; });
    if (same == holdings.end()) {
      holdings.push_back({post, &tenure});
    } else if (Outranks(tenure, *same->tenure)) {
      same->tenure = &tenure;  // one person may hold a post formally and in acting capacity
    }
  }
  return holdings;
}

std::vector<Link> Ground::ResolveResponsible(const Uuid& division, Regime regime, absl::Time at,
                                             absl::Time known) const {
  std::vector<Link> chain;
  for (const Division* level : AncestorsAt(division, at, known)) {
    for (const Post* post : PostsAt(level->id)) {
      if (post->regime != Regime::kGeneral && post->regime != regime) continue;
      if (!PostExisted(*post, at, known)) continue;
      chain.push_back({level, post, HolderOf(post->id, at, known)});
    }
  }
  return chain;
}

}  // namespace gridwarden::domain
