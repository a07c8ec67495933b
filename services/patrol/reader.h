#pragma once

#include "absl/status/status.h"
#include "domain/ground/ground.h"
#include "patrol/patrol_repository.h"
#include "platform/rpc/call.h"

// Who may look at a task: the same for single reads and for many at once.
namespace gridwarden::patrol {

// In scope, or assigned to the caller.
absl::Status AllowReader(const domain::Ground& ground, const rpc::Call& call, const TaskRow& task);

}  // namespace gridwarden::patrol
