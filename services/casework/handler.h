#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "casework/case_file.h"
#include "domain/ground/ground.h"

namespace gridwarden::casework {

// Reads units/{uuid} or posts/{uuid} as somebody who can put a case right. INVALID_FIELD for an unknown one,
// for a supervision officer, who checks and never fixes, and for discipline inspection; "" is nobody.
absl::StatusOr<Handler> ReadHandler(const domain::Ground& ground, std::string_view name,
                                    std::string_view field);

// "GRID_OFFICER 灈阳街道" for a post, the unit's name for a unit.
std::string DisplayName(const domain::Ground& ground, const Handler& handler);

// POST_VACANT when nobody holds the post, or any post of the unit, at `now`: the case would wait for nobody.
absl::Status CheckHeld(const domain::Ground& ground, const Handler& handler, absl::Time now);

}  // namespace gridwarden::casework
