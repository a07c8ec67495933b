#pragma once

#include <memory>

#include "domain/policy/policy.h"

namespace gridwarden::testing {

// The real rules of db/policy, parsed once. Stops the process when they are refused.
std::shared_ptr<const domain::Policy> TestPolicy();

}  // namespace gridwarden::testing
