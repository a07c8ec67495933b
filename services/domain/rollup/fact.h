#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

// What the board knows of one signal or case, and how it counts. Pure: a fact is the fold of the subject's
// entries, a board is the sum of what its facts count (architecture.md decision 3, D8).
namespace gridwarden::domain {

enum class FactKind : uint8_t { kUnspecified, kSignal, kCase };

// Values equal those of casework.v1.
enum class SignalFactState : uint8_t {
  kUnspecified,
  kNew,
  kOnsiteCheck,
  kFiled,
  kMerged,
  kRejected,
  kTransferred
};
enum class CaseFactState : uint8_t {
  kUnspecified,
  kFiled,
  kDispatched,
  kReturned,
  kHandling,
  kSuspended,
  kFeedback,
  kChecking,
  kSignOff,
  kClosed,
  kMonitoring,
  kRebounded,
  kArchived,
  kTracked,
  kVoided
};
inline constexpr int kCaseStates = 15;  // UNSPECIFIED counted
enum class FactHeld : uint8_t { kUnspecified, kNotRechecked, kHeld, kNotHeld, kNotObservable };

struct Fact {
  FactKind kind = FactKind::kUnspecified;
  Uuid subject;
  uint64_t index = 0;  // of the entry that made it so
  Uuid division;       // that held the ground at event time
  std::string path;    // ids from the top down to the division, 16 bytes each, as the ground was at the
                       // event and known when it was recorded
  std::string category;
  int state = 0;
  std::string case_no;
  std::optional<int64_t> event_us, file_us;
  std::optional<int64_t> close_us;  // of the first closing that counts; a dispute does not take it back
  std::optional<int64_t> due_us;    // of the running stage clock; only open work has one
  std::optional<int64_t> total_due_us;
  int rework = 0;
  bool closed_on_time = false;
  bool forced = false;  // closed by force, until it is opened again
  FactHeld held = FactHeld::kUnspecified;

  bool operator==(const Fact&) const = default;
};

// A case between FILED and SIGN_OFF, or TRACKED.
bool IsOpen(const Fact& fact);
// A case that is CLOSED, MONITORING, REBOUNDED or ARCHIVED, and one that a dispute opened again: its first
// closing stays in the statistics (W9.8).
bool IsClosed(const Fact& fact);

// The fact after one more entry: `next` is what the entry says, `forced_now` whether its act was a forced
// closure. The path stays as it was as long as the division does, so that a later move of the ground changes
// no past count. None when `before` already holds this entry: folding twice changes nothing.
std::optional<Fact> Succeed(const std::optional<Fact>& before, Fact next, bool forced_now);

// What a fact adds to every cell it stands in, the due times apart.
enum class Count : uint8_t {
  kSignals,
  kSignalsOpen,
  kState,  // 15 slots, by CaseFactState
  kRework = kState + kCaseStates,
  kReworkTimes,
  kClosed,
  kClosedOnTime,
  kForced,
  kHeld,
  kNotHeld,
  kEnd
};
inline constexpr int kCounts = static_cast<int>(Count::kEnd);
using Counts = std::array<int64_t, kCounts>;

Counts CountsOf(const Fact& fact);
std::string CountName(int count);  // "CLOSED", "state HANDLING"
std::string_view CaseStateName(int state);
std::string_view SignalStateName(int state);

// Values equal those of report.v1.Measure.
enum class Measure : uint8_t {
  kUnspecified,
  kSignals,
  kSignalsOpen,
  kCases,
  kOpen,
  kDueToday,
  kOverdue,
  kRework,
  kClosed,
  kClosedOnTime,
  kForced,
  kHeld,
  kNotHeld
};
inline constexpr int kMeasures = 13;

// The moment a board is meant for.
struct Instant {
  int64_t us = 0;
  int64_t day_end_us = 0;  // end of its local day
};

// Does the fact count in this measure? The same question as the counters answer, asked of one fact.
bool CountsIn(const Fact& fact, Measure measure, const Instant& at);
// The states a fact must be in to count there; a drill-down looks only among them, in this order.
std::vector<int> StatesOf(Measure measure);

}  // namespace gridwarden::domain
