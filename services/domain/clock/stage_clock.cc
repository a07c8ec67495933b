#include "domain/clock/stage_clock.h"

#include <algorithm>
#include <iterator>
#include <utility>

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
  // The review of a suspension is not itself suspended.
  const std::vector<Interval> pauses = stage == Stage::kReview ? std::vector<Interval>() : PausesOf(ledger);
  absl::Time due = AddOutside(start, limit, pauses, calendar);
  for (const ClockAdjustment& entry : ledger) {
    if (Extends(entry, stage, rework)) due = AddOutside(due, entry.extend, pauses, calendar);
  }
  return due;
}

std::vector<ClockAdjustment> Where(ClockLedger ledger, auto keep) {
  std::vector<ClockAdjustment> kept;
  std::copy_if(ledger.begin(), ledger.end(), std::back_inserter(kept), keep);
  return kept;
}

// Folds the events of one case into its clocks.
class Fold {
 public:
  Fold(const CaseBasis& basis, const CaseType& type, const WorkCalendar& calendar, ClockLedger ledger)
      : basis_(basis), type_(type), calendar_(calendar), ledger_(ledger) {
    clocks_.total_due = TotalDue(basis.found, type, calendar, ledger);
  }

  void Add(const CaseFact& fact) {
    switch (EffectOf(state_, fact.action, fact.to, unable_count_)) {
      case ClockEffect::kNone:
        break;
      case ClockEffect::kBegin:
        EndBoth(fact);
        Begin(fact);
        break;
      case ClockEffect::kRest:
        if (state_ == CaseState::kHandling) {
          resting_ = std::exchange(running_, std::nullopt);
        } else {
          End(running_, fact);
        }
        Begin(fact);
        break;
      case ClockEffect::kResume:
        End(running_, fact);
        running_ = std::exchange(resting_, std::nullopt);
        break;
      case ClockEffect::kEnd:
        EndBoth(fact);
        break;
    }
    if (fact.action == Action::kUnable) ++unable_count_;
    if (fact.action == Action::kSubmitFeedback || fact.action == Action::kRefuseSign ||
        fact.action == Action::kSubmitResult || fact.action == Action::kDispute) {
      unable_count_ = 0;
    }
    if (fact.action == Action::kPass) pass_ = &fact;
    if (fact.to == CaseState::kClosed && state_ != CaseState::kClosed) Close(fact);
    state_ = fact.to;
  }

  Clocks Done() {
    if (running_) {
      const StageRun& run = clocks_.runs[*running_];
      clocks_.running = run.stage;
      clocks_.start = run.start;
      clocks_.due = run.due;
    }
    return std::move(clocks_);
  }

 private:
  void Begin(const CaseFact& fact) {
    const Stage stage = StageOf(fact.to);
    const auto due = StageDue(stage, fact.latest, type_, calendar_, fact.rework, basis_.rebound, ledger_);
    if (!due) return;
    running_ = clocks_.runs.size();
    clocks_.runs.push_back({.stage = stage, .rework = fact.rework, .start = fact.latest, .due = *due});
  }

  void End(std::optional<size_t>& index, const CaseFact& fact) {
    if (!index) return;
    StageRun& run = clocks_.runs[*index];
    // A later suspension does not move a due time that was met or missed before it.
    const auto before = Where(ledger_, [&](const ClockAdjustment& entry) {
      return entry.kind != ClockAdjustment::Kind::kPause || entry.pause.from < fact.latest;
    });
    run.due = *StageDue(run.stage, run.start, type_, calendar_, run.rework, basis_.rebound, before);
    run.end = fact.earliest;
    run.late = fact.earliest > run.due;
    run.uncertain = !run.late && fact.latest > run.due;
    index.reset();
  }

  void EndBoth(const CaseFact& fact) {
    End(running_, fact);
    End(resting_, fact);
  }

  // The first closing on a pass keeps its time: a later dispute is added to it and does not erase it, nor
  // does a closing by force, which stands only until the case is closed on a pass.
  void Close(const CaseFact& fact) {
    clocks_.forced = fact.action == Action::kForceClose;
    if (clocks_.forced) {
      if (!passed_) clocks_.total_stopped = fact.earliest;
      clocks_.closed = true;
      return;
    }
    clocks_.closed = true;
    if (std::exchange(passed_, true)) return;
    const CaseFact& stop = pass_ == nullptr ? fact : *pass_;
    const auto before =
        Where(ledger_, [&](const ClockAdjustment& entry) { return entry.recorded <= fact.latest; });
    const absl::Time due = TotalDue(basis_.found, type_, calendar_, before);
    clocks_.total_stopped = stop.earliest;
    clocks_.closed_on_time = stop.earliest <= due;
    clocks_.closed_uncertain = clocks_.closed_on_time && stop.latest > due;
  }

  const CaseBasis& basis_;
  const CaseType& type_;
  const WorkCalendar& calendar_;
  const ClockLedger ledger_;
  Clocks clocks_;
  CaseState state_ = CaseState::kUnspecified;
  const CaseFact* pass_ = nullptr;
  bool passed_ = false;  // closed on a pass at least once
  int unable_count_ = 0;
  std::optional<size_t> running_, resting_;  // of clocks_.runs
};

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

ClockEffect EffectOf(CaseState from, Action action, CaseState to, int unable_count_before) {
  const Stage stage = StageOf(to);
  if (stage == Stage::kNone) return ClockEffect::kEnd;
  if (action == Action::kSuspend || action == Action::kReviewSuspension) return ClockEffect::kRest;
  if (action == Action::kResume) return ClockEffect::kResume;
  if (stage != StageOf(from)) return ClockEffect::kBegin;
  return action == Action::kUnable && unable_count_before == 0 ? ClockEffect::kBegin : ClockEffect::kNone;
}

bool BeginsStage(CaseState from, Action action, CaseState to, int unable_count_before) {
  const ClockEffect effect = EffectOf(from, action, to, unable_count_before);
  return effect == ClockEffect::kBegin || effect == ClockEffect::kRest;
}

void Move(ClockStarts& starts, ClockEffect effect, CaseState to, absl::Time latest) {
  switch (effect) {
    case ClockEffect::kNone:
      return;
    case ClockEffect::kBegin:
      starts.stage = latest;
      starts.handling.reset();
      if (StageOf(to) == Stage::kHandle) starts.handling = latest;
      return;
    case ClockEffect::kRest:
      starts.stage = latest;
      return;
    case ClockEffect::kResume:
      starts.stage = starts.handling;
      return;
    case ClockEffect::kEnd:
      starts = ClockStarts();
      return;
  }
}

bool IsWide(absl::Time earliest, absl::Time latest, absl::Duration wide_interval) {
  return latest - earliest > wide_interval;
}

Clocks ComputeClocks(const CaseBasis& basis, std::span<const CaseFact> facts, const CaseType& type,
                     const WorkCalendar& calendar, ClockLedger ledger) {
  Fold fold(basis, type, calendar, ledger);
  for (const CaseFact& fact : facts) fold.Add(fact);
  return fold.Done();
}

}  // namespace gridwarden::domain
