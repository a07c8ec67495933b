#pragma once

#include <string>

#include "absl/time/time.h"

// What applications and clocks are judged by beside the type of the case (T10, T11, T18, T19; W5 rule 2).
namespace gridwarden::domain {

struct ApplicationRules {
  // An event whose time is an interval wider than this flags its case: no penal count until reviewed.
  absl::Duration wide_interval = absl::Minutes(10);
  // Percent of an office's cases of the month that it may have voided, once the month has `voiding_from`.
  int voiding_ratio_max = 5;
  int voiding_from = 20;
};

}  // namespace gridwarden::domain
