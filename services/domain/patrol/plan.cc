#include "domain/patrol/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/clock/stage_clock.h"
#include "domain/patrol/share_out.h"

namespace gridwarden::domain {
namespace {

constexpr absl::CivilDay kEpoch(1970, 1, 1);

uint64_t Mixed(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

uint64_t HashOf(uint64_t seed, const Uuid& id, uint64_t salt) {
  uint64_t hash = Mixed(seed ^ Mixed(salt));
  const std::string bytes = id.Bytes();
  for (size_t i = 0; i < bytes.size(); i += 8) {
    uint64_t part = 0;
    for (size_t k = 0; k < 8; ++k) part = part << 8 | static_cast<uint8_t>(bytes[i + k]);
    hash = Mixed(hash ^ part);
  }
  return hash;
}

// Something a rule may plan, in the order in which it is planned.
struct Target {
  Uuid id;
  int source = -1;  // index; -1 for a division
  int division = 0;
  int seat = 0;  // index of the division whose posts go
  bool urgent = false;
  absl::CivilDay last_seen;
  uint64_t lot = 0;
};

bool Before(const Target& a, const Target& b) {
  if (a.urgent != b.urgent) return a.urgent;
  if (a.last_seen != b.last_seen) return a.last_seen < b.last_seen;
  return std::tie(a.lot, a.id) < std::tie(b.lot, b.id);
}

class Planner {
 public:
  Planner(const PlanInput& input, const PatrolRules& rules, const WorkCalendar& calendar, const Slot& days,
          uint64_t seed)
      : input_(input), rules_(rules), calendar_(calendar), days_(days), seed_(seed) {
    plan_.slots_without_a_day.resize(RuleCount(rules));
    for (const std::string& category : input.categories)
      key_category_.push_back(
          std::binary_search(rules.key_categories.begin(), rules.key_categories.end(), category));
    for (size_t i = 0; i < input.divisions.size(); ++i) {
      const PlanDivision& division = input.divisions[i];
      county_.push_back(division.level == Level::kCounty || division.parent < 0 ? static_cast<int>(i)
                                                                                : county_[division.parent]);
    }
  }

  PatrolPlan Make() {
    // What other rules planned before counts for a quota as what they plan now.
    for (const auto& [id, task] : input_.before) {
      if (task.counts && !task.source.IsNil())
        seen_[task.kind == PatrolKind::kTest ? 1 : 0][task.source].push_back(task.day);
    }
    for (size_t i = 0; i < rules_.cadences.size(); ++i) {
      const std::string& season = rules_.cadences[i].season;
      PlanSlots(static_cast<int>(i), season.empty() ? nullptr : rules_.FindSeason(season));
    }
    for (size_t i = 0; i < rules_.quotas.size(); ++i) {
      const Quota& quota = rules_.quotas[i];
      if (!rules_.MakesTasks(quota)) continue;
      if (quota.kind == QuotaKind::kFrequency)
        PlanSlots(static_cast<int>(rules_.cadences.size() + i), nullptr);
    }
    // Rates last: what the others plan counts for them.
    for (size_t i = 0; i < rules_.quotas.size(); ++i) {
      const Quota& quota = rules_.quotas[i];
      if (rules_.MakesTasks(quota) && quota.kind != QuotaKind::kFrequency) PlanShare(static_cast<int>(i));
    }
    GivePosts();
    return std::move(plan_);
  }

 private:
  bool IsKey(const PlanSource& source) const { return source.problem || key_category_[source.category]; }

  bool Within(int division, int root) const {
    for (; division >= 0; division = input_.divisions[division].parent) {
      if (division == root) return true;
    }
    return false;
  }

  // The division whose posts go to what stands on `division`: the one of the level above it, or where it
  // stands if that is higher. -1 when the level lies above the planned division: not this plan's business.
  int SeatOf(int division, Level level) const {
    for (int at = division; at >= 0; at = input_.divisions[at].parent) {
      if (input_.divisions[at].level == level) return at;
    }
    return input_.divisions[0].level < level ? division : -1;
  }

  bool MayWork(const PatrolRule& rule, absl::CivilDay day, const PatrolSeason* season) const {
    if (season != nullptr && !season->Contains(day)) return false;
    return rule.holidays || IsWorkingDay(day, calendar_);
  }

  bool InForce(int index, absl::CivilDay day) const {
    const int quota = index - static_cast<int>(rules_.cadences.size());
    return quota < 0 || rules_.quotas[quota].InForce(day);
  }

  std::vector<Target> TargetsOf(int index, Risk risk) const {
    const PatrolRule& rule = RuleAt(rules_, index);
    const int root = input_.jurisdiction[index];
    std::vector<Target> targets;
    if (root < 0) return targets;
    if (rule.target == PatrolTarget::kDivision) {
      for (size_t i = 0; i < input_.divisions.size(); ++i) {
        const int at = static_cast<int>(i);
        if (input_.divisions[i].level != rule.level || !Within(at, root)) continue;
        const Uuid& id = input_.divisions[i].id;
        targets.push_back({id, -1, at, at, false, {}, HashOf(seed_, id, index)});
      }
      return targets;
    }
    std::vector<char> means;
    for (const std::string& category : input_.categories) means.push_back(rule.Means(category));
    for (size_t i = 0; i < input_.sources.size(); ++i) {
      const PlanSource& source = input_.sources[i];
      if (!means[source.category]) continue;
      const bool key = IsKey(source);
      if (risk != Risk::kAny && key != (risk == Risk::kKey)) continue;
      if (root != 0 && !Within(source.division, root)) continue;
      const int seat = SeatOf(source.division, rule.level);
      if (seat < 0) continue;
      targets.push_back({source.id, static_cast<int>(i), source.division, seat, key, source.last_seen,
                         HashOf(seed_, source.id, index)});
    }
    return targets;
  }

  void Add(int index, const Target& target, const Uuid& id, const Slot& slot, absl::CivilDay day) {
    const PatrolRule& rule = RuleAt(rules_, index);
    PlanTask task;
    task.id = id;
    task.rule = index;
    if (target.source >= 0) {
      task.source = target.id;
      task.category = input_.sources[target.source].category;
    }
    task.division = target.division;
    task.slot = slot.first;
    task.day = day;
    task.last_day = std::min(day + (rule.days - 1), std::max(day, slot.last));
    plan_.tasks.push_back(task);
    made_.push_back({target.seat, target.source});
    if (target.source >= 0) {
      seen_[rule.kind == PatrolKind::kTest ? 1 : 0][target.id].push_back(day);
    }
  }

  // A task per target and slot, evenly over the days of the slot that may be worked.
  void PlanSlots(int index, const PatrolSeason* season) {
    const PatrolRule& rule = RuleAt(rules_, index);
    const bool cadence = index < static_cast<int>(rules_.cadences.size());
    const std::vector<Target> targets = TargetsOf(index, cadence ? rules_.cadences[index].risk : Risk::kAny);
    if (targets.empty()) return;
    std::map<int, std::vector<Target>> by_seat;
    for (const Target& target : targets) by_seat[target.seat].push_back(target);
    for (auto& [seat, own] : by_seat) std::sort(own.begin(), own.end(), Before);
    for (const Slot& slot : SlotsOf(rules_, index, days_.first, days_.last)) {
      std::vector<absl::CivilDay> left;  // days of the slot from `from` on
      bool any = false;
      for (absl::CivilDay day = slot.first; day <= slot.last; ++day) {
        if (!MayWork(rule, day, season) || !InForce(index, day)) continue;
        any = true;
        if (day >= days_.first) left.push_back(day);
      }
      if (!any) ++plan_.slots_without_a_day[index];
      if (left.empty()) continue;
      for (const auto& [seat, own] : by_seat) PlanSlot(index, slot, seat, own, left);
    }
  }

  void PlanSlot(int index, const Slot& slot, int seat, const std::vector<Target>& own,
                const std::vector<absl::CivilDay>& left) {
    const std::string& code = RuleAt(rules_, index).code;
    std::vector<std::pair<const Target*, Uuid>> open;
    std::map<absl::CivilDay, int64_t> there;
    int64_t rest = 0;
    for (const Target& target : own) {
      const Uuid id = PlanTaskId(target.id, code, slot.first);
      const auto before = input_.before.find(id);
      if (before == input_.before.end()) {
        open.push_back({&target, id});
        ++rest;
      } else if (before->second.day >= left.front()) {
        ++there[before->second.day];
        ++rest;
      }
    }
    // Seats and rules begin their slots at different points, so that not everything small falls on the first
    // day.
    const int64_t days = static_cast<int64_t>(left.size());
    const int64_t phase = static_cast<int64_t>(
        HashOf(seed_, input_.divisions[seat].id, static_cast<uint64_t>(index) << 32 | DayNumber(slot.first)) %
        static_cast<uint64_t>(days));
    size_t next = 0;
    int64_t planned = 0;
    for (int64_t k = 0; k < days && left[k] <= days_.last; ++k) {
      planned += there[left[k]];
      const int64_t by_now = k + 1 == days ? rest : (rest * (k + 1) + phase) / days;
      for (; planned < by_now && next < open.size(); ++next, ++planned)
        Add(index, *open[next].first, open[next].second, slot, left[k]);
    }
  }

  // A rate or a count: as many targets of each county as the days that have passed ask for.
  void PlanShare(int quota_index) {
    const Quota& quota = rules_.quotas[quota_index];
    const int index = static_cast<int>(rules_.cadences.size()) + quota_index;
    const Slot period = PeriodOf(quota, days_.first);
    if (!quota.InForce(days_.first) && !quota.InForce(days_.last)) return;
    std::map<int, std::vector<Target>> by_county;
    for (const Target& target : TargetsOf(index, Risk::kAny))
      by_county[county_[target.division]].push_back(target);
    for (auto& [county, own] : by_county) {
      std::sort(own.begin(), own.end(), Before);
      // A range of days may reach into the next period, about which nothing is counted yet.
      for (absl::CivilDay at = days_.first; at <= days_.last;) {
        const Slot part = PeriodOf(quota, at);
        PlanPeriod(quota_index, index, part, own, part.first == period.first);
        if (part.last < at) break;
        at = part.last + 1;
      }
    }
  }

  void PlanPeriod(int quota_index, int index, const Slot& period, const std::vector<Target>& own,
                  bool first) {
    const Quota& quota = rules_.quotas[quota_index];
    const PatrolRule& rule = quota.rule;
    // By which day each target is or will be counted.
    std::vector<std::pair<const Target*, Uuid>> open;
    std::map<absl::CivilDay, int> counted;
    for (const Target& target : own) {
      absl::CivilDay day = absl::CivilDay::max();
      if (first) {
        const auto done = input_.counted[quota_index].find(target.id);
        if (done != input_.counted[quota_index].end()) day = done->second;
      }
      const Uuid id = PlanTaskId(target.id, rule.code, period.first);
      const auto before = input_.before.find(id);
      day = std::min(day, PlannedDay(rule.kind, target.id, period));
      if (day != absl::CivilDay::max())
        ++counted[day];
      else if (before == input_.before.end())
        open.push_back({&target, id});
    }
    const int total = static_cast<int>(own.size());
    int have = 0;
    auto next_counted = counted.begin();
    size_t next = 0;
    for (absl::CivilDay day = std::max(period.first, days_.first); day <= std::min(period.last, days_.last);
         ++day) {
      for (; next_counted != counted.end() && next_counted->first <= day; ++next_counted)
        have += next_counted->second;
      if (!MayWork(rule, day, nullptr) || !quota.InForce(day)) continue;
      absl::CivilDay until = day;  // the last day before the next one that is worked
      while (until < period.last && !MayWork(rule, until + 1, nullptr)) ++until;
      const int need = QuotaNeed(quota, total, period, until, rules_.reserve_percent);
      for (; have < need && next < open.size(); ++next, ++have)
        Add(index, *open[next].first, open[next].second, period, day);
    }
  }

  // The first day in the period on which this plan already sends somebody; a test is an inspection too.
  absl::CivilDay PlannedDay(PatrolKind kind, const Uuid& source, const Slot& period) const {
    absl::CivilDay day = absl::CivilDay::max();
    for (int test = kind == PatrolKind::kTest ? 1 : 0; test < 2; ++test) {
      const auto found = seen_[test].find(source);
      if (found == seen_[test].end()) continue;
      for (const absl::CivilDay at : found->second) {
        if (period.Contains(at)) day = std::min(day, at);
      }
    }
    return day;
  }

  // The tasks of a division and day that the same kinds of posts may do, shared out among the people there.
  void GivePosts() {
    using Group = std::tuple<absl::CivilDay, int, std::vector<PostKind>>;  // day, seat, kinds
    std::map<Group, std::vector<int>> groups;
    for (size_t i = 0; i < plan_.tasks.size(); ++i) {
      std::vector<PostKind> kinds = RuleAt(rules_, plan_.tasks[i].rule).posts;
      std::sort(kinds.begin(), kinds.end());
      groups[{plan_.tasks[i].day, made_[i].first, kinds}].push_back(static_cast<int>(i));
    }
    std::map<int, std::vector<const PlanPost*>> posts;
    for (const PlanPost& post : input_.posts) posts[post.division].push_back(&post);
    for (auto& [division, own] : posts)
      std::sort(own.begin(), own.end(), [](const PlanPost* a, const PlanPost* b) { return a->id < b->id; });
    absl::flat_hash_map<std::pair<Uuid, int64_t>, int> day_load = input_.day_load;
    absl::flat_hash_map<Uuid, int> open_load = input_.open_load;
    std::map<int, PlanShortage> shortages;
    for (auto& [group, tasks] : groups) {
      const auto& [day, seat, kinds] = group;
      std::sort(tasks.begin(), tasks.end(),
                [&](int a, int b) { return plan_.tasks[a].id < plan_.tasks[b].id; });
      std::map<Uuid, Uuid> post_of;  // person -> the first post he has there
      std::vector<Uuid> vacant;
      for (const PlanPost* post : posts[seat]) {
        if (!std::binary_search(kinds.begin(), kinds.end(), post->kind)) continue;
        if (post->person.IsNil())
          vacant.push_back(post->id);
        else
          post_of.emplace(post->person, post->id);
      }
      std::vector<Hand> hands;
      for (const auto& [person, post] : post_of)
        hands.push_back({person, day_load[{person, DayNumber(day)}], open_load[person]});
      std::vector<Uuid> saw_last;
      for (const int task : tasks) {
        const int source = made_[task].second;
        saw_last.push_back(source < 0 ? Uuid() : input_.sources[source].last_person);
      }
      const std::vector<int> given = ShareOut(hands, saw_last);
      for (size_t i = 0; i < tasks.size(); ++i) {
        if (given[i] < 0) continue;
        const Uuid& person = hands[given[i]].person;
        plan_.tasks[tasks[i]].post = post_of[person];
        ++day_load[{person, DayNumber(day)}];
        ++open_load[person];
      }
      if (vacant.empty() && !hands.empty()) continue;
      PlanShortage& shortage = shortages[seat];
      shortage.division = seat;
      for (const Uuid& post : vacant) {
        if (std::find(shortage.vacant_posts.begin(), shortage.vacant_posts.end(), post) ==
            shortage.vacant_posts.end())
          shortage.vacant_posts.push_back(post);
      }
      const int count = static_cast<int>(tasks.size());
      if (hands.empty())
        shortage.unassigned += count;
      else
        shortage.moved +=
            count * static_cast<int>(vacant.size()) / static_cast<int>(vacant.size() + hands.size());
    }
    for (auto& [seat, shortage] : shortages) plan_.shortages.push_back(std::move(shortage));
    std::sort(plan_.tasks.begin(), plan_.tasks.end(), [&](const PlanTask& a, const PlanTask& b) {
      return std::tie(a.day, input_.divisions[a.division].id, a.id) <
             std::tie(b.day, input_.divisions[b.division].id, b.id);
    });
  }

  const PlanInput& input_;
  const PatrolRules& rules_;
  const WorkCalendar& calendar_;
  const Slot days_;
  const uint64_t seed_;
  std::vector<char> key_category_;
  std::vector<int> county_;  // by division: the county it lies in, or the planned division
  PatrolPlan plan_;
  std::vector<std::pair<int, int>> made_;  // beside plan_.tasks until they are sorted: seat, source index
  absl::flat_hash_map<Uuid, std::vector<absl::CivilDay>> seen_[2];  // planned days: of patrols, of tests
};

}  // namespace

int64_t DayNumber(absl::CivilDay day) { return day - kEpoch; }

int RuleCount(const PatrolRules& rules) {
  return static_cast<int>(rules.cadences.size() + rules.quotas.size());
}

const PatrolRule& RuleAt(const PatrolRules& rules, int index) {
  const size_t cadences = rules.cadences.size();
  const size_t at = static_cast<size_t>(index);
  return at < cadences ? rules.cadences[at].rule : rules.quotas[at - cadences].rule;
}

Uuid PlanTaskId(const Uuid& target, std::string_view rule, absl::CivilDay slot) {
  return Uuid::Derive(target,
                      absl::StrCat("patrol plan/", std::string(rule), "/", std::to_string(DayNumber(slot))));
}

std::vector<Slot> SlotsOf(const PatrolRules& rules, int rule, absl::CivilDay from, absl::CivilDay to) {
  const int quota = rule - static_cast<int>(rules.cadences.size());
  const PatrolRule& shared = RuleAt(rules, rule);
  const bool share = quota >= 0 && rules.quotas[quota].kind != QuotaKind::kFrequency;
  std::vector<Slot> slots;
  for (absl::CivilDay day = from; day <= to;) {
    const Slot slot = quota >= 0 && (share || shared.period == PatrolPeriod::kOnce)
                          ? PeriodOf(rules.quotas[quota], day)
                          : SlotOf(shared.period, shared.times, day);
    if (!slot.Contains(day)) break;  // asked for once, and that is over
    slots.push_back(slot);
    day = slot.last + 1;
  }
  return slots;
}

int QuotaNeed(const Quota& quota, int total, const Slot& period, absl::CivilDay day, int reserve_percent) {
  const int64_t length = period.last - period.first + 1;
  const int64_t passed = std::clamp<int64_t>(day - period.first + 1, 0, length);
  // Of the total in hundredths, with the reserve: all in whole numbers.
  const int64_t asked = quota.kind == QuotaKind::kCount ? quota.value * 100 : quota.value * total;
  const int64_t need = asked * (100 + reserve_percent) * passed;
  const int64_t unit = int64_t{10000} * length;
  return static_cast<int>(std::min<int64_t>(total, (need + unit - 1) / unit));
}

PatrolPlan MakePatrolPlan(const PlanInput& input, const PatrolRules& rules, const WorkCalendar& calendar,
                          absl::CivilDay from, absl::CivilDay to, uint64_t seed) {
  return Planner(input, rules, calendar, {from, to}, seed).Make();
}

Interval WindowOf(const PatrolRules& rules, const PlanTask& task, const WorkCalendar& calendar) {
  const absl::TimeZone zone = CalendarZone();
  const absl::Time day = absl::FromCivil(task.day, zone);
  if (RuleAt(rules, task.rule).night) {
    return {day + absl::Minutes(rules.night_from),
            absl::FromCivil(task.day + 1, zone) + absl::Minutes(rules.night_to)};
  }
  const int first = calendar.working_minutes.empty() ? 0 : calendar.working_minutes.front().first;
  return {day + absl::Minutes(first), absl::FromCivil(task.last_day + 1, zone)};
}

}  // namespace gridwarden::domain
