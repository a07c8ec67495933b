#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/permission.h"
#include "casework/case_file.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "domain/workflow/closing.h"
#include "platform/rpc/call.h"

// What the acts at the end of a case share.
namespace gridwarden::casework {

// The type of the case in the jurisdiction where it was found: cities define their closing items differently.
const domain::CaseType& TypeOf(const domain::Policy& policy, const domain::Ground& ground,
                               const CaseFile& file);

// Whether it was closed before, other than by force: a dispute leaves that closing its time and its
// judgement.
bool WasClosed(const CaseFile& file);
// When it was last closed: after a dispute that is not the first closing any more.
absl::Time ClosedTime(const CaseFile& file);
// Whether a dispute opened it again and it was not signed since.
bool IsDisputed(const CaseFile& file);

domain::SigningRule SigningOf(const domain::CaseType& type, const CaseFile& file);
// The seats of its joint review ("units/{uuid}", "COUNTY_LEADER" ...), and those that have not agreed.
std::vector<std::string> SeatsOf(const domain::CaseType& type, const CaseFile& file);
std::vector<std::string> OpenSeats(const domain::CaseType& type, const CaseFile& file);
// "遂平县住房和城乡建设局", "县级网格长".
std::string SeatName(const domain::Ground& ground, std::string_view seat);

// The division that stands above this one at `at`; nothing above the top.
std::optional<Uuid> DivisionAbove(const domain::Ground& ground, const Uuid& division, absl::Time at);

// Where whoever signs has to stand, or above it.
Uuid SigningDivision(const domain::Ground& ground, const domain::SigningRule& rule, const CaseFile& file,
                     absl::Time at);

// The part of a cooperating unit, "units/{uuid}"; null when it has none.
v1::DisposalTask* FindPart(CaseFile& file, std::string_view unit);
// OK, or PARTS_OPEN naming the units that have neither done their part nor been excused.
absl::Status CheckParts(const domain::Ground& ground, const CaseFile& file);

// The caller's consent in a seat, now.
v1::Consent ConsentOf(std::string_view seat, const rpc::Call& call, const access::Acting& acting, bool agrees,
                      std::string_view reason);

}  // namespace gridwarden::casework
