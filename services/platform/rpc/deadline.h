#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace gridwarden::rpc {

// What each hop takes off a deadline, so that its caller is answered before it gives up.
inline constexpr absl::Duration kHop = absl::Milliseconds(50);

// What a caller's timeout leaves for the work; half of a very short one.
inline absl::Duration LessAHop(absl::Duration timeout) { return std::max(timeout - kHop, timeout / 2); }

}  // namespace gridwarden::rpc
