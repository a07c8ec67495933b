#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "domain/patrol/slot.h"
#include "domain/policy/patrol_rules.h"

// The plan of patrols (巡查计划): a pure function of what stands on the ground, the rules, the calendar and
// what was planned and done already. The same inputs, in whatever order, give the same tasks.
//
// What it promises, each with a property test:
// - A target has at most one task per rule and slot, with an id derived from the three.
// - A cadence has planned every target by the last day of the slot that may be worked, evenly over these
//   days.
// - A quota has planned, by the end of each day, at least the share of the period that has passed, with the
//   reserve on top; what is due on days that are not worked is planned on the working day before them.
// - The tasks of a day differ by at most one between two people who may do the same tasks of a division,
//   unless earlier tasks already made them differ; then those with fewer get more.
// - Nobody gets a source he saw last while another with room that day could see it.
// - Nothing on a day that is not worked, unless the rule says so. A vacant post gets nothing.
namespace gridwarden::domain {

struct PlanDivision {
  Uuid id;
  Level level = Level::kUnspecified;
  int parent = -1;  // index; -1 for the planned division
};

struct PlanSource {
  Uuid id;
  int division = 0;                                    // index
  int category = 0;                                    // index
  bool problem = false;                                // found lately
  absl::CivilDay last_seen = absl::CivilDay(1, 1, 1);  // far past = never
  Uuid last_person;                                    // who saw it last
};

struct PlanPost {
  Uuid id;
  int division = 0;
  PostKind kind = PostKind::kUnspecified;
  Uuid person;  // nil = vacant
};

// A task of the plan that is there already.
struct PlannedBefore {
  Uuid id;
  absl::CivilDay day;
  bool counts = true;  // open, or done: false for missed and waived ones, which a quota has to replace
  Uuid source;         // nil for the patrol of a division
  PatrolKind kind = PatrolKind::kPatrol;
};

struct PlanInput {
  std::vector<PlanDivision> divisions;  // the planned one first, every parent before its children
  std::vector<std::string> categories;
  std::vector<PlanSource> sources;
  std::vector<PlanPost> posts;
  // By rule index (cadences, then quotas): the division of its jurisdiction (0 when that is the planned one
  // or above it), -1 when it does not apply here.
  std::vector<int> jurisdiction;
  absl::flat_hash_map<Uuid, PlannedBefore> before;  // by task id
  // By quota index: sources counted in the period that holds the day `from`, seen by whatever task, and by
  // which day.
  std::vector<absl::flat_hash_map<Uuid, absl::CivilDay>> counted;
  absl::flat_hash_map<std::pair<Uuid, int64_t>, int> day_load;  // tasks by (person, day number)
  absl::flat_hash_map<Uuid, int> open_load;                     // open tasks by person
};

// Days since 1970-01-01, the key of PlanInput::day_load.
int64_t DayNumber(absl::CivilDay day);

struct PlanTask {
  Uuid id;
  int rule = 0;
  Uuid source;       // nil for the patrol of a division
  int division = 0;  // where it stands
  int category = -1;
  absl::CivilDay slot, day, last_day;
  Uuid post;  // nil: nobody is there
};

struct PlanShortage {
  int division = 0;
  std::vector<Uuid> vacant_posts;
  int moved = 0;
  int unassigned = 0;
};

struct PatrolPlan {
  std::vector<PlanTask> tasks;           // by day, division, id
  std::vector<PlanShortage> shortages;   // by division
  std::vector<int> slots_without_a_day;  // by rule
};

// Rules in one row: the cadences, then the quotas.
int RuleCount(const PatrolRules& rules);
const PatrolRule& RuleAt(const PatrolRules& rules, int index);

// The id of the task of a target for a rule and slot.
Uuid PlanTaskId(const Uuid& target, std::string_view rule, absl::CivilDay slot);

// The slots of a rule that touch the days, oldest first: what may hold tasks that are there already.
std::vector<Slot> SlotsOf(const PatrolRules& rules, int rule, absl::CivilDay from, absl::CivilDay to);

// How much a rate or count asks for of `total` by the end of `day`, with `reserve_percent` on top: never more
// than `total`. 0 before the period.
int QuotaNeed(const Quota& quota, int total, const Slot& period, absl::CivilDay day, int reserve_percent);

PatrolPlan MakePatrolPlan(const PlanInput& input, const PatrolRules& rules, const WorkCalendar& calendar,
                          absl::CivilDay from, absl::CivilDay to, uint64_t seed);

// From when to when a planned task may be done, in the calendar's zone: from the first working minute of its
// day to the end of its last day; at night from the evening of its day to the next morning.
Interval WindowOf(const PatrolRules& rules, const PlanTask& task, const WorkCalendar& calendar);

}  // namespace gridwarden::domain
