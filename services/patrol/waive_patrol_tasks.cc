#include <algorithm>

#include "base/status.h"
#include "patrol/plan_repository.h"
#include "patrol/plan_service.h"
#include "patrol/release_task.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {
namespace {

constexpr int kWaivedMax = 500;  // what one transaction and its journal entries hold comfortably
constexpr absl::Duration kWindowMax = absl::Hours(24 * 31);

// What is asked for, checked.
struct Window {
  access::Standing standing;
  std::vector<std::string> paths;
  std::vector<Uuid> own_posts;
  absl::Time from, to;
};

absl::StatusOr<Window> ReadWindow(const AreaContext& context, const rpc::Call& call,
                                  const domain::Ground& ground, const v1::WaivePatrolTasksRequest& request) {
  Window window;
  GW_ASSIGN_OR_RETURN(const PlanPlace place, AllowPlan(context, call, request.division()));
  window.standing = place.standing;
  window.paths = ground.PathKeysHeldBy(place.standing.division, call.now);
  GW_ASSIGN_OR_RETURN(window.from, ToTime(request.due_from_time(), "due_from_time"));
  GW_ASSIGN_OR_RETURN(window.to, ToTime(request.due_to_time(), "due_to_time"));
  if (window.to <= window.from || window.to - window.from > kWindowMax)
    return InvalidField("due_to_time", "want a time after due_from_time and at most 31 days later");
  for (const domain::Holding& held :
       ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture()))
    window.own_posts.push_back(held.post->id);
  return window;
}

void SayCount(const DueCount& count, int waived, v1::WaivePatrolTasksResponse& response) {
  response.set_waived(waived);
  response.set_own(count.own);
  response.set_more(count.others > waived);
}

}  // namespace

absl::StatusOr<v1::WaivePatrolTasksResponse> WaivePatrolTasks(const AreaContext& context,
                                                              const rpc::Call& call,
                                                              const v1::WaivePatrolTasksRequest& request) {
  using Response = v1::WaivePatrolTasksResponse;
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  const ReleaseOrder order{"", request.note(), "", request.request_id(), request.reason()};
  GW_ASSIGN_OR_RETURN(const Window window, ReadWindow(context, call, *ground, request));
  GW_RETURN_IF_ERROR(CheckOrder(order));
  if (request.dry_run()) {
    Response response;
    GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(const DueCount count,
                          CountDue(tx, window.paths, window.from, window.to, window.own_posts));
      SayCount(count, std::min(count.others, kWaivedMax), response);
      return absl::OkStatus();
    }));
    return response;
  }
  return rpc::Mutate<Response>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<Response> {
        GW_ASSIGN_OR_RETURN(const DueCount count,
                            CountDue(tx, window.paths, window.from, window.to, window.own_posts));
        GW_ASSIGN_OR_RETURN(std::vector<TaskRow> tasks,
                            LockDue(tx, window.paths, window.from, window.to, window.own_posts, kWaivedMax));
        for (TaskRow& task : tasks) {
          GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, task.division));
          GW_RETURN_IF_ERROR(ReleaseLocked(context, call, *ground, tx, acting, domain::TaskAction::kWaive,
                                           order, std::move(task))
                                 .status());
        }
        Response response;
        SayCount(count, static_cast<int>(tasks.size()), response);
        return response;
      });
}

}  // namespace gridwarden::patrol
