#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"

// How often who looks at what: cadences of our own (patrol_cadences.json) and the figures of the documents
// (quotas.json). Code knows kinds of quotas, never a city's numbers.
namespace gridwarden::domain {

// Numbers of gridwarden.patrol.v1.PatrolTask.Kind.
enum class PatrolKind : uint8_t { kUnspecified, kPatrol, kTest };

enum class PatrolPeriod : uint8_t {
  kNone,  // the document states none
  kDay,
  kTwoDays,
  kWeek,  // from Monday
  kMonth,
  kQuarter,
  kHalfYear,
  kYear,
  kOnce,  // from the beginning of its validity to the end
};

enum class PatrolTarget : uint8_t { kSource, kDivision };

// Which sources a cadence means. KEY: a key category, or a problem found there lately.
enum class Risk : uint8_t { kAny, kKey, kOther };

enum class QuotaKind : uint8_t {
  kInspectionRate,
  kSamplingRate,
  kCoverage,
  kFrequency,
  kCount,
  kTimeLimit,
  kPerformance,
  kProgress,
  kIndicator,
  kRetention,
};
inline constexpr int kQuotaKinds = 10;
std::string_view NameOf(QuotaKind kind);

// What a quota is counted over.
enum class Denominator : uint8_t { kUnknown, kLedger, kDivisions };

// Month and day, both ends meant; may wrap around the new year.
struct PatrolSeason {
  std::string code, zh, en;
  int from_month = 1, from_day = 1, to_month = 12, to_day = 31;
  std::string source;
  bool Contains(absl::CivilDay day) const;
};

// What a rule that makes tasks says about them, be it a cadence or a quota.
struct PatrolRule {
  std::string code, zh, en;
  PatrolKind kind = PatrolKind::kPatrol;
  PatrolTarget target = PatrolTarget::kSource;
  Level level = Level::kTownship;       // of the posts that go
  std::vector<std::string> categories;  // with those below them; empty = all
  PatrolPeriod period = PatrolPeriod::kNone;
  int times = 1;                // per period, in parts of equal length
  int days = 1;                 // from the planned day on, to do it
  std::vector<PostKind> posts;  // kinds that may be given it
  bool holidays = false;        // also on days that are not worked
  bool night = false;
  std::string checklist;  // empty = the first routine one of the category
  std::string source;
  bool Means(std::string_view category) const;
};

struct Cadence {
  PatrolRule rule;
  Risk risk = Risk::kAny;
  std::string season;  // empty = all the year
};

struct Quota {
  PatrolRule rule;
  QuotaKind kind = QuotaKind::kIndicator;
  std::string comparison;  // "=", ">=", "<=", "<"
  int64_t value = 0;
  std::string unit, per, scope, responsible;  // as the document has them
  std::string unit_zh, per_zh;
  std::string jurisdiction, jurisdiction_code;
  Denominator denominator = Denominator::kUnknown;
  std::string why_unknown, why_unknown_zh;
  std::optional<absl::CivilDay> start, end;  // both days meant; unset = not stated
  bool InForce(absl::CivilDay day) const;
};

struct PatrolRules {
  // Of cadences.
  int ahead_days = 0;                // how far the system plans
  int reserve_percent = 0;           // on top of a quota
  int problem_days = 0;              // how long a problem makes a source a key one
  int night_from = 0, night_to = 0;  // minutes of the day; the night ends on the next day
  std::vector<std::string> key_categories;
  std::vector<PatrolSeason> seasons;
  std::vector<Cadence> cadences;
  // Of quotas.
  bool makes_tasks[kQuotaKinds] = {};
  std::vector<Quota> quotas;

  const PatrolSeason* FindSeason(std::string_view code) const;
  // Whether the quota is turned into tasks: its kind is, and the ledger knows what it is counted over.
  bool MakesTasks(const Quota& quota) const;
};

}  // namespace gridwarden::domain
