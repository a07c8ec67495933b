#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace gridwarden::domain {

// What a channel may still send: a bucket that holds `burst` and refills evenly. A plain value, so that it
// can be kept where all processes see it.
struct Allowance {
  double tokens = 0;
  absl::Time refilled;

  // Takes one; false when there is none. A clock that went back refills nothing and takes nothing away.
  bool Take(double per_minute, double burst, absl::Time now) {
    if (now > refilled) {
      tokens = std::min(burst, tokens + absl::ToDoubleSeconds(now - refilled) / 60 * per_minute);
      refilled = now;
    }
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  }
};

}  // namespace gridwarden::domain
