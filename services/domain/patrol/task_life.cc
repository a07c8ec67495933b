#include "domain/patrol/task_life.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::domain {
namespace {

struct Step {
  TaskState from;
  TaskAction action;
  TaskState to;
};

// The whole life of a task. Anything not listed here is refused.
constexpr Step kSteps[] = {
    {TaskState::kUnspecified, TaskAction::kCreate, TaskState::kPlanned},
    {TaskState::kPlanned, TaskAction::kAssign, TaskState::kIssued},
    {TaskState::kIssued, TaskAction::kAssign, TaskState::kIssued},
    {TaskState::kStarted, TaskAction::kAssign, TaskState::kIssued},
    {TaskState::kMissed, TaskAction::kAssign, TaskState::kIssued},
    {TaskState::kIssued, TaskAction::kStart, TaskState::kStarted},
    {TaskState::kMissed, TaskAction::kStart, TaskState::kStarted},
    {TaskState::kIssued, TaskAction::kSubmitVisit, TaskState::kDone},
    {TaskState::kStarted, TaskAction::kSubmitVisit, TaskState::kDone},
    {TaskState::kMissed, TaskAction::kSubmitVisit, TaskState::kDone},
    {TaskState::kPlanned, TaskAction::kMiss, TaskState::kMissed},
    {TaskState::kIssued, TaskAction::kMiss, TaskState::kMissed},
    {TaskState::kStarted, TaskAction::kMiss, TaskState::kMissed},
    {TaskState::kPlanned, TaskAction::kWaive, TaskState::kWaived},
    {TaskState::kIssued, TaskAction::kWaive, TaskState::kWaived},
    {TaskState::kStarted, TaskAction::kWaive, TaskState::kWaived},
    {TaskState::kMissed, TaskAction::kWaive, TaskState::kWaived},
};

}  // namespace

std::string_view NameOf(TaskState state) {
  switch (state) {
    case TaskState::kUnspecified:
      return "STATE_UNSPECIFIED";
    case TaskState::kPlanned:
      return "PLANNED";
    case TaskState::kIssued:
      return "ISSUED";
    case TaskState::kStarted:
      return "STARTED";
    case TaskState::kDone:
      return "DONE";
    case TaskState::kMissed:
      return "MISSED";
    case TaskState::kWaived:
      return "WAIVED";
  }
  return "";
}

std::string_view NameOf(TaskAction action) {
  switch (action) {
    case TaskAction::kUnspecified:
      return "TASK_ACTION_UNSPECIFIED";
    case TaskAction::kCreate:
      return "CREATE";
    case TaskAction::kAssign:
      return "ASSIGN";
    case TaskAction::kStart:
      return "START";
    case TaskAction::kSubmitVisit:
      return "SUBMIT_VISIT";
    case TaskAction::kMiss:
      return "MISS";
    case TaskAction::kWaive:
      return "WAIVE";
  }
  return "";
}

absl::StatusOr<TaskState> NextTaskState(TaskState from, TaskAction action) {
  for (const Step& step : kSteps) {
    if (step.from == from && step.action == action) return step.to;
  }
  return FailedPrecondition("ILLEGAL_TRANSITION",
                            absl::StrFormat("cannot %s a task that is %s", NameOf(action), NameOf(from)),
                            {{"state", std::string(NameOf(from))}, {"action", std::string(NameOf(action))}});
}

bool IsOpen(TaskState state) {
  return state == TaskState::kPlanned || state == TaskState::kIssued || state == TaskState::kStarted;
}

absl::StatusOr<EventInterval> DefendEventTime(absl::Time claimed, absl::Time received) {
  if (claimed > received + kClockErrorMax) {
    const std::string message =
        absl::StrFormat("event_time lies %s after now", absl::FormatDuration(claimed - received));
    return MakeError(absl::StatusCode::kInvalidArgument, message,
                     {.reason = "EVENT_TIME_IN_FUTURE", .fields = {{"event_time", "want not after now"}}});
  }
  const absl::Time bounded = std::min(claimed, received);
  return EventInterval{.earliest = bounded, .latest = bounded};
}

bool IsLate(const EventInterval& event, absl::Time due) { return event.earliest > due; }

}  // namespace gridwarden::domain
