#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/patrol/v1/patrol.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of patrols.
namespace gridwarden::patrol {

// A task as its row holds it.
struct TaskRow {
  Uuid id;
  Uuid city;  // the CITY above its division; nil when there is none
  Uuid division;
  std::string ground_path;  // Ground::PathKey(division) when it was planned
  Uuid post;                // nil while PLANNED
  v1::PatrolTask value;     // as the API shows it
  absl::Time due;
  journal::Subject subject;
};

struct VisitRow {
  Uuid id;
  Uuid task;
  Uuid city;
  Uuid division;
  std::string ground_path;
  v1::Visit value;
  absl::Time event_time;
  journal::Subject subject;
};

// NOT_FOUND if there is no such task.
absl::StatusOr<TaskRow> ReadTask(db::Transaction& tx, const Uuid& id);
// Those of these tasks that exist, by id.
absl::StatusOr<std::vector<TaskRow>> ReadTasks(db::Transaction& tx, const std::vector<Uuid>& ids);
// Reads and locks one task for the rest of `tx`, so that two people acting on it at once are served in turn.
absl::StatusOr<TaskRow> LockTask(db::Transaction& tx, const Uuid& id);
// ALREADY_EXISTS when the id is taken.
absl::Status InsertTask(db::Transaction& tx, const TaskRow& task);
// Many at once; ALREADY_EXISTS, naming one of them, when any id is taken.
absl::Status InsertTasks(db::Transaction& tx, std::span<const TaskRow> tasks);
absl::Status SaveTask(db::Transaction& tx, const TaskRow& task);

// ALREADY_EXISTS when the id is taken.
absl::Status InsertVisit(db::Transaction& tx, const VisitRow& visit);
// NOT_FOUND if there is no such visit.
absl::StatusOr<VisitRow> ReadVisit(db::Transaction& tx, const Uuid& id);
// Visits of a task in the order they happened, after (event_time, id).
absl::StatusOr<std::vector<VisitRow>> ReadVisits(db::Transaction& tx, const Uuid& task, absl::Time after,
                                                 const Uuid& after_id, int limit);

struct TaskFilter {
  std::string states;                                 // "1,2"; empty = all
  Uuid source;                                        // nil = all
  absl::Time overdue_as_of = absl::InfiniteFuture();  // only open tasks due before this; InfiniteFuture = all
};
// Where a page goes on: after this task.
struct TaskKey {
  std::string ground_path;
  int64_t due_us = -1;
  Uuid id;
};
// Tasks of one subtree (a path key; empty = everywhere) by ground, due time, id.
absl::StatusOr<std::vector<TaskRow>> ListSubtree(db::Transaction& tx, std::string_view ground,
                                                 const TaskFilter& filter, const TaskKey& after, int limit);
// Tasks of one post by due time, id.
absl::StatusOr<std::vector<TaskRow>> ListOfPost(db::Transaction& tx, const Uuid& post,
                                                const TaskFilter& filter, const TaskKey& after, int limit);

// The hot statements, for the test that asks EXPLAIN.
std::string_view ListSubtreeSql();
std::string_view ListOfPostSql();

}  // namespace gridwarden::patrol
