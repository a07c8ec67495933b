#include "notify/notify_service.h"

namespace gridwarden::notify {

std::vector<std::unique_ptr<Worker>> Install(const AreaContext&, rpc::Registry&) { return {}; }

}  // namespace gridwarden::notify
