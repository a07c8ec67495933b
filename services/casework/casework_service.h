#pragma once

#include <memory>
#include <vector>

#include "access/area.h"

namespace gridwarden::casework {

// From a lead to a closure that holds. Registers CaseworkService; its workers assign checkers, start the
// watch over closed cases, and make signals of visits and hotspots.
std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

}  // namespace gridwarden::casework
