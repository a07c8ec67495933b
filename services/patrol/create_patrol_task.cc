#include <optional>

#include "patrol/patrol_service.h"
#include "patrol/plan_task.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {

absl::StatusOr<v1::PatrolTask> CreatePatrolTask(const AreaContext& context, const rpc::Call& call,
                                                const v1::CreatePatrolTaskRequest& request) {
  const TaskWish wish{&request.patrol_task(), "patrol_task"};
  GW_ASSIGN_OR_RETURN(std::vector<PlannedTask> planned, PlanTasks(context, call, {&wish, 1}));
  TaskRow task = std::move(planned.front().task);
  task.id = Uuid::Make(call.now);
  if (!request.patrol_task_id().empty()) {
    const std::optional<Uuid> id = Uuid::Parse(request.patrol_task_id());
    if (!id || id->IsNil()) return InvalidField("patrol_task_id", "want a UUID");
    task.id = *id;
  }
  return rpc::Mutate<v1::PatrolTask>(context.database, call, request, [&](db::Transaction& tx) {
    return RecordTask(context, call, tx,
                      {.action = domain::TaskAction::kCreate,
                       .event = {call.now, call.now},
                       .acting = planned.front().acting,
                       .request_id = request.request_id()},
                      task);
  });
}

}  // namespace gridwarden::patrol
