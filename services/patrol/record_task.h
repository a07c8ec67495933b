#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "access/area.h"
#include "access/permission.h"
#include "domain/patrol/task_life.h"
#include "patrol/patrol_repository.h"

// What every change of a task does: lock and allow before, seal, save and append after.
namespace gridwarden::patrol {

inline constexpr int kNoteCharactersMax = 500;

// Who did what to a task, when.
struct TaskStep {
  domain::TaskAction action = domain::TaskAction::kUnspecified;
  domain::TaskState from = domain::TaskState::kUnspecified;
  domain::EventInterval event;
  access::Acting acting;
  std::string request_id;
};

// Fills in what a task says about itself and seals its journal entry; touches no database.
absl::StatusOr<journal::Sealed> SealTask(const AreaContext& context, const rpc::Call& call,
                                         const TaskStep& step, TaskRow& task);
// Writes the task as it stands after the step (inserted when its subject_seq is 0) and its journal entry;
// answers it with the new etag.
absl::StatusOr<v1::PatrolTask> RecordTask(const AreaContext& context, const rpc::Call& call,
                                          db::Transaction& tx, const TaskStep& step, TaskRow task);

// Locks the task; answers as Absent when there is none. The caller asks for permission next.
absl::StatusOr<TaskRow> LockForScope(const domain::Ground& ground, const rpc::Call& call, db::Transaction& tx,
                                     const Uuid& id);
// ABORTED / ETAG_MISMATCH unless the etag is empty or current.
absl::Status CheckEtag(const TaskRow& task, std::string_view etag);

// INVALID_FIELD when longer than `characters_max`.
absl::Status CheckText(std::string_view field, std::string_view text, int characters_max);

domain::TaskState StateOf(const TaskRow& task);
void SetState(TaskRow& task, domain::TaskState state);
google::protobuf::Timestamp ToTimestamp(absl::Time time);
// INVALID_FIELD for a time outside the years 2000 to 2200.
absl::StatusOr<absl::Time> ToTime(const google::protobuf::Timestamp& time, std::string_view field);
// When something was done, as far as the phone can say (B12): from `earliest_time`, where it is set, to
// `event_time`. INVALID_FIELD for an earliest time after the other; `prefix` ("visit.") names the fields.
absl::StatusOr<domain::EventInterval> IntervalOf(const google::protobuf::Timestamp& event_time,
                                                 const google::protobuf::Timestamp* earliest_time,
                                                 absl::Time now, const std::string& prefix = "");

}  // namespace gridwarden::patrol
