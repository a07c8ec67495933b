#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

// The life of a patrol task (workflow.md W8), as a table.
namespace gridwarden::domain {

// Numbers of gridwarden.patrol.v1.PatrolTask.State.
enum class TaskState : uint8_t { kUnspecified, kPlanned, kIssued, kStarted, kDone, kMissed, kWaived };
// Numbers of gridwarden.patrol.v1.TaskAction.
enum class TaskAction : uint8_t { kUnspecified, kCreate, kAssign, kStart, kSubmitVisit, kMiss, kWaive };

std::string_view NameOf(TaskState state);
std::string_view NameOf(TaskAction action);

// The state after an action. FAILED_PRECONDITION / ILLEGAL_TRANSITION when the table has no such step.
// Work after the due time, and after somebody stated that it was missed, stays recordable (CHT#7060): MISSED
// is no end.
absl::StatusOr<TaskState> NextTaskState(TaskState from, TaskAction action);

// Still to be done: PLANNED, ISSUED, STARTED.
bool IsOpen(TaskState state);

// When something happened, as the server can defend it (B12): a phone's clock may err, and nothing that was
// received happened later.
struct EventInterval {
  absl::Time earliest;
  absl::Time latest;
};
// How far a phone's clock may run ahead before the server refuses its time (guarantees.md 6.3).
inline constexpr absl::Duration kClockErrorMax = absl::Minutes(2);
// INVALID_ARGUMENT / EVENT_TIME_IN_FUTURE beyond kClockErrorMax after `received`; within it the interval ends
// at `received`.
absl::StatusOr<EventInterval> DefendEventTime(absl::Time claimed, absl::Time received);

// Judged by the bound that favours the worker.
bool IsLate(const EventInterval& event, absl::Time due);

}  // namespace gridwarden::domain
