#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "access/permission.h"
#include "casework/conflict_repository.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "platform/rpc/call.h"

// Who may say what about conflicts of interest, and how it is recorded.
namespace gridwarden::casework {

// The caller's campaign office in whose scope a division lies; NOT_ALLOWED.
absl::StatusOr<access::Acting> AllowOffice(const domain::Ground& ground, const rpc::Call& call,
                                           const Uuid& division);

// Saves the conflict and its journal entry with `tx`, and answers it as the client sees it.
absl::StatusOr<v1::Conflict> RecordConflict(db::Transaction& tx, const rpc::Call& call,
                                            const domain::Policy& policy, ConflictFile& conflict,
                                            v1::ConflictEvent::Action action, const access::Acting& acting,
                                            const std::string& request_id);

}  // namespace gridwarden::casework
