#pragma once

#include <initializer_list>
#include <vector>

#include "domain/ground/ground.h"

// Which posts a notice is for, by the ground as it is known today.
namespace gridwarden::domain {

// The posts of these kinds of the nearest division at or above `division` at which somebody holds one at
// `at`: a desk that is vacant is passed over, for nobody would be told. Only divisions from level `top` down
// to `bottom`.
std::vector<Uuid> NearestPosts(const Ground& ground, const Uuid& division,
                               std::initializer_list<PostKind> kinds, absl::Time at,
                               Level top = Level::kProvince, Level bottom = Level::kGroup);

// The posts of a unit that somebody holds at `at`.
std::vector<Uuid> HeldPostsOf(const Ground& ground, const Uuid& unit, absl::Time at);

// The county at or above a division at `at`, the city where there is none; nil where there is neither.
Uuid GroupOf(const Ground& ground, const Uuid& division, absl::Time at);

}  // namespace gridwarden::domain
