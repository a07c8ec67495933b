#include "domain/clock/stage_clock.h"

#include <algorithm>

namespace gridwarden::domain {
namespace {

// How much of a limit of this calendar passes between two instants.
absl::Duration Used(absl::Time from, absl::Time to, const Limit& limit, const WorkCalendar& calendar) {
  switch (limit.calendar) {
    case Calendar::kContinuous:
      return to > from ? to - from : absl::ZeroDuration();
    case Calendar::kWorkingHours:
      return WorkingTime(from, to, calendar);
    case Calendar::kWorkingDays: {
      const absl::Duration day = WorkingDay(calendar);
      if (day <= absl::ZeroDuration()) return absl::ZeroDuration();
      return WorkingTime(from, to, calendar) * (24 * 60) / (day / absl::Minutes(1));
    }
  }
  return absl::ZeroDuration();
}

std::vector<Interval> PausesOf(ClockLedger ledger) {
  std::vector<Interval> pauses;
  for (const ClockAdjustment& entry : ledger) {
    if (entry.kind == ClockAdjustment::Kind::kPause && entry.pause.from < entry.pause.to)
      pauses.push_back(entry.pause);
  }
  std::sort(pauses.begin(), pauses.end(),
            [](const Interval& a, const Interval& b) { return a.from < b.from; });
  return pauses;
}

// AddLimit with time that does not count taken out.
absl::Time AddOutside(absl::Time start, Limit limit, const std::vector<Interval>& pauses,
                      const WorkCalendar& calendar) {
  for (const Interval& pause : pauses) {
    if (pause.to <= start) continue;
    const absl::Time due = AddLimit(start, limit, calendar);
    if (due <= pause.from) return due;
    if (start < pause.from) limit.span -= Used(start, pause.from, limit, calendar);
    start = pause.to;
    if (start == absl::InfiniteFuture()) return start;
  }
  return AddLimit(start, limit, calendar);
}

// Whether an extension counts for this clock. Extended handling makes the whole case longer too.
bool Extends(const ClockAdjustment& entry, Stage stage, int rework) {
  if (entry.kind != ClockAdjustment::Kind::kExtend) return false;
  if (stage == Stage::kNone) return entry.stage == Stage::kNone || entry.stage == Stage::kHandle;
  return entry.stage == stage && entry.cycle == rework;
}

absl::Time Due(Stage stage, absl::Time start, const Limit& limit, int rework, ClockLedger ledger,
               const WorkCalendar& calendar) {
  const std::vector<Interval> pauses = PausesOf(ledger);
  absl::Time due = AddOutside(start, limit, pauses, calendar);
  for (const ClockAdjustment& entry : ledger) {
    if (Extends(entry, stage, rework)) due = AddOutside(due, entry.extend, pauses, calendar);
  }
  return due;
}

void EndRun(Clocks& clocks, const CaseFact& fact) {
  if (!clocks.running) return;
  StageRun& run = clocks.runs.back();
  run.end = fact.earliest;
  run.late = fact.earliest > run.due;
  run.uncertain = !run.late && fact.latest > run.due;
  clocks.running.reset();
  clocks.due = absl::InfiniteFuture();
}

}  // namespace

std::string_view NameOf(Stage stage) {
  switch (stage) {
    case Stage::kNone:
      return "NONE";
    case Stage::kScreen:
      return "SCREEN";
    case Stage::kOnsite:
      return "ONSITE";
    case Stage::kDispatch:
      return "DISPATCH";
    case Stage::kAccept:
      return "ACCEPT";
    case Stage::kHandle:
      return "HANDLE";
    case Stage::kCheck:
      return "CHECK";
    case Stage::kSign:
      return "SIGN";
    case Stage::kRecheck:
      return "RECHECK";
    case Stage::kReview:
      return "REVIEW";
    case Stage::kResult:
      return "RESULT";
  }
  return "UNKNOWN";
}

std::string_view ZhOf(Stage stage) {
  switch (stage) {
    case Stage::kNone:
      return "无";
    case Stage::kScreen:
      return "甄别";
    case Stage::kOnsite:
      return "核实";
    case Stage::kDispatch:
      return "派遣";
    case Stage::kAccept:
      return "受理";
    case Stage::kHandle:
      return "处置";
    case Stage::kCheck:
      return "核查";
    case Stage::kSign:
      return "签字";
    case Stage::kRecheck:
      return "回头看";
    case Stage::kReview:
      return "挂账复核";
    case Stage::kResult:
      return "移送结果";
  }
  return "未知";
}

Stage StageOf(SignalState state) {
  switch (state) {
    case SignalState::kNew:
      return Stage::kScreen;
    case SignalState::kOnsiteCheck:
      return Stage::kOnsite;
    case SignalState::kUnspecified:
    case SignalState::kFiled:
    case SignalState::kMerged:
    case SignalState::kRejected:
    case SignalState::kTransferred:
      return Stage::kNone;
  }
  return Stage::kNone;
}

Stage StageOf(const SignalFacts& signal) {
  const bool answered = signal.onsite_result != OnsiteResult::kUnspecified;
  return signal.state == SignalState::kOnsiteCheck && answered ? Stage::kScreen : StageOf(signal.state);
}

Stage StageOf(CaseState state) {
  switch (state) {
    case CaseState::kFiled:
    case CaseState::kReturned:
      return Stage::kDispatch;
    case CaseState::kDispatched:
      return Stage::kAccept;
    case CaseState::kHandling:
      return Stage::kHandle;
    case CaseState::kFeedback:
    case CaseState::kChecking:
      return Stage::kCheck;
    case CaseState::kSignOff:
      return Stage::kSign;
    case CaseState::kMonitoring:
      return Stage::kRecheck;
    case CaseState::kSuspended:
      return Stage::kReview;
    case CaseState::kTracked:
      return Stage::kResult;
    case CaseState::kUnspecified:
    case CaseState::kClosed:
    case CaseState::kRebounded:
    case CaseState::kArchived:
    case CaseState::kVoided:
      return Stage::kNone;
  }
  return Stage::kNone;
}

Limit LimitOf(Stage stage, const CaseType& type, int rework, bool rebound) {
  const StageLimits& limits = type.limits;
  switch (stage) {
    case Stage::kNone:
      return limits.total;
    case Stage::kScreen:
      return limits.screen;
    case Stage::kOnsite:
      return limits.onsite;
    case Stage::kDispatch:
      return limits.dispatch;
    case Stage::kAccept:
      return limits.accept;
    case Stage::kCheck:
      return limits.check;
    case Stage::kSign:
      return limits.sign;
    case Stage::kRecheck:
      return {Calendar::kContinuous, type.rechecks.empty() ? absl::InfiniteDuration() : type.rechecks.front(),
              ""};
    case Stage::kReview:
      return type.suspension_review;
    case Stage::kResult:
      return type.result;
    case Stage::kHandle: {
      Limit limit = limits.handle;
      if (rebound) limit.span /= 2;
      // Half of what this case had at first, not half again with every rework.
      if (rework > 0) limit.span = std::min(limit.span, std::max(limit.span / 2, limits.rework_floor));
      return limit;
    }
  }
  return limits.total;
}

std::optional<absl::Time> StageDue(Stage stage, absl::Time start, const CaseType& type,
                                   const WorkCalendar& calendar, int rework, bool rebound,
                                   ClockLedger ledger) {
  if (stage == Stage::kNone || (stage == Stage::kRecheck && type.rechecks.empty())) return std::nullopt;
  return Due(stage, start, LimitOf(stage, type, rework, rebound), rework, ledger, calendar);
}

absl::Time TotalDue(absl::Time found, const CaseType& type, const WorkCalendar& calendar,
                    ClockLedger ledger) {
  return Due(Stage::kNone, found, type.limits.total, 0, ledger, calendar);
}

bool BeginsStage(CaseState from, Action action, CaseState to, int unable_count_before) {
  const Stage stage = StageOf(to);
  if (stage == Stage::kNone) return false;
  if (stage != StageOf(from)) return true;
  return action == Action::kUnable && unable_count_before == 0;
}

Clocks ComputeClocks(const CaseBasis& basis, std::span<const CaseFact> facts, const CaseType& type,
                     const WorkCalendar& calendar, ClockLedger ledger) {
  Clocks clocks;
  clocks.total_due = TotalDue(basis.found, type, calendar, ledger);
  CaseState state = CaseState::kUnspecified;
  const CaseFact* pass = nullptr;
  int unable_count = 0;
  for (const CaseFact& fact : facts) {
    const Stage stage = StageOf(fact.to);
    if (BeginsStage(state, fact.action, fact.to, unable_count)) {
      EndRun(clocks, fact);
      if (const auto due = StageDue(stage, fact.latest, type, calendar, fact.rework, basis.rebound, ledger)) {
        clocks.runs.push_back({.stage = stage, .rework = fact.rework, .start = fact.latest, .due = *due});
        clocks.running = stage;
        clocks.due = *due;
      }
    } else if (stage == Stage::kNone) {
      EndRun(clocks, fact);
    }
    if (fact.action == Action::kUnable) ++unable_count;
    if (fact.action == Action::kSubmitFeedback || fact.action == Action::kRefuseSign) unable_count = 0;
    if (fact.action == Action::kPass) pass = &fact;
    // The first closing keeps its time: a later dispute is added to it and does not erase it.
    if (fact.to == CaseState::kClosed && !clocks.closed) {
      clocks.closed = true;
      const CaseFact& stop = pass != nullptr ? *pass : fact;
      clocks.total_stopped = stop.earliest;
      clocks.closed_on_time = stop.earliest <= clocks.total_due;
      clocks.closed_uncertain = clocks.closed_on_time && stop.latest > clocks.total_due;
    }
    state = fact.to;
  }
  return clocks;
}

}  // namespace gridwarden::domain
