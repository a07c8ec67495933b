#include "domain/rollup/fact.h"

namespace gridwarden::domain {
namespace {

constexpr std::string_view kCaseStateNames[kCaseStates] = {
    "STATE_UNSPECIFIED", "FILED",  "DISPATCHED", "RETURNED",  "HANDLING", "SUSPENDED", "FEEDBACK", "CHECKING",
    "SIGN_OFF",          "CLOSED", "MONITORING", "REBOUNDED", "ARCHIVED", "TRACKED",   "VOIDED"};
constexpr std::string_view kSignalStateNames[] = {
    "STATE_UNSPECIFIED", "NEW", "ONSITE_CHECK", "FILED", "MERGED", "REJECTED", "TRANSFERRED"};
constexpr int kSignalStates = 7;

bool IsSignal(const Fact& fact) { return fact.kind == FactKind::kSignal; }
bool IsCase(const Fact& fact) { return fact.kind == FactKind::kCase; }

bool SignalIsOpen(int state) {
  return state == static_cast<int>(SignalFactState::kNew) ||
         state == static_cast<int>(SignalFactState::kOnsiteCheck);
}

bool StaysClosed(const Fact& fact) {
  return IsCase(fact) && fact.state >= static_cast<int>(CaseFactState::kClosed) &&
         fact.state <= static_cast<int>(CaseFactState::kArchived);
}

}  // namespace

bool IsOpen(const Fact& fact) {
  return IsCase(fact) && fact.state >= static_cast<int>(CaseFactState::kFiled) &&
         (fact.state <= static_cast<int>(CaseFactState::kSignOff) ||
          fact.state == static_cast<int>(CaseFactState::kTracked));
}

bool IsClosed(const Fact& fact) { return StaysClosed(fact) || (IsOpen(fact) && fact.close_us.has_value()); }

std::optional<Fact> Succeed(const std::optional<Fact>& before, Fact next, bool forced_now) {
  if (before && before->index >= next.index) return std::nullopt;
  if (before && before->division == next.division) next.path = before->path;
  next.forced = StaysClosed(next) && (forced_now || (before && before->forced));
  if (!IsOpen(next)) next.due_us.reset();
  return next;
}

Counts CountsOf(const Fact& fact) {
  Counts counts{};
  auto add = [&](Count count, int64_t n) { counts[static_cast<int>(count)] += n; };
  if (IsSignal(fact)) {
    add(Count::kSignals, 1);
    add(Count::kSignalsOpen, SignalIsOpen(fact.state));
    return counts;
  }
  if (!IsCase(fact)) return counts;
  const int state = fact.state > 0 && fact.state < kCaseStates ? fact.state : 0;
  counts[static_cast<int>(Count::kState) + state] += 1;
  add(Count::kRework, fact.rework > 0);
  add(Count::kReworkTimes, fact.rework);
  add(Count::kClosed, IsClosed(fact) && !fact.forced);
  add(Count::kClosedOnTime, IsClosed(fact) && !fact.forced && fact.closed_on_time);
  add(Count::kForced, fact.forced);
  add(Count::kHeld, fact.held == FactHeld::kHeld);
  add(Count::kNotHeld, fact.held == FactHeld::kNotHeld);
  return counts;
}

std::string_view CaseStateName(int state) {
  return state >= 0 && state < kCaseStates ? kCaseStateNames[state] : kCaseStateNames[0];
}

std::string_view SignalStateName(int state) {
  return state >= 0 && state < kSignalStates ? kSignalStateNames[state] : kSignalStateNames[0];
}

std::string CountName(int count) {
  if (count >= static_cast<int>(Count::kState) && count < static_cast<int>(Count::kRework)) {
    return "state " + std::string(CaseStateName(count - static_cast<int>(Count::kState)));
  }
  switch (static_cast<Count>(count)) {
    case Count::kSignals:
      return "SIGNALS";
    case Count::kSignalsOpen:
      return "SIGNALS_OPEN";
    case Count::kRework:
      return "REWORK";
    case Count::kReworkTimes:
      return "rework times";
    case Count::kClosed:
      return "CLOSED";
    case Count::kClosedOnTime:
      return "CLOSED_ON_TIME";
    case Count::kForced:
      return "FORCED";
    case Count::kHeld:
      return "HELD";
    case Count::kNotHeld:
      return "NOT_HELD";
    case Count::kState:
    case Count::kEnd:
      break;
  }
  return "?";
}

bool CountsIn(const Fact& fact, Measure measure, const Instant& at) {
  switch (measure) {
    case Measure::kUnspecified:
      return false;
    case Measure::kSignals:
      return IsSignal(fact);
    case Measure::kSignalsOpen:
      return IsSignal(fact) && SignalIsOpen(fact.state);
    case Measure::kCases:
      return IsCase(fact);
    case Measure::kOpen:
      return IsOpen(fact);
    case Measure::kDueToday:
      return IsOpen(fact) && fact.due_us && *fact.due_us >= at.us && *fact.due_us < at.day_end_us;
    case Measure::kOverdue:
      return IsOpen(fact) && fact.due_us && *fact.due_us < at.us;
    case Measure::kRework:
      return IsCase(fact) && fact.rework > 0;
    case Measure::kClosed:
      return IsClosed(fact) && !fact.forced;
    case Measure::kClosedOnTime:
      return IsClosed(fact) && !fact.forced && fact.closed_on_time;
    case Measure::kForced:
      return fact.forced;
    case Measure::kHeld:
      return IsCase(fact) && fact.held == FactHeld::kHeld;
    case Measure::kNotHeld:
      return IsCase(fact) && fact.held == FactHeld::kNotHeld;
  }
  return false;
}

std::vector<int> StatesOf(Measure measure) {
  switch (measure) {
    case Measure::kUnspecified:
      return {};
    case Measure::kSignals:
      return {0, 1, 2, 3, 4, 5, 6};
    case Measure::kSignalsOpen:
      return {1, 2};
    case Measure::kOpen:
    case Measure::kDueToday:
    case Measure::kOverdue:
      return {1, 2, 3, 4, 5, 6, 7, 8, 13};
    case Measure::kClosed:
    case Measure::kClosedOnTime:
      // Those that a dispute opened again last: few among much open work.
      return {9, 10, 11, 12, 4, 5, 6, 7, 8, 13};
    case Measure::kForced:
      return {9, 10, 11, 12};
    case Measure::kCases:
    case Measure::kRework:
    case Measure::kHeld:
    case Measure::kNotHeld:
      return {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  }
  return {};
}

}  // namespace gridwarden::domain
