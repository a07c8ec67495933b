#pragma once

#include "absl/status/statusor.h"
#include "casework/case_file.h"
#include "casework/step.h"
#include "domain/ground/ground.h"

namespace gridwarden::casework {

// Files a new case: gives it its number, its clocks and its first event. The caller has filled what the case
// is about, where, whose chain it is in and which level files it. ALREADY_EXISTS when a case has the id.
absl::StatusOr<v1::Case> Bear(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                              const domain::Ground& ground, CaseFile& file, const Step& cause);

}  // namespace gridwarden::casework
