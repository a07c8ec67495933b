#pragma once

#include <memory>
#include <vector>

#include "access/area.h"

namespace gridwarden::sync {

// Takes in what phones did while they were offline, and tells them what changed. Registers DeviceService and
// SyncService; its workers read the feed and enter what never came.
std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

}  // namespace gridwarden::sync
