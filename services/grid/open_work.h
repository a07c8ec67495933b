#pragma once

#include <span>

#include "base/id.h"
#include "grid/grid_service.h"

// What is open on ground or in posts, asked of the areas that know. A number that cannot be had at this
// moment is not set: telling it must not stand in the way of what the caller came for.
namespace gridwarden::grid {

// On these divisions and everything below them; one within another is counted once.
v1::OpenWork OpenWorkOn(GridArea& area, const rpc::Call& call, const domain::Ground& ground,
                        std::span<const Uuid> divisions);

// Assigned to these posts, or to the units they belong to.
v1::OpenWork OpenWorkOf(GridArea& area, const rpc::Call& call, const domain::Ground& ground,
                        std::span<const Uuid> posts);

}  // namespace gridwarden::grid
