#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/id.h"
#include "casework/case_file.h"
#include "domain/ground/ground.h"
#include "platform/rpc/call.h"

// Who may look at what: the same for single reads and for lists.
namespace gridwarden::casework {

// A case is seen by whoever stands at its division or above it, and by whoever it is assigned to, wherever that is.
absl::Status AllowView(const domain::Ground& ground, const rpc::Call& call, const CaseFile& file);
absl::Status AllowView(const domain::Ground& ground, const rpc::Call& call, const SignalFile& signal);

// The subtrees a list shows: the caller's scope, narrowed to `division` as spelled. Empty = everywhere.
// PERMISSION_DENIED when the caller may see nothing there, INVALID_FIELD for an unknown division.
absl::StatusOr<std::vector<std::string>> ScopeWithin(const domain::Ground& ground, const rpc::Call& call,
                                                     std::string_view division);

}  // namespace gridwarden::casework
