#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "casework/case_file.h"
#include "casework/step.h"
#include "casework/timer_repository.h"
#include "domain/policy/policy.h"
#include "platform/db/database.h"

// What a step of a case or signal means for its timers.
namespace gridwarden::casework {

// Begins, moves and ends the timers of the clocks that the step begins, moves and ends, in one statement or
// none, and writes into `details.clocks` what runs now. After Advance, before the step is recorded. Nothing
// happens under a policy without escalation rules.
absl::Status ArmTimers(db::Transaction& tx, const domain::Policy& policy, CaseFile& file, const Step& step);
absl::Status ArmTimers(db::Transaction& tx, const domain::Policy& policy, SignalFile& signal,
                       const Step& step);

// How the time of a clock is counted.
using CalendarOfClock = std::function<domain::Calendar(std::string_view clock)>;

// Saves what differs between the clocks before and after a step; `received` is when the server learned of it.
absl::Status SaveClocks(db::Transaction& tx, const domain::Policy& policy, const Uuid& subject,
                        TimerSubject kind, absl::Time received,
                        const google::protobuf::RepeatedPtrField<v1::RunningClock>& before,
                        const google::protobuf::RepeatedPtrField<v1::RunningClock>& after,
                        const CalendarOfClock& calendar, const std::vector<domain::Interval>& pauses = {});
v1::RunningClock ClockOf(std::string_view name, int cycle, absl::Time start, absl::Time due,
                         bool resting = false);

// A timer that runs from `start` to `due`, with the rungs that the policy gives its clock.
Timer PlanTimer(const domain::Policy& policy, TimerKey key, TimerSubject kind, absl::Time start,
                absl::Time due, domain::Calendar calendar, const std::vector<domain::Interval>& pauses = {});
// The same timer as it stops.
Timer EndTimer(TimerKey key, TimerSubject kind, absl::Time end);

}  // namespace gridwarden::casework
