#include "patrol/patrol_service.h"
#include "patrol/release_task.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {

absl::StatusOr<v1::PatrolTask> MissPatrolTask(const AreaContext& context, const rpc::Call& call,
                                              const v1::MissPatrolTaskRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  const ReleaseOrder order{request.name(), request.note(), request.etag(), request.request_id(),
                           request.reason()};
  GW_RETURN_IF_ERROR(CheckOrder(order));
  return rpc::Mutate<v1::PatrolTask>(context.database, call, request, [&](db::Transaction& tx) {
    return ReleaseTask(context, call, *ground, tx, domain::TaskAction::kMiss, order);
  });
}

}  // namespace gridwarden::patrol
