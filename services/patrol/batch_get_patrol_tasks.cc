#include <map>
#include <set>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "patrol/patrol_service.h"
#include "patrol/reader.h"

namespace gridwarden::patrol {
namespace {

constexpr int kNamesMax = 200;

absl::StatusOr<std::vector<Uuid>> ReadIds(const v1::BatchGetPatrolTasksRequest& request) {
  if (request.names().empty() || request.names_size() > kNamesMax)
    return InvalidField("names", absl::StrFormat("got %d, want 1 to %d", request.names_size(), kNamesMax));
  std::vector<Uuid> ids;
  for (int i = 0; i < request.names_size(); ++i) {
    const std::string field = absl::StrFormat("names[%d]", i);
    GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("patrolTasks", request.names(i), field));
    if (id.IsNil()) return InvalidField(field, "got nothing, want a name");
    ids.push_back(id);
  }
  return ids;
}

}  // namespace

absl::StatusOr<v1::BatchGetPatrolTasksResponse> BatchGetPatrolTasks(
    const AreaContext& context, const rpc::Call& call, const v1::BatchGetPatrolTasksRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadIds(request));
  std::vector<TaskRow> tasks;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(tasks, ReadTasks(tx, ids));
    return absl::OkStatus();
  }));
  std::map<Uuid, const TaskRow*> seen;
  for (const TaskRow& task : tasks) {
    if (AllowReader(*ground, call, task).ok()) seen[task.id] = &task;
  }
  v1::BatchGetPatrolTasksResponse response;
  std::set<Uuid> answered;
  for (const Uuid& id : ids) {
    const auto found = seen.find(id);
    if (found != seen.end() && answered.insert(id).second)
      *response.add_patrol_tasks() = found->second->value;
  }
  return response;
}

}  // namespace gridwarden::patrol
