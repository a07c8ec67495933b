#include "patrol/patrol_service.h"
#include "patrol/release_task.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {

absl::StatusOr<v1::PatrolTask> WaivePatrolTask(const AreaContext& context, const rpc::Call& call,
                                               const v1::WaivePatrolTaskRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  const ReleaseOrder order{request.name(), request.note(), request.etag(), request.request_id(),
                           request.reason()};
  GW_RETURN_IF_ERROR(CheckOrder(order));
  return rpc::Mutate<v1::PatrolTask>(context.database, call, request, [&](db::Transaction& tx) {
    return ReleaseTask(context, call, *ground, tx, domain::TaskAction::kWaive, order);
  });
}

}  // namespace gridwarden::patrol
