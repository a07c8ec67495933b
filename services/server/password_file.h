#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace gridwarden::server {

// The password in the first line of a file. FAILED_PRECONDITION when it cannot be read, is shorter than 16
// characters, or everybody on the machine can read it. (Its group may: that is how Kubernetes mounts
// secrets.)
absl::StatusOr<std::string> ReadPassword(const std::string& path);

// The same; a missing file is made first, mode 0600, with a random password.
absl::StatusOr<std::string> ReadOrMakePassword(const std::string& path);

}  // namespace gridwarden::server
