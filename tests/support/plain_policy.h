#pragma once

#include <memory>

#include "domain/policy/policy.h"

namespace gridwarden::testing {

// Nothing but photos, and limits that nobody has to think of. DUST; KILN, where production stops first;
// STRAW_BURNING. What was closed is looked at again after a week.
inline std::shared_ptr<const domain::Policy> PlainPolicy() {
  auto made = std::make_shared<domain::Policy>();
  made->version = "test-1";
  domain::CaseType type;
  const domain::Limit long_time{domain::Calendar::kContinuous, absl::Hours(24 * 365)};
  type.limits = {.screen = long_time,
                 .onsite = long_time,
                 .dispatch = long_time,
                 .accept = long_time,
                 .handle = long_time,
                 .check = long_time,
                 .sign = long_time,
                 .total = long_time,
                 .rework_floor = absl::Hours(24)};
  type.rechecks = {absl::Hours(24 * 7)};
  made->case_types[""] = type;
  for (const char* code : {"DUST", "KILN", "STRAW_BURNING"}) {
    made->categories[code] = {.code = code, .zh = code, .en = code};
    type.category = code;
    made->case_types[code] = type;
  }
  made->case_types["KILN"].stop_first = long_time;
  return made;
}

}  // namespace gridwarden::testing
