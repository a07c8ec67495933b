#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "platform/rpc/call.h"
#include "sync/device_repository.h"

namespace gridwarden::sync {

// A device is its owner's and the administrators': for anybody else there is none.
absl::Status AllowDevice(const rpc::Call& call, const absl::StatusOr<DeviceRow>& device,
                         std::string_view name);

}  // namespace gridwarden::sync
