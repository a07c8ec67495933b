#include "patrol/patrol_service.h"
#include "patrol/plan_task.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {

absl::StatusOr<v1::PatrolTask> AssignPatrolTask(const AreaContext& context, const rpc::Call& call,
                                                const v1::AssignPatrolTaskRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("patrolTasks", request.name()));
  return rpc::Mutate<v1::PatrolTask>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::PatrolTask> {
        GW_ASSIGN_OR_RETURN(TaskRow task, LockForScope(*ground, call, tx, id));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, task.division));
        GW_RETURN_IF_ERROR(CheckEtag(task, request.etag()));
        const domain::TaskState from = StateOf(task);
        GW_ASSIGN_OR_RETURN(const domain::TaskState to,
                            domain::NextTaskState(from, domain::TaskAction::kAssign));
        GW_ASSIGN_OR_RETURN(task.post, CheckPost(*ground, call.now, task.division, request.post(), "post"));
        if (request.has_due_time()) {
          GW_ASSIGN_OR_RETURN(task.due, ToTime(request.due_time(), "due_time"));
        }
        SetState(task, to);
        task.value.clear_start_time();  // whoever has it now has not begun
        task.value.clear_release();
        return RecordTask(context, call, tx,
                          {.action = domain::TaskAction::kAssign,
                           .from = from,
                           .event = {call.now, call.now},
                           .acting = acting,
                           .request_id = request.request_id()},
                          task);
      });
}

}  // namespace gridwarden::patrol
