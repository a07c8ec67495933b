#pragma once

#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "grid/grid_repository.h"
#include "gridwarden/grid/v1/grid.pb.h"
#include "platform/rpc/call.h"

// What every way of recording a tenure shares.
namespace gridwarden::grid {

// Reads a tenure as a caller describes it; `field` is its path in the request.
absl::StatusOr<domain::Tenure> ReadTenure(const v1::Tenure& message, std::string_view field);

// TENURE_OVERLAP when one of the standing tenures of the same post and kind, other than `except`, overlaps.
absl::Status CheckOverlap(const domain::Tenure& tenure, std::span<const TenureRow> standing,
                          const Uuid& except = {});

// INVALID_FIELD when the post, or the ground it stands on, does not exist during any of it.
absl::Status CheckPostExistsThen(const domain::Tenure& tenure, const domain::Post& post,
                                 const domain::Ground& ground, std::string_view field);

// Whom an office may appoint: others, and to any post but discipline inspection, which looks over it.
// Administrators may all. PERMISSION_DENIED / NOT_ALLOWED otherwise, for ending and correcting too.
absl::Status CheckAppointer(const rpc::Call& call, const Uuid& person, domain::PostKind kind);

absl::Status CheckEtag(std::string_view etag, const domain::Tenure& tenure);

// FAILED_PRECONDITION / ILLEGAL_TRANSITION for a tenure that was withdrawn before.
absl::Status CheckStands(const domain::Tenure& tenure);

}  // namespace gridwarden::grid
