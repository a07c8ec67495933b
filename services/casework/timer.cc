#include "casework/timer.h"

#include <algorithm>
#include <string>
#include <vector>

#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"
#include "domain/escalation/rung_plan.h"
#include "domain/policy/escalation_rules.h"
#include "domain/workflow/case_workflow.h"

namespace gridwarden::casework {
namespace {

using Clocks = google::protobuf::RepeatedPtrField<v1::RunningClock>;

constexpr const char* kTotal = "TOTAL";
constexpr const char* kStop = "STOP";

const v1::RunningClock* Find(const Clocks& clocks, std::string_view name) {
  for (const v1::RunningClock& clock : clocks) {
    if (clock.clock() == name) return &clock;
  }
  return nullptr;
}

bool SameTime(const google::protobuf::Timestamp& a, const google::protobuf::Timestamp& b) {
  return a.seconds() == b.seconds() && a.nanos() == b.nanos();
}

bool SameRun(const v1::RunningClock& a, const v1::RunningClock& b) {
  return a.clock() == b.clock() && a.cycle() == b.cycle() && a.resting() == b.resting();
}

// The whole case's clock runs until a check passes; it rests while the case does.
std::optional<v1::RunningClock> TotalOf(const CaseFile& file) {
  const auto state = static_cast<domain::CaseState>(file.state);
  const domain::Stage stage = domain::StageOf(state);
  const bool open = stage != domain::Stage::kNone && stage != domain::Stage::kRecheck;
  if (!open || file.pass_time || file.close_time || file.total_due_time == absl::InfiniteFuture())
    return std::nullopt;
  return ClockOf(kTotal, 0, file.event_time, file.total_due_time,
                 state == domain::CaseState::kSuspended || state == domain::CaseState::kTracked);
}

// The clock of the state. A run goes on with its number while its start stands; handling is numbered by its
// rework and rechecks by how many were made, so that they keep their number over a rest.
std::optional<v1::RunningClock> StageOf(const CaseFile& file, const Step& step) {
  const domain::Stage stage = domain::StageOf(static_cast<domain::CaseState>(file.state));
  const std::optional<absl::Time> due = stage == domain::Stage::kRecheck ? file.recheck_time : file.due_time;
  if (stage == domain::Stage::kNone || !due || *due == absl::InfiniteFuture()) return std::nullopt;
  const std::string_view name = domain::NameOf(stage);
  const v1::RunningClock* known = Find(file.details.clocks(), name);
  v1::RunningClock clock = ClockOf(name, static_cast<int>(file.subject.seq) + 1, step.event_time, *due);
  if (file.details.has_stage_start_time()) *clock.mutable_start_time() = file.details.stage_start_time();
  if (stage == domain::Stage::kHandle) {
    clock.set_cycle(file.rework_count);
  } else if (stage == domain::Stage::kRecheck) {
    clock.set_cycle(file.details.rechecks_done());
    if (known != nullptr && known->cycle() == clock.cycle())
      *clock.mutable_start_time() = known->start_time();
  } else if (known != nullptr &&
             (!file.details.has_stage_start_time() || SameTime(known->start_time(), clock.start_time()))) {
    clock.set_cycle(known->cycle());
    *clock.mutable_start_time() = known->start_time();
  }
  return clock;
}

// 先停后治: from the filing until production was seen to stand still, or the fix is said to be done.
std::optional<v1::RunningClock> StopOf(const domain::Policy& policy, const CaseFile& file) {
  const domain::Limit& limit = policy.TypeOf(file.category).stop_first;
  const bool open = file.state == v1::Case::FILED || file.state == v1::Case::DISPATCHED ||
                    file.state == v1::Case::RETURNED || file.state == v1::Case::HANDLING;
  if (limit.span <= absl::ZeroDuration() || !open || file.details.has_stop_time()) return std::nullopt;
  const absl::Time due = domain::AddLimit(file.file_time, limit, policy.calendar);
  if (due == absl::InfiniteFuture()) return std::nullopt;
  return ClockOf(kStop, 0, file.file_time, due);
}

Clocks ClocksOf(const domain::Policy& policy, const CaseFile& file, const Step& step) {
  Clocks clocks;
  if (std::optional<v1::RunningClock> stop = StopOf(policy, file)) *clocks.Add() = *std::move(stop);
  if (std::optional<v1::RunningClock> stage = StageOf(file, step)) *clocks.Add() = *std::move(stage);
  if (std::optional<v1::RunningClock> total = TotalOf(file)) *clocks.Add() = *std::move(total);
  if (file.state == v1::Case::SUSPENDED) {
    const std::string handle(domain::NameOf(domain::Stage::kHandle));
    if (const v1::RunningClock* known = Find(file.details.clocks(), handle)) {
      *clocks.Add() = *known;
      clocks.rbegin()->set_resting(true);
    }
  }
  return clocks;
}

std::optional<domain::Stage> StageNamed(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(domain::Stage::kResult); ++i) {
    if (domain::NameOf(static_cast<domain::Stage>(i)) == name) return static_cast<domain::Stage>(i);
  }
  return std::nullopt;
}

// How the time of a clock is counted.
domain::Calendar CalendarOf(std::string_view clock, const domain::CaseType& type) {
  if (clock == kStop) return type.stop_first.calendar;
  const std::optional<domain::Stage> stage = StageNamed(clock);
  return domain::LimitOf(stage.value_or(domain::Stage::kNone), type, 0, false).calendar;
}

// When its clocks rested.
std::vector<domain::Interval> PausesOf(const v1::Case& details) {
  std::vector<domain::Interval> pauses;
  for (const v1::LedgerEntry& entry : details.ledger()) {
    if (entry.kind() != v1::LedgerEntry::PAUSE) continue;
    const absl::Time to = entry.has_to_time() ? FromTimestamp(entry.to_time()) : absl::InfiniteFuture();
    pauses.push_back({FromTimestamp(entry.from_time()), to});
  }
  std::sort(pauses.begin(), pauses.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
  return pauses;
}

}  // namespace

v1::RunningClock ClockOf(std::string_view name, int cycle, absl::Time start, absl::Time due, bool resting) {
  v1::RunningClock clock;
  clock.set_clock(std::string(name));
  clock.set_cycle(cycle);
  *clock.mutable_start_time() = ToTimestamp(start);
  *clock.mutable_due_time() = ToTimestamp(due);
  clock.set_resting(resting);
  return clock;
}

absl::Status SaveClocks(db::Transaction& tx, const domain::Policy& policy, const Uuid& subject,
                        TimerSubject kind, absl::Time received, const Clocks& before, const Clocks& after,
                        const CalendarOfClock& calendar, const std::vector<domain::Interval>& pauses) {
  std::vector<Timer> changed;
  for (const v1::RunningClock& old : before) {
    const bool stands = std::any_of(after.begin(), after.end(),
                                    [&](const v1::RunningClock& clock) { return SameRun(clock, old); });
    if (!old.resting() && !stands)
      changed.push_back(EndTimer({subject, old.clock(), old.cycle()}, kind, received));
  }
  for (const v1::RunningClock& clock : after) {
    if (clock.resting()) continue;
    const bool known = std::any_of(before.begin(), before.end(), [&](const v1::RunningClock& old) {
      return SameRun(clock, old) && SameTime(clock.due_time(), old.due_time());
    });
    if (known) continue;
    // A run that rests, or begins under a number that just ended, is one row of the statement.
    std::erase_if(changed, [&](const Timer& timer) {
      return timer.key == TimerKey{subject, clock.clock(), clock.cycle()};
    });
    // The clock of the review is what runs while the others rest.
    const bool reviews = clock.clock() == domain::NameOf(domain::Stage::kReview);
    changed.push_back(PlanTimer(policy, {subject, clock.clock(), clock.cycle()}, kind,
                                FromTimestamp(clock.start_time()), FromTimestamp(clock.due_time()),
                                calendar(clock.clock()), reviews ? std::vector<domain::Interval>() : pauses));
  }
  return SaveTimers(tx, changed);
}

Timer PlanTimer(const domain::Policy& policy, TimerKey key, TimerSubject kind, absl::Time start,
                absl::Time due, domain::Calendar calendar, const std::vector<domain::Interval>& pauses) {
  Timer timer{.key = std::move(key), .kind = kind, .start = start, .due = due};
  for (const domain::PlannedRung& rung : domain::PlanRungs(policy.escalation->RungsOf(timer.key.clock), start,
                                                           due, calendar, policy.calendar, pauses)) {
    v1::TimerPlan::Step& step = *timer.plan.add_steps();
    step.set_percent(rung.percent);
    step.set_level(static_cast<v1::Rung::Level>(rung.level));
    step.set_time_us(absl::ToUnixMicros(rung.at));
  }
  if (timer.plan.steps_size() > 0) timer.next = absl::FromUnixMicros(timer.plan.steps(0).time_us());
  return timer;
}

Timer EndTimer(TimerKey key, TimerSubject kind, absl::Time end) {
  return {.key = std::move(key), .kind = kind, .start = end, .due = end, .end = end};
}

absl::Status ArmTimers(db::Transaction& tx, const domain::Policy& policy, CaseFile& file, const Step& step) {
  if (policy.escalation == nullptr) return absl::OkStatus();
  const Clocks after = ClocksOf(policy, file, step);
  const Clocks before = std::exchange(*file.details.mutable_clocks(), after);
  return SaveClocks(
      tx, policy, file.id, TimerSubject::kCase, step.received, before, after,
      [&](std::string_view clock) { return CalendarOf(clock, policy.TypeOf(file.category)); },
      PausesOf(file.details));
}

// Every step of a signal begins its clock anew or ends it.
absl::Status ArmTimers(db::Transaction& tx, const domain::Policy& policy, SignalFile& signal,
                       const Step& step) {
  if (policy.escalation == nullptr) return absl::OkStatus();
  const domain::Stage stage = domain::StageOf(domain::SignalFacts{
      .state = static_cast<domain::SignalState>(signal.state),
      .onsite_result = static_cast<domain::OnsiteResult>(signal.onsite.result),
  });
  Clocks after;
  if (stage != domain::Stage::kNone && signal.due_time) {
    const std::string name(domain::NameOf(stage));
    const v1::RunningClock* known = Find(signal.details.clocks(), name);
    const bool goes_on = known != nullptr && SameTime(known->due_time(), ToTimestamp(*signal.due_time));
    const bool handed_in = step.action == v1::SUBMIT || step.action == v1::SUBMIT_ONSITE_CHECK;
    const absl::Time start = handed_in ? step.received : step.event_time;
    *after.Add() =
        goes_on ? *known : ClockOf(name, static_cast<int>(signal.subject.seq) + 1, start, *signal.due_time);
  }
  const Clocks before = std::exchange(*signal.details.mutable_clocks(), after);
  return SaveClocks(
      tx, policy, signal.id, TimerSubject::kSignal, step.received, before, after,
      [&](std::string_view clock) { return CalendarOf(clock, policy.TypeOf(signal.category)); });
}

}  // namespace gridwarden::casework
