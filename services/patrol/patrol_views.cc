#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "access/standing.h"
#include "patrol/patrol_service.h"
#include "patrol/reader.h"
#include "patrol/record_task.h"
#include "platform/rpc/page.h"

// What patrols show: tasks and visits, to staff above the ground and to whoever a task is assigned to.
namespace gridwarden::patrol {
namespace {

absl::Status BadToken() { return InvalidField("page_token", "want a token that this rpc gave"); }

absl::StatusOr<TaskKey> ParseKey(const std::vector<std::string>& parts) {
  TaskKey key;
  if (parts.empty()) return key;
  const std::optional<Uuid> id = parts.size() == 3 ? Uuid::FromBytes(parts[2]) : std::nullopt;
  if (!id || !absl::SimpleAtoi(parts[1], &key.due_us)) return BadToken();
  key.ground_path = parts[0];
  key.id = *id;
  return key;
}

std::vector<std::string> KeyParts(const TaskRow& task) {
  return {task.ground_path, std::to_string(absl::ToUnixMicros(task.due)), task.id.Bytes()};
}

absl::StatusOr<TaskRow> ReadForCaller(const AreaContext& context, const rpc::Call& call,
                                      std::string_view name, std::string_view field) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("patrolTasks", name, field));
  TaskRow task;
  const absl::Status read = context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(task, ReadTask(tx, id));
    return absl::OkStatus();
  });
  if (absl::IsNotFound(read)) return access::Absent(*ground, call, name);
  GW_RETURN_IF_ERROR(read);
  GW_RETURN_IF_ERROR(AllowReader(*ground, call, task));
  return task;
}

// The caller's own tasks: each post's are in order already, so the first ones of all are among the first ones
// of each.
absl::StatusOr<std::vector<TaskRow>> ReadOwn(db::Transaction& tx, const std::vector<Uuid>& posts,
                                             const TaskFilter& filter, const TaskKey& after, int limit) {
  std::vector<TaskRow> found;
  for (const Uuid& post : posts) {
    GW_ASSIGN_OR_RETURN(std::vector<TaskRow> part, ListOfPost(tx, post, filter, after, limit));
    std::move(part.begin(), part.end(), std::back_inserter(found));
  }
  std::sort(found.begin(), found.end(), [](const TaskRow& a, const TaskRow& b) {
    return std::pair(a.due, a.id) < std::pair(b.due, b.id);
  });
  if (static_cast<int>(found.size()) > limit) found.resize(limit);
  return found;
}

absl::StatusOr<std::vector<TaskRow>> ReadSubtrees(db::Transaction& tx,
                                                  const std::vector<std::string>& grounds,
                                                  const TaskFilter& filter, const TaskKey& after, int limit) {
  std::vector<TaskRow> found;
  for (const std::string& ground : grounds) {
    if (access::EndOfSubtree(ground) <= after.ground_path) continue;
    GW_ASSIGN_OR_RETURN(std::vector<TaskRow> part,
                        ListSubtree(tx, ground, filter, after, limit - static_cast<int>(found.size())));
    std::move(part.begin(), part.end(), std::back_inserter(found));
    if (static_cast<int>(found.size()) >= limit) break;
  }
  return found;
}

}  // namespace

absl::StatusOr<v1::PatrolTask> GetPatrolTask(const AreaContext& context, const rpc::Call& call,
                                             const v1::GetPatrolTaskRequest& request) {
  GW_ASSIGN_OR_RETURN(const TaskRow task, ReadForCaller(context, call, request.name(), "name"));
  return task.value;
}

absl::StatusOr<v1::ListPatrolTasksResponse> ListPatrolTasks(const AreaContext& context, const rpc::Call& call,
                                                            const v1::ListPatrolTasksRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const TaskKey after, ParseKey(page.after));
  TaskFilter filter;
  filter.states = absl::StrJoin(request.states(), ",");
  GW_ASSIGN_OR_RETURN(filter.source, ParseResourceName("sources", request.source(), "source"));
  if (request.has_overdue_as_of()) {
    GW_ASSIGN_OR_RETURN(filter.overdue_as_of, ToTime(request.overdue_as_of(), "overdue_as_of"));
  }
  std::vector<std::string> grounds;
  if (!request.assigned_to_me()) {
    GW_ASSIGN_OR_RETURN(const std::vector<std::string> within,
                        access::PathKeysOf(*ground, request.division(), call.now, "division"));
    GW_ASSIGN_OR_RETURN(grounds, access::ListScope(*ground, call, within));
  }
  const std::vector<Uuid> posts = access::AssigneesOf(*ground, call);
  std::vector<TaskRow> found;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(found, request.assigned_to_me()
                                   ? ReadOwn(tx, posts, filter, after, page.size + 1)
                                   : ReadSubtrees(tx, grounds, filter, after, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListPatrolTasksResponse response;
  for (int i = 0; i < page.size && i < static_cast<int>(found.size()); ++i)
    *response.add_patrol_tasks() = found[i].value;
  if (static_cast<int>(found.size()) > page.size) {
    response.set_next_page_token(rpc::NextPageToken(request, KeyParts(found[page.size - 1])));
  }
  return response;
}

absl::StatusOr<v1::Visit> GetVisit(const AreaContext& context, const rpc::Call& call,
                                   const v1::GetVisitRequest& request) {
  const std::vector<std::string> parts = absl::StrSplit(request.name(), '/');
  const std::optional<Uuid> id =
      parts.size() == 4 && parts[2] == "visits" ? Uuid::Parse(parts[3]) : std::nullopt;
  if (!id) return InvalidField("name", "want patrolTasks/{task}/visits/{visit}");
  GW_ASSIGN_OR_RETURN(const TaskRow task, ReadForCaller(context, call, parts[0] + "/" + parts[1], "name"));
  VisitRow visit;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(visit, ReadVisit(tx, *id));
    return absl::OkStatus();
  }));
  if (visit.task != task.id) return NotFound(request.name());
  return visit.value;
}

absl::StatusOr<v1::ListVisitsResponse> ListVisits(const AreaContext& context, const rpc::Call& call,
                                                  const v1::ListVisitsRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  absl::Time after = absl::InfinitePast();
  Uuid after_id;
  if (!page.after.empty()) {
    int64_t after_us = 0;
    const std::optional<Uuid> id = page.after.size() == 2 ? Uuid::FromBytes(page.after[1]) : std::nullopt;
    if (!id || !absl::SimpleAtoi(page.after[0], &after_us)) return BadToken();
    after = absl::FromUnixMicros(after_us);
    after_id = *id;
  }
  GW_ASSIGN_OR_RETURN(const TaskRow task, ReadForCaller(context, call, request.parent(), "parent"));
  std::vector<VisitRow> visits;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(visits, ReadVisits(tx, task.id, after, after_id, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListVisitsResponse response;
  for (int i = 0; i < page.size && i < static_cast<int>(visits.size()); ++i)
    *response.add_visits() = visits[i].value;
  if (static_cast<int>(visits.size()) > page.size) {
    const VisitRow& last = visits[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, {std::to_string(absl::ToUnixMicros(last.event_time)), last.id.Bytes()}));
  }
  return response;
}

}  // namespace gridwarden::patrol
