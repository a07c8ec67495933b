#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "domain/policy/policy.h"
#include "domain/workflow/case_workflow.h"

// When a closed case is looked at again (回头看, T21 to T23). Every recheck is planned from the closing,
// never from the last visit, so that a late visit shifts none of those after it.
namespace gridwarden::domain {

// The series of a type: its own rechecks; for what comes back as long as its season lasts, further ones until
// the end of the season that the closing falls into; and, where goods stay on site by exception until a day
// (YYYY-MM-DD), one on the day after it, unless that day has one anyway. In order; empty for a type without
// rechecks and a case without such goods.
std::vector<absl::Time> PlannedRechecks(const CaseType& type, absl::Time closed,
                                        std::string_view stored_until_date);

// The one to be made after `done` of them; nothing after the last.
std::optional<absl::Time> NextRecheck(std::span<const absl::Time> planned, int done);

// What a result means in the series: all but the last leave the case watched; a rebound ends it at once.
Action ActionOf(RecheckResult result, bool last);

// What is known of the closure after one more result: that it held at one visit is not taken back by a visit
// that could not see it.
enum class Closure : uint8_t { kUnspecified, kNotRechecked, kHeld, kNotHeld, kNotObservable };
Closure After(Closure before, RecheckResult result);

// Whether goods may no longer be on site at `at`: the whole day until which they may stay is still theirs.
bool StorageExpired(std::string_view stored_until_date, absl::Time at);

}  // namespace gridwarden::domain
