#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "patrol/record_task.h"

// From what somebody asks for to tasks that may be stored.
namespace gridwarden::patrol {

struct PlannedTask {
  TaskRow task;
  access::Acting acting;
};

// One wish and where errors should say it stood in the request: "patrol_task" or "patrol_tasks[7]".
struct TaskWish {
  const v1::PatrolTask* wanted = nullptr;
  std::string field;
};

// Checks every wish against policy, ground and ledger (one BatchGetSources), outside any transaction. The
// tasks are ISSUED where a post is named, else PLANNED; ids are not yet given.
absl::StatusOr<std::vector<PlannedTask>> PlanTasks(const AreaContext& context, const rpc::Call& call,
                                                   std::span<const TaskWish> wishes);

// The post must exist now and stand at the task's division or above it. INVALID_FIELD naming `field`
// otherwise.
absl::StatusOr<Uuid> CheckPost(const domain::Ground& ground, absl::Time now, const Uuid& division,
                               std::string_view post, std::string_view field);

}  // namespace gridwarden::patrol
