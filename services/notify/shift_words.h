#pragma once

#include "absl/status/statusor.h"
#include "domain/notice/roster.h"
#include "gridwarden/notify/v1/notify.pb.h"

// Shifts between the API and the rules.
namespace gridwarden::notify {

v1::DutyShift ShownShift(const domain::Shift& shift);

// A shift of a roster as a request names it: post or person, times; what it says of name, division and kind
// is not read. INVALID_FIELD naming the field below `field`.
absl::StatusOr<domain::Shift> ReadShift(const domain::Ground& ground, const v1::DutyShift& shift,
                                        const Uuid& division, domain::DutyKind kind,
                                        const std::string& field);

// What a post or person is called in a sentence: "CAMPAIGN_OFFICE 灈阳街道" or the name.
std::string WhoOf(const domain::Ground& ground, const domain::Shift& shift);

}  // namespace gridwarden::notify
