#pragma once

#include <memory>

#include "absl/time/time.h"
#include "domain/ground/ground.h"

namespace gridwarden::testing {

// The test city after a reform at `when`, recorded at that time: villages[0][0][0] was merged into
// villages[0][0][1]; villages[0][1][0] was divided between [0][1][1] (0.7) and [0][1][2]; townships[0][2]
// moved from counties[0] to counties[1]; and the code of villages[0][0][0] is that of villages[0][0][2]
// since.
std::shared_ptr<const domain::Ground> ReorganisedCity(const domain::Ground& before, absl::Time when);

}  // namespace gridwarden::testing
