#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "domain/workflow/case_workflow.h"

// Clocks are pure functions of events, calendar and ledger (W5): anyone can compute them again from the
// dossier. Nothing here reads the time. A due date is never edited; only an entry of the ledger shifts it.
//
// An event's time is an interval [earliest, latest]. The favourable bound decides, for whoever is under the
// clock: a stage starts at the latest bound of the event that began it and is on time if the earliest bound
// of the event that ended it is not after the due time. An event whose interval holds the due time is
// `uncertain`.
namespace gridwarden::domain {

// China has one time zone without summer time since 1991.
absl::TimeZone CalendarZone();

// Working time between two instants: only working hours of working days, holidays and worked weekends (调休)
// considered. Zero when to <= from.
absl::Duration WorkingTime(absl::Time from, absl::Time to, const WorkCalendar& calendar);
// How much working time one full working day has.
absl::Duration WorkingDay(const WorkCalendar& calendar);
bool IsWorkingDay(absl::CivilDay day, const WorkCalendar& calendar);

// When the limit is used up. A start outside working hours counts from the next working minute. A limit that
// ends with the working day is due at that minute, not at the next morning's. InfiniteFuture when the
// calendar has no working hours at all.
absl::Time AddLimit(absl::Time start, const Limit& limit, const WorkCalendar& calendar);

enum class Stage : uint8_t {
  kNone,
  kScreen,
  kOnsite,
  kDispatch,
  kAccept,
  kHandle,
  kCheck,
  kSign,
  kRecheck,
  kReview,  // SUSPENDED: until the suspension is looked at again
  kResult   // TRACKED: until the receiver answers
};
std::string_view NameOf(Stage stage);
std::string_view ZhOf(Stage stage);

// The clock that runs in a state; kNone when none does.
Stage StageOf(SignalState state);
// The same, knowing whether the on-site check has answered: from then on it is the dispatcher's screening
// clock again.
Stage StageOf(const SignalFacts& signal);
Stage StageOf(CaseState state);

// One entry of the ledger: a postponement adds time to a stage (延期), a suspension stops the clocks of
// handling and of the whole case from..to (挂账).
struct ClockAdjustment {
  enum class Kind : uint8_t { kExtend, kPause };
  Kind kind = Kind::kExtend;
  Stage stage = Stage::kHandle;  // kExtend: which stage; kNone = the total clock. An extension of handling
                                 // extends the total too.
  int cycle = 0;                 // kExtend: which rework cycle of the stage
  Limit extend;
  Interval pause;                              // kPause; an open end means it still rests
  absl::Time recorded = absl::InfinitePast();  // a closing is judged by what was in the ledger then
};
using ClockLedger = std::span<const ClockAdjustment>;

// The limit of a stage after rework and rebound: handling after a rework has half the case's limit, at least
// the type's floor, never more than the limit itself (T15); handling in a rebound case has half from the
// start (T22). Other stages are as given. kNone: the limit of the whole case, which a rebound does not
// shorten.
Limit LimitOf(Stage stage, const CaseType& type, int rework, bool rebound);

// The due time of one stage that began at `start` (the latest bound of the event that began it). What
// casework saves with each transition; equals the `due` of ComputeClocks over the same facts. A recheck is
// due at start + the type's first recheck. Nothing for kNone or a type without rechecks.
std::optional<absl::Time> StageDue(Stage stage, absl::Time start, const CaseType& type,
                                   const WorkCalendar& calendar, int rework = 0, bool rebound = false,
                                   ClockLedger ledger = {});

// When the whole case is due: counted from the find. InfiniteFuture while it rests.
absl::Time TotalDue(absl::Time found, const CaseType& type, const WorkCalendar& calendar,
                    ClockLedger ledger = {});

// What a step does to the clock of the case's state.
enum class ClockEffect : uint8_t {
  kNone,    // what runs goes on
  kBegin,   // the clock of the new state begins, what ran has ended
  kRest,    // handling rests and is not ended; the review's clock begins, anew with every review
  kResume,  // the review's clock has ended; handling goes on with the start it had, less the pause
  kEnd      // nothing runs any more
};
// SET_DISPOSITION and the assignment of a check do nothing (the check's clock runs from the feedback on); an
// *unable* begins the check's clock again, once per check (T16). `unable_count_before` is how often this
// check came back *unable*, counted from the last feedback or refused signature.
ClockEffect EffectOf(CaseState from, Action action, CaseState to, int unable_count_before);
// Whether due_time has a new start.
bool BeginsStage(CaseState from, Action action, CaseState to, int unable_count_before);

// The starts that casework keeps between two steps, by the latest bounds of the events that began them.
struct ClockStarts {
  std::optional<absl::Time> stage;     // of the clock now running
  std::optional<absl::Time> handling;  // while HANDLING or SUSPENDED
};
void Move(ClockStarts& starts, ClockEffect effect, CaseState to, absl::Time latest);

// An interval of event time wider than this is flagged on the case (W5 rule 2): see ApplicationRules.
bool IsWide(absl::Time earliest, absl::Time latest, absl::Duration wide_interval);

// One event of a case, as the journal has it.
struct CaseFact {
  Action action = Action::kUnspecified;
  CaseState to = CaseState::kUnspecified;
  absl::Time earliest, latest;
  int rework = 0;  // the case's rework count after this event
};

// What the clocks need to know about the case beside its events.
struct CaseBasis {
  absl::Time found;      // when the problem was found: the total clock starts here (T4)
  bool rebound = false;  // the case has a rebound_of
};

// One run of one stage.
struct StageRun {
  Stage stage = Stage::kNone;
  int rework = 0;
  absl::Time start, due;
  std::optional<absl::Time> end;  // earliest bound of the event that ended it; unset while it runs
  bool late = false;              // ended after its due time by the favourable bound
  bool uncertain = false;         // late only by the unfavourable bound: no penal count until reviewed
};

struct Clocks {
  std::vector<StageRun> runs;  // in order of their starts
  std::optional<Stage> running;
  absl::Time start = absl::InfinitePast();  // of the running stage
  absl::Time due = absl::InfiniteFuture();  // of the running stage
  absl::Time total_due = absl::InfiniteFuture();
  // Event time of the pass that the first signature rests on, not of the signature (T17). A pass whose
  // signature was refused does not stop the clock; a later dispute does not move it.
  std::optional<absl::Time> total_stopped;
  bool closed = false;
  bool forced = false;            // closed by force at some time: never in the numerator
  bool closed_on_time = false;    // of the first closing; never for one by force
  bool closed_uncertain = false;  // on time by the favourable bound only
};

Clocks ComputeClocks(const CaseBasis& basis, std::span<const CaseFact> facts, const CaseType& type,
                     const WorkCalendar& calendar, ClockLedger ledger = {});

}  // namespace gridwarden::domain
