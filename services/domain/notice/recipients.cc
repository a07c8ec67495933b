#include "domain/notice/recipients.h"

#include <algorithm>

namespace gridwarden::domain {
namespace {

bool IsHeld(const Ground& ground, const Uuid& post, absl::Time at) {
  return ground.HolderOf(post, at, absl::InfiniteFuture()) != nullptr;
}

// The chain at `at`; of a division that did not exist then, that of today.
std::vector<const Division*> ChainOf(const Ground& ground, const Uuid& division, absl::Time at) {
  std::vector<const Division*> chain = ground.AncestorsAt(division, at, absl::InfiniteFuture());
  return chain.empty() ? ground.AncestorsOf(division) : chain;
}

}  // namespace

std::vector<Uuid> NearestPosts(const Ground& ground, const Uuid& division,
                               std::initializer_list<PostKind> kinds, absl::Time at, Level top,
                               Level bottom) {
  for (const Division* step : ChainOf(ground, division, at)) {
    if (step->level < top || step->level > bottom) continue;
    std::vector<Uuid> posts;
    for (const Post* post : ground.PostsAt(step->id)) {
      if (std::find(kinds.begin(), kinds.end(), post->kind) != kinds.end() && IsHeld(ground, post->id, at))
        posts.push_back(post->id);
    }
    if (!posts.empty()) return posts;
  }
  return {};
}

std::vector<Uuid> HeldPostsOf(const Ground& ground, const Uuid& unit, absl::Time at) {
  std::vector<Uuid> posts;
  for (const Post* post : ground.PostsOfUnit(unit)) {
    if (IsHeld(ground, post->id, at)) posts.push_back(post->id);
  }
  return posts;
}

Uuid GroupOf(const Ground& ground, const Uuid& division, absl::Time at) {
  Uuid city;
  for (const Division* step : ChainOf(ground, division, at)) {
    if (step->level == Level::kCounty) return step->id;
    if (step->level == Level::kCity) city = step->id;
  }
  return city;
}

}  // namespace gridwarden::domain
