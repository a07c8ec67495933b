#pragma once

#include "gridwarden/sync/v1/sync.pb.h"

// What this area counts for /metrics.
namespace gridwarden::sync {

void CountVerdict(v1::Verdict verdict);
void CountGrade(v1::Grade grade);

// Shows them all from the start, at 0.
void ShowNumbers();

}  // namespace gridwarden::sync
