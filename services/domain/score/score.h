#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// How one case or signal counts in the evaluation terms (考核指标). Pure: a score is the sum of what its
// facts count, so that it decomposes into cases, children sum to their parent, and an appeal takes out one
// case.
namespace gridwarden::domain::score {

// What a term counts; db/policy/score_terms.json names one of these for each term.
enum class Kind : uint8_t {
  kFiled,             // cases, by the month of filing
  kDue,               // cases due to be closed, by the month of the total limit
  kClosed,            // first closings not by force, by their month
  kClosedOfDue,       // of those due: closed, not by force
  kOnTimeOfDue,       // of those due: closed on time, not by force
  kHandlingOnTime,    // handlings, by the month they ended: ended in time
  kCheckOnTime,       // checks, by their month: made in time; count for who checked
  kRework,            // cases by the month of the first verdict: any failed
  kDispatchAccuracy,  // dispatches, by their month: not returned and upheld; count for who dispatched
  kDuplicate,         // signals, by the month of the find: merged
  kFiling,            // signals that were not merged: filed
  kPostponedOfDue,    // of those due: postponed
  kForced,            // closings by force, by their month
  kVoided,            // cases voided, by that month
  kHeld90,            // closings by their month that were seen later than 90 days, or rebounded before: held
  kRebound            // closings by their month: rebounded
};
inline constexpr int kKinds = 16;
std::string_view NameOf(Kind kind);
std::optional<Kind> ParseKind(std::string_view name);
// A plain number; the others are rates.
bool IsCount(Kind kind);

struct Dispatch {
  int64_t us = 0;
  std::string post, handler;
  bool returned = false;  // and the return was upheld
};
struct Check {
  int64_t us = 0;
  std::string post;
  bool late = false, uncertain = false;
  bool verdict = false;  // pass or fail; not *unable*
  bool failed = false;
};
struct Handling {
  int64_t us = 0;
  std::string handler;
  bool late = false, uncertain = false;
};

// The fold of a subject's entries, as far as scores need it. Times are microseconds, 0 = not (yet).
struct Fact {
  bool is_case = false;
  int state = 0;  // number of casework.v1.Case.State or Signal.State
  std::string handler;
  int64_t found_us = 0, file_us = 0, total_due_us = 0, close_us = 0, void_us = 0;
  bool closed_on_time = false, forced = false, time_uncertain = false, extended = false;
  int64_t not_held_us = 0, held_us = 0;
  std::vector<Dispatch> dispatches;
  std::vector<Check> checks;
  std::vector<Handling> handlings;
  std::set<std::string> excluded;  // terms that an upheld appeal took it out of
};

// What is added up. Numerator and denominator are of what counts; what is left out shows beside them.
struct Tally {
  int64_t numerator = 0, denominator = 0, uncertain = 0, adjusted = 0;
  bool IsZero() const { return numerator == 0 && denominator == 0 && uncertain == 0 && adjusted == 0; }
  Tally& operator+=(const Tally& other);
  friend bool operator==(const Tally&, const Tally&) = default;
};

// For whom and when something counts.
struct Cell {
  std::string party;  // "units/..", "posts/.."; "" = for the division alone
  int month = 0;      // YYYYMM, local
  auto operator<=>(const Cell&) const = default;
};

// What a fact counts in a term of this kind; nothing for most terms.
std::map<Cell, Tally> TalliesOf(const Fact& fact, Kind kind, std::string_view term);

// YYYYMM of an instant in China.
int MonthOf(int64_t us);

}  // namespace gridwarden::domain::score
