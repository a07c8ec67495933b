#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "patrol/record_task.h"

// MISSED and WAIVED: somebody in charge says, with a reason, that a task was not or need not be done.
namespace gridwarden::patrol {

struct ReleaseOrder {
  std::string name, note, etag, request_id;
  v1::PatrolTask::Release::Reason reason = v1::PatrolTask::Release::REASON_UNSPECIFIED;
};

// INVALID_FIELD without a note for OTHER, or with one of more than 500 characters.
absl::Status CheckOrder(const ReleaseOrder& order);

// Does it inside `tx`. `action` is kMiss (only after the due time) or kWaive (never by who holds the assigned
// post).
absl::StatusOr<v1::PatrolTask> ReleaseTask(const AreaContext& context, const rpc::Call& call,
                                           const domain::Ground& ground, db::Transaction& tx,
                                           domain::TaskAction action, const ReleaseOrder& order);

// The same for a task that is locked, by whoever may do it in `acting`.
absl::StatusOr<v1::PatrolTask> ReleaseLocked(const AreaContext& context, const rpc::Call& call,
                                             const domain::Ground& ground, db::Transaction& tx,
                                             const access::Acting& acting, domain::TaskAction action,
                                             const ReleaseOrder& order, TaskRow task);

}  // namespace gridwarden::patrol
