#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "casework/case_file.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "domain/workflow/routing.h"
#include "gridwarden/casework/v1/routing_service.pb.h"

// How a case finds whoever has to put it right: the duty list as of its event (B13), on its ground.
namespace gridwarden::casework {

inline constexpr int kCooperatorsMax = 16;

// Reads units/{uuid} each. INVALID_FIELD "cooperators[i]" for what is no unit of the ground, named twice, or
// beyond the limit.
absl::StatusOr<std::vector<Uuid>> ReadCooperators(
    const domain::Ground& ground, const google::protobuf::RepeatedPtrField<std::string>& cooperators);

domain::RoutingQuestion QuestionOf(const CaseFile& file);

// The duty item by which the handler leads. `asked` may name the item: INVALID_FIELD when the list has none
// so called. FAILED_PRECONDITION / NOT_ON_DUTY_LIST with metadata handler and item when the list does not
// give the handler this duty. A policy without a duty list takes `asked` as it is.
absl::StatusOr<std::string> DutyItemFor(const domain::Policy& policy, const domain::Ground& ground,
                                        const CaseFile& file, const Handler& handler, std::string_view asked);

// Puts the case into the hands of the handler and gives each cooperating unit its part.
void Entrust(const domain::Ground& ground, const Handler& handler, const std::vector<Uuid>& cooperators,
             const std::string& duty_item, CaseFile& file);

v1::DutyItem ToProto(const domain::DutyItem& item);

}  // namespace gridwarden::casework
