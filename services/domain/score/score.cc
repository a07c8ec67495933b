#include "domain/score/score.h"

#include <algorithm>
#include <iterator>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace gridwarden::domain::score {
namespace {

constexpr std::string_view kNames[kKinds] = {"FILED",
                                             "DUE",
                                             "CLOSED",
                                             "CLOSED_OF_DUE",
                                             "ON_TIME_OF_DUE",
                                             "HANDLING_ON_TIME",
                                             "CHECK_ON_TIME",
                                             "REWORK",
                                             "DISPATCH_ACCURACY",
                                             "DUPLICATE",
                                             "FILING",
                                             "POSTPONED_OF_DUE",
                                             "FORCED",
                                             "VOIDED",
                                             "HELD_90",
                                             "REBOUND"};

// Numbers of casework.v1.
constexpr int kSignalFiled = 3, kSignalMerged = 4;
constexpr int64_t kNinetyDaysUs = int64_t{90} * 24 * 3600 * 1'000'000;

using Tallies = std::map<Cell, Tally>;

Tally Counted() { return {.numerator = 1}; }
Tally Of(bool yes) { return {.numerator = yes ? 1 : 0, .denominator = 1}; }
// What must not tell against anybody: time that cannot be told is left out and shown.
Tally Judged(bool good, bool uncertain) { return uncertain ? Tally{.uncertain = 1} : Of(good); }

class Teller {
 public:
  Teller(const Fact& fact, std::string_view term) : excluded_(fact.excluded.contains(std::string(term))) {}

  void Add(const std::string& party, int64_t us, const Tally& tally) {
    if (us == 0) return;
    tallies_[{party, MonthOf(us)}] += excluded_ ? Tally{.adjusted = 1} : tally;
  }
  Tallies Take() { return std::move(tallies_); }

 private:
  bool excluded_;
  Tallies tallies_;
};

void TellCase(const Fact& fact, Kind kind, Teller& teller) {
  const bool voided = fact.void_us != 0;
  const bool closed = fact.close_us != 0 && !fact.forced;
  if (kind == Kind::kVoided) {
    teller.Add(fact.handler, fact.void_us, Counted());
  } else if (kind == Kind::kDispatchAccuracy) {
    // Who dispatched wrongly did so, whatever became of the case.
    for (const Dispatch& dispatch : fact.dispatches)
      teller.Add(dispatch.post, dispatch.us, Of(!dispatch.returned));
  }
  if (voided) return;
  switch (kind) {
    case Kind::kFiled:
      return teller.Add(fact.handler, fact.file_us, Counted());
    case Kind::kDue:
      return teller.Add(fact.handler, fact.total_due_us, Counted());
    case Kind::kClosed:
      if (closed) teller.Add(fact.handler, fact.close_us, Counted());
      return;
    case Kind::kClosedOfDue:
      return teller.Add(fact.handler, fact.total_due_us, Of(closed));
    case Kind::kOnTimeOfDue:
      return teller.Add(fact.handler, fact.total_due_us,
                        Judged(closed && fact.closed_on_time, fact.time_uncertain));
    case Kind::kPostponedOfDue:
      return teller.Add(fact.handler, fact.total_due_us, Of(fact.extended));
    case Kind::kHandlingOnTime:
      for (const Handling& run : fact.handlings)
        teller.Add(run.handler, run.us, Judged(!run.late, run.uncertain));
      return;
    case Kind::kCheckOnTime:
      for (const Check& check : fact.checks)
        teller.Add(check.post, check.us, Judged(!check.late, check.uncertain));
      return;
    case Kind::kRework: {
      const auto first =
          std::find_if(fact.checks.begin(), fact.checks.end(), [](const Check& one) { return one.verdict; });
      if (first == fact.checks.end()) return;
      const bool failed = std::any_of(first, fact.checks.end(), [](const Check& one) { return one.failed; });
      return teller.Add(fact.handler, first->us, Of(failed));
    }
    case Kind::kForced:
      if (fact.forced) teller.Add(fact.handler, fact.close_us, Counted());
      return;
    case Kind::kHeld90: {
      if (!closed) return;
      const bool rebounded = fact.not_held_us != 0 && fact.not_held_us < fact.close_us + kNinetyDaysUs;
      const bool held = !rebounded && fact.held_us >= fact.close_us + kNinetyDaysUs;
      if (rebounded || held) teller.Add(fact.handler, fact.close_us, Of(held));
      return;
    }
    case Kind::kRebound:
      if (closed) teller.Add(fact.handler, fact.close_us, Of(fact.not_held_us != 0));
      return;
    case Kind::kDispatchAccuracy:
    case Kind::kVoided:
    case Kind::kDuplicate:
    case Kind::kFiling:
      return;
  }
}

void TellSignal(const Fact& fact, Kind kind, Teller& teller) {
  const bool merged = fact.state == kSignalMerged;
  if (kind == Kind::kDuplicate) teller.Add("", fact.found_us, Of(merged));
  if (kind == Kind::kFiling && !merged) teller.Add("", fact.found_us, Of(fact.state == kSignalFiled));
}

}  // namespace

std::string_view NameOf(Kind kind) { return kNames[static_cast<int>(kind)]; }

std::optional<Kind> ParseKind(std::string_view name) {
  const auto found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<Kind>(found - std::begin(kNames));
}

bool IsCount(Kind kind) {
  return kind == Kind::kFiled || kind == Kind::kDue || kind == Kind::kClosed || kind == Kind::kForced ||
         kind == Kind::kVoided;
}

Tally& Tally::operator+=(const Tally& other) {
  numerator += other.numerator;
  denominator += other.denominator;
  uncertain += other.uncertain;
  adjusted += other.adjusted;
  return *this;
}

std::map<Cell, Tally> TalliesOf(const Fact& fact, Kind kind, std::string_view term) {
  Teller teller(fact, term);
  if (fact.is_case) {
    TellCase(fact, kind, teller);
  } else {
    TellSignal(fact, kind, teller);
  }
  return teller.Take();
}

int MonthOf(int64_t us) {
  const absl::CivilMonth month = absl::ToCivilMonth(absl::FromUnixMicros(us), absl::FixedTimeZone(8 * 3600));
  return static_cast<int>(month.year()) * 100 + month.month();
}

}  // namespace gridwarden::domain::score
