#pragma once

#include <memory>
#include <vector>

#include "access/area.h"

namespace gridwarden::notify {

// Tells people what waits for them, and keeps who is on duty. Registers NotifyService; its workers make
// notices of the feed and deliver them.
std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

}  // namespace gridwarden::notify
