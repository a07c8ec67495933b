#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace gridwarden::server {

// The 32 random bytes that all processes of one installation share (rpc/hop_seal.h), in a file of mode 0600.
// Made at the first start; of two processes that start at once one makes it. FAILED_PRECONDITION when it
// cannot be read or made, has another size, or can be read by others.
absl::StatusOr<std::string> LoadHopSecret(const std::string& path);

}  // namespace gridwarden::server
