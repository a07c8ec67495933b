#include "patrol/release_task.h"

#include <utility>

#include "base/status.h"

namespace gridwarden::patrol {

absl::Status CheckOrder(const ReleaseOrder& order) {
  GW_RETURN_IF_ERROR(CheckText("note", order.note, kNoteCharactersMax));
  if (order.reason == v1::PatrolTask::Release::OTHER && order.note.empty()) {
    return InvalidField("note", "got nothing, want what the other reason is");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::PatrolTask> ReleaseTask(const AreaContext& context, const rpc::Call& call,
                                           const domain::Ground& ground, db::Transaction& tx,
                                           domain::TaskAction action, const ReleaseOrder& order) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("patrolTasks", order.name));
  GW_ASSIGN_OR_RETURN(TaskRow task, LockForScope(ground, call, tx, id));
  GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(ground, call, task.division));
  GW_RETURN_IF_ERROR(CheckEtag(task, order.etag));
  return ReleaseLocked(context, call, ground, tx, acting, action, order, std::move(task));
}

absl::StatusOr<v1::PatrolTask> ReleaseLocked(const AreaContext& context, const rpc::Call& call,
                                             const domain::Ground& ground, db::Transaction& tx,
                                             const access::Acting& acting, domain::TaskAction action,
                                             const ReleaseOrder& order, TaskRow task) {
  const domain::TaskState from = StateOf(task);
  GW_ASSIGN_OR_RETURN(const domain::TaskState to, domain::NextTaskState(from, action));
  if (action == domain::TaskAction::kMiss && call.now <= task.due) {
    return FailedPrecondition(
        "ILLEGAL_TRANSITION", "the task is not due yet",
        {{"state", std::string(domain::NameOf(from))}, {"action", std::string(domain::NameOf(action))}});
  }
  const domain::Tenure* holder = ground.HolderOf(task.post, call.now, absl::InfiniteFuture());
  if (action == domain::TaskAction::kWaive && holder != nullptr && holder->person == call.principal.person) {
    return MakeError(absl::StatusCode::kPermissionDenied, "nobody releases a task of their own",
                     {.reason = "SEPARATION_OF_DUTIES", .metadata = {{"duty", "FIXER"}}});
  }
  SetState(task, to);
  v1::PatrolTask::Release& release = *task.value.mutable_release();
  release.set_reason(order.reason);
  release.set_note(order.note);
  release.set_person(ResourceName("persons", call.principal.person));
  release.set_post(ResourceName("posts", acting.post));
  *release.mutable_time() = ToTimestamp(call.now);
  return RecordTask(context, call, tx,
                    {.action = action,
                     .from = from,
                     .event = {call.now, call.now},
                     .acting = acting,
                     .request_id = order.request_id},
                    task);
}

}  // namespace gridwarden::patrol
