#include "patrol/patrol_service.h"
#include "patrol/record_task.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {

absl::StatusOr<v1::PatrolTask> StartPatrolTask(const AreaContext& context, const rpc::Call& call,
                                               const v1::StartPatrolTaskRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("patrolTasks", request.name()));
  domain::EventInterval event{call.now, call.now};
  if (request.has_event_time()) {
    GW_ASSIGN_OR_RETURN(
        event, IntervalOf(request.event_time(),
                          request.has_earliest_time() ? &request.earliest_time() : nullptr, call.now));
  }
  return rpc::Mutate<v1::PatrolTask>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::PatrolTask> {
        absl::StatusOr<TaskRow> locked = LockTask(tx, id);
        // Nobody is assigned to what is not there: the same words as for somebody else's task.
        if (absl::IsNotFound(locked.status())) return access::AllowAssigned(*ground, call, Uuid()).status();
        if (!locked.ok()) return locked.status();
        TaskRow task = *std::move(locked);
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAssigned(*ground, call, task.post));
        GW_RETURN_IF_ERROR(CheckEtag(task, request.etag()));
        const domain::TaskState from = StateOf(task);
        GW_ASSIGN_OR_RETURN(const domain::TaskState to,
                            domain::NextTaskState(from, domain::TaskAction::kStart));
        SetState(task, to);
        *task.value.mutable_start_time() = ToTimestamp(event.latest);
        task.value.clear_release();
        return RecordTask(context, call, tx,
                          {.action = domain::TaskAction::kStart,
                           .from = from,
                           .event = event,
                           .acting = acting,
                           .request_id = request.request_id()},
                          task);
      });
}

}  // namespace gridwarden::patrol
