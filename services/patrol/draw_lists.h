#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "domain/draw/draw.h"
#include "domain/policy/draw_rules.h"
#include "gridwarden/patrol/v1/draw_service.pb.h"

// The lists that a draw freezes.
namespace gridwarden::patrol {

inline constexpr int kDrawCandidatesMax = 5000;
inline constexpr int kDrawInspectorsMax = 500;

// What a request draws from.
struct DrawScope {
  const domain::Ground& ground;
  const domain::DrawRules& rules;
  Uuid division;
};

// The ACTIVE sources below the division that the caller may read, by id, with the strata and weights of the
// request. Asks the source area. DRAW_WITHOUT_CANDIDATES when there are none.
absl::StatusOr<std::vector<domain::draw::Candidate>> ReadCandidates(
    const AreaContext& context, const rpc::Call& call, const DrawScope& scope,
    const v1::CommitDrawRequest& request, std::vector<domain::draw::Exclusion>& exclusions);

// Who holds now a post of the kinds asked for, by person. DRAW_WITHOUT_CANDIDATES when there is nobody.
absl::StatusOr<std::vector<domain::draw::Inspector>> FindInspectors(const rpc::Call& call,
                                                                    const DrawScope& scope,
                                                                    const v1::CommitDrawRequest& request);

}  // namespace gridwarden::patrol
