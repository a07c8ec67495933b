#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "domain/ground/ground.h"

// Rules are data: what db/policy/*.json says, parsed once. Code knows kinds of rules, never a city's numbers.
// Every record keeps the document and item it comes from in `source`.
namespace gridwarden::domain {

// How a stage's time is counted.
enum class Calendar : uint8_t {
  kWorkingHours,  // 工时: only working hours of working days count
  kWorkingDays,   // 工作日: n days = n times the hours of a working day
  kContinuous,    // 24x7
};

struct Limit {
  Calendar calendar = Calendar::kWorkingHours;
  absl::Duration span;  // for kWorkingDays: n * 24 h means n working days
  std::string source;   // document and item, or "own default: ..." where no document gives the value
};

// The clocks of one type of case; names as in workflow.md W5.
struct StageLimits {
  Limit screen;                                   // signal NEW: acknowledge, file or reject
  Limit onsite;                                   // on-site check of an outside lead
  Limit dispatch;                                 // FILED
  Limit accept;                                   // DISPATCHED
  Limit handle;                                   // HANDLING
  Limit check;                                    // FEEDBACK and CHECKING
  Limit sign;                                     // SIGN_OFF
  Limit total;                                    // from the find to the check that passed
  absl::Duration rework_floor = absl::Hours(24);  // a rework gets half the handle limit, at least this
};

struct ChecklistItem {
  std::string code, zh, en;
  std::string answer;     // yes_no | number | choice | text | date | geo | signature
  std::string pass_when;  // yes | no | record | comparison ...
  std::vector<std::string> evidence;
  std::vector<std::string> options;
  std::string required_if;               // "ITEM=value" of the same checklist; "" = always
  std::vector<std::string> required_in;  // cities that ask for it; empty = all
  std::string source;
};

struct Checklist {
  std::string code, zh, en, purpose, pass_rule;
  std::vector<ChecklistItem> items;
  const ChecklistItem* Find(std::string_view item) const;
};

struct Category {
  std::string code, zh, en, campaign, parent, subject_type;
  std::vector<std::string> checklists;
  std::vector<std::string> synonyms;  // Chinese spellings that mean the same
  std::string source;
};

// 延期: how far a case of a type may be postponed (T10).
struct PostponementRule {
  bool allowed = true;  // never for straw, open burning and garbage
  Limit cap;            // all postponements of one case together
  int ratio_max = 10;   // percent of a unit's cases of the month that may be postponed ...
  int ratio_from = 10;  // ... once it has this many
  std::string source;
};

// A part of every year, both days included: "05-20" to "06-30", over the new year when the end is the
// smaller.
struct Season {
  std::string from, to;  // MM-DD
};

// What a type of case needs: its filing condition, its closing conditions, its clocks. Inherited along
// Category::parent.
struct CaseType {
  std::string category;
  std::vector<std::string> filing_items;  // "CHECKLIST.ITEM" that must be answered to file
  // Closing conditions by disposition ("" = any): items that must be ticked, each with its own evidence. Keys
  // are "", "SHUT_DOWN", "RELOCATE", "UPGRADE".
  std::map<std::string, std::vector<std::string>> closing_items;
  int evidence_min = 2;  // before and after photos of a feedback
  bool needs_disposition = false;
  Regime regime = Regime::kGeneral;
  StageLimits limits;
  std::vector<absl::Duration> rechecks;  // after closing
  // What comes back as long as its season lasts: from the last of `rechecks` on every so often, until the end
  // of the season it was closed in. Zero = not so.
  absl::Duration recheck_every = absl::ZeroDuration();
  std::vector<Season> seasons;
  PostponementRule postponement;
  bool may_suspend = true;
  Limit suspension_review{Calendar::kContinuous, absl::Hours(30 * 24), "own default"};
  Limit result{Calendar::kContinuous, absl::Hours(30 * 24), "own default"};  // a receiver's answer (T20)
  // 先停后治: production stands still within this, before anything is fed back; zero = no such rule.
  Limit stop_first{Calendar::kContinuous, absl::ZeroDuration(), ""};
  bool check_same_hours = false;  // 同时段: the check is made at the hour of the offence
  // Seats of the joint review 会审签字 before the signature, by disposition ("" = any): COOPERATING_UNITS,
  // COUNTY_CENTRE, COUNTY_LEADER.
  std::map<std::string, std::vector<std::string>> cosigners;
  // What counts as the same problem when signals are compared (T2), and as the same place when it comes back
  // (T22).
  double merge_radius_m = 200;
  absl::Duration merge_window = absl::Hours(24 * 3);
  double rebound_radius_m = 100;
  std::string source;
};

// One reason that may be given for an act; what is not listed is refused.
struct Reason {
  std::string code, zh, en, source;
};

// Kinds of rules that only some areas read; each is defined in the header of its name.
struct CheckRules;        // domain/policy/check_rules.h
struct DutyList;          // domain/policy/duty_list.h
struct EscalationRules;   // domain/policy/escalation_rules.h
struct PatrolRules;       // domain/policy/patrol_rules.h
struct DrawRules;         // domain/policy/draw_rules.h
struct NoticeRules;       // domain/policy/notice_rules.h
struct ScoreRules;        // domain/policy/score_rules.h
struct SignalRules;       // domain/policy/signal_rules.h
struct ApplicationRules;  // domain/policy/application_rules.h

struct PostPreset {
  PostKind kind;
  Level level;
  Responsibility responsibility;
  std::string source;
};

// One day that differs from the week's rule: a holiday, or a weekend worked instead (调休).
struct SpecialDay {
  std::string date;  // YYYY-MM-DD
  bool working = false;
  std::string name;
};

struct WorkCalendar {
  std::string version;
  std::string time_zone = "Asia/Shanghai";
  // First and last day whose holidays are loaded, YYYY-MM-DD; outside only the week's rule (Monday to Friday)
  // is known.
  std::string covers_from, covers_to;
  // Minutes of the local day during which work counts: [from, to), in order, not touching.
  std::vector<std::pair<int, int>> working_minutes;
  std::map<std::string, SpecialDay> special_days;
  std::string source;
};

struct Policy {
  std::string
      version;  // 16 hex digits over names and texts of the files: tells two policies apart, proves nothing
  std::map<std::string, Category> categories;
  std::map<std::string, Checklist> checklists;
  // By category, "" is the default; where a city has its own definition also by "CATEGORY@code prefix".
  std::map<std::string, CaseType> case_types;
  std::vector<PostPreset> post_presets;
  WorkCalendar calendar;
  // By kind: "POSTPONEMENT", "SUSPENSION", "FORCED_CLOSING", "VOIDING", "REJECTION", "RETURN",
  // "DISPATCH_OUTSIDE_LIST".
  std::map<std::string, std::vector<Reason>> reasons;
  std::shared_ptr<const CheckRules> checks;
  std::shared_ptr<const DutyList> duty_list;
  std::shared_ptr<const EscalationRules> escalation;
  std::shared_ptr<const PatrolRules> patrol;
  std::shared_ptr<const DrawRules> draws;
  std::shared_ptr<const NoticeRules> notices;
  std::shared_ptr<const ScoreRules> scores;
  std::shared_ptr<const SignalRules> signals;
  std::shared_ptr<const ApplicationRules> applications;

