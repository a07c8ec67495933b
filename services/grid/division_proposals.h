#pragma once

#include "domain/ground/ground.h"
#include "grid/proposal_repository.h"

namespace gridwarden::grid {

// With the names of the ground of today.
v1::DivisionProposal ToProto(const domain::Ground& ground, const ProposalRecord& proposal);

}  // namespace gridwarden::grid
