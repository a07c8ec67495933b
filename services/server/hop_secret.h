#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"

namespace gridwarden::server {

// Whether a file of that owner and mode keeps a secret from others, read by `us`: mode 0600 of our own; of
// somebody else's also 0640 and 0440, because a secret that is mounted for us belongs to root and is given by
// the group.
bool KeepsSecret(uid_t owner, mode_t mode, uid_t us);

// The 32 random bytes that all processes of one installation share (rpc/hop_seal.h), in a file of mode 0600.
// Made at the first start; of two processes that start at once one makes it. FAILED_PRECONDITION when it
// cannot be read or made, has another size, or can be read by others.
absl::StatusOr<std::string> LoadHopSecret(const std::string& path);

}  // namespace gridwarden::server