  const Category* FindCategory(std::string_view code) const;
  const Checklist* FindChecklist(std::string_view code) const;
  // The type of a category, of the nearest parent that has one, or the default. Never null after Parse.
  const CaseType& TypeOf(std::string_view category) const;
  // The same in the jurisdiction of a division's code: cities define the six hundred percent differently.
  const CaseType& TypeOf(std::string_view category, std::string_view division_code) const;
  // Null when the kind has no such reason. A kind without a list takes any.
  const Reason* FindReason(std::string_view kind, std::string_view code) const;
};

// REASON_NOT_LISTED naming `field` unless the policy lists the code, or has no list of that kind.
absl::Status CheckReason(const Policy& policy, std::string_view kind, std::string_view code,
                         std::string_view field = "reason_code");

// The names of the files that make a policy; ParsePolicy wants exactly these.
std::vector<std::string> PolicyFileNames();

// Parses the files of db/policy by their names ("source_categories.json" ...). INVALID_ARGUMENT /
// INVALID_FIELD with field "file#/json/path" and what was got and wanted. A key it does not know, a code that
// refers to nothing and a value without a source are errors: a rule that nobody reads is worse than none.
absl::StatusOr<Policy> ParsePolicy(const std::map<std::string, std::string>& files);

}  // namespace gridwarden::domain
