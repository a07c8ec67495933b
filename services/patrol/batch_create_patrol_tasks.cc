#include "absl/strings/str_format.h"
#include "patrol/patrol_service.h"
#include "patrol/plan_task.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {
namespace {

constexpr int kBatchMax = 500;  // what one transaction and one answer hold comfortably

}  // namespace

absl::StatusOr<v1::BatchCreatePatrolTasksResponse> BatchCreatePatrolTasks(
    const AreaContext& context, const rpc::Call& call, const v1::BatchCreatePatrolTasksRequest& request) {
  if (request.patrol_tasks_size() > kBatchMax) {
    return InvalidField("patrol_tasks",
                        absl::StrFormat("got %d, want at most %d", request.patrol_tasks_size(), kBatchMax));
  }
  std::vector<TaskWish> wishes;
  for (int i = 0; i < request.patrol_tasks_size(); ++i) {
    wishes.push_back({&request.patrol_tasks(i), absl::StrFormat("patrol_tasks[%d]", i)});
  }
  GW_ASSIGN_OR_RETURN(std::vector<PlannedTask> planned, PlanTasks(context, call, wishes));
  for (PlannedTask& task : planned) task.task.id = Uuid::Make(call.now);
  using Response = v1::BatchCreatePatrolTasksResponse;
  return rpc::Mutate<Response>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<Response> {
        Response response;
        for (const PlannedTask& task : planned) {
          GW_ASSIGN_OR_RETURN(*response.add_patrol_tasks(), RecordTask(context, call, tx,
                                                                       {.action = domain::TaskAction::kCreate,
                                                                        .event = {call.now, call.now},
                                                                        .acting = task.acting,
                                                                        .request_id = request.request_id()},
                                                                       task.task));
        }
        return response;
      });
}

}  // namespace gridwarden::patrol
