#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "gridwarden/sync/v1/sync.pb.h"
#include "gridwarden/sync/v1/sync_service.pb.h"

// What this area counts for /metrics.
namespace gridwarden::sync {

void CountVerdict(v1::Verdict verdict);
void CountGrade(v1::Grade grade);
void CountReset(v1::ResetReason reason);

// What phones in use said was still only on them, and numbers that never came.
struct OnPhones {
  int64_t operations = 0, photos = 0, missing = 0;
  absl::Duration silent;  // the longest of those that had something
};
void Show(const OnPhones& seen);

// Shows them all from the start, at 0.
void ShowNumbers();

}  // namespace gridwarden::sync
