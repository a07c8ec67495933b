#pragma once

#include "absl/status/statusor.h"
#include "casework/case_file.h"
#include "casework/step.h"
#include "domain/ground/ground.h"

// What a closure that did not hold brings forth (T22).
namespace gridwarden::casework {

// Where the ground of the old case is now that it came back. Of several divisions that share it, the one on
// whose side (`acting_division`; nil for the system) it was found.
Place PlaceAgain(const domain::Ground& ground, const Place& old, const Uuid& acting_division,
                 absl::Time event_time);

// The recurrence is a case of its own in the same chain: same source and disposition, found by this proof.
// Not filed yet (birth.h).
CaseFile RecurrenceOf(const CaseFile& old, const Uuid& id, absl::Time event_time, const Place& place,
                      const Proof& proof);

}  // namespace gridwarden::casework
