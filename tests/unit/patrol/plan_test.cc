#include "domain/patrol/plan.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "domain/clock/stage_clock.h"
#include "gtest/gtest.h"
#include "unit/domain/policy_files.h"

// The planner against plain counting: what it promises in plan.h, over generated grounds.
namespace gridwarden::domain {
namespace {

const WorkCalendar& Calendar() { return testing::RealPolicy().calendar; }

Uuid Id(std::string_view what, int i) { return Uuid::Derive(Uuid(), std::string(what) + std::to_string(i)); }

Cadence MakeCadence(std::string code, PatrolPeriod period, int times) {
  Cadence cadence;
  cadence.rule.code = std::move(code);
  cadence.rule.period = period;
  cadence.rule.times = times;
  cadence.rule.posts = {PostKind::kGridOfficer, PostKind::kPatrolOfficer};
  return cadence;
}

Quota MakeQuota(std::string code, PatrolKind kind, PatrolPeriod period, int percent) {
  Quota quota;
  quota.rule = MakeCadence(std::move(code), period, 1).rule;
  quota.rule.kind = kind;
  quota.rule.categories = {"RESTAURANT"};
  quota.kind = kind == PatrolKind::kTest ? QuotaKind::kSamplingRate : QuotaKind::kInspectionRate;
  quota.value = percent;
  quota.denominator = Denominator::kLedger;
  return quota;
}

// Twice weekly key, half-monthly others, a monthly night, 30 % of restaurants a month, 35 % tested a quarter.
PatrolRules TestRules() {
  PatrolRules rules;
  rules.reserve_percent = 10;
  rules.night_from = 18 * 60;
  rules.night_to = 6 * 60;
  rules.key_categories = {"SMALL_POLLUTER"};
  rules.makes_tasks[static_cast<int>(QuotaKind::kInspectionRate)] = true;
  rules.makes_tasks[static_cast<int>(QuotaKind::kSamplingRate)] = true;
  rules.cadences.push_back(MakeCadence("KEY", PatrolPeriod::kWeek, 2));
  rules.cadences.back().risk = Risk::kKey;
  rules.cadences.push_back(MakeCadence("NIGHT", PatrolPeriod::kMonth, 1));
  rules.cadences.back().risk = Risk::kKey;
  rules.cadences.back().rule.night = true;
  rules.quotas.push_back(MakeQuota("Q-PATROL", PatrolKind::kPatrol, PatrolPeriod::kMonth, 30));
  rules.quotas.push_back(MakeQuota("Q-TEST", PatrolKind::kTest, PatrolPeriod::kQuarter, 35));
  return rules;
}

// A county with townships, villages, people and sources.
PlanInput RandomCounty(std::mt19937& random, const PatrolRules& rules, int sources) {
  PlanInput input;
  input.categories = {"SMALL_POLLUTER", "RESTAURANT", "ROAD"};
  input.divisions.push_back({Id("county", 0), Level::kCounty, -1});
  const int townships = 1 + static_cast<int>(random() % 3);
  for (int t = 0; t < townships; ++t) {
    const int township = static_cast<int>(input.divisions.size());
    input.divisions.push_back({Id("township", t), Level::kTownship, 0});
    for (int v = 0; v < 3; ++v)
      input.divisions.push_back({Id("village", t * 10 + v), Level::kVillage, township});
    const int officers = 1 + static_cast<int>(random() % 4);
    for (int o = 0; o < officers; ++o) {
      const Uuid person = random() % 5 == 0 ? Uuid() : Id("person", t * 10 + o);
      input.posts.push_back({Id("post", t * 10 + o), township, PostKind::kPatrolOfficer, person});
    }
  }
  for (int i = 0; i < sources; ++i) {
    PlanSource source{Id("source", i), 1 + static_cast<int>(random() % (input.divisions.size() - 1)),
                      static_cast<int>(random() % 3)};
    if (random() % 2 == 0) {
      source.last_seen = absl::CivilDay(2026, 3, 1) + static_cast<int>(random() % 30);
      source.last_person = Id("person", static_cast<int>(random() % (townships * 10)));
    }
    input.sources.push_back(source);
  }
  input.jurisdiction.assign(RuleCount(rules), 0);
  input.counted.resize(rules.quotas.size());
  return input;
}

int SeatOf(const PlanInput& input, int division) {
  while (input.divisions[division].level == Level::kVillage) division = input.divisions[division].parent;
  return division;
}

// What a plan leaves behind for the next one.
void Remember(PlanInput& input, const PatrolRules& rules, const PatrolPlan& plan) {
  std::map<Uuid, Uuid> person_of;
  for (const PlanPost& post : input.posts) person_of[post.id] = post.person;
  for (const PlanTask& task : plan.tasks) {
    const PlannedBefore before{task.id, task.day, true, task.source, RuleAt(rules, task.rule).kind};
    ASSERT_TRUE(input.before.insert({task.id, before}).second) << "planned twice";
    if (task.post.IsNil()) continue;
    ++input.day_load[{person_of[task.post], DayNumber(task.day)}];
    ++input.open_load[person_of[task.post]];
  }
}

std::vector<std::string> Lines(const PatrolPlan& plan) {
  std::vector<std::string> lines;
  for (const PlanTask& task : plan.tasks)
    lines.push_back(task.id.ToString() + " " + absl::FormatCivilTime(task.day) + " " + task.post.ToString());
  return lines;
}

TEST(Plan, ReachesEveryQuotaAtLeastAsFastAsItsPeriodPasses) {
  const PatrolRules rules = TestRules();
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const PlanInput input = RandomCounty(random, rules, 5 + static_cast<int>(random() % 120));
    const absl::CivilDay first(2026, 4, 1), last(2026, 6, 30);
    const PatrolPlan plan = MakePatrolPlan(input, rules, Calendar(), first, last, round);
    std::set<Uuid> restaurants;
    for (const PlanSource& source : input.sources) {
      if (source.category == 1) restaurants.insert(source.id);
    }
    const double total = static_cast<double>(restaurants.size());
    bool worked = false;
    std::set<Uuid> tested, seen;
    for (absl::CivilDay day = first; day <= last; ++day) {
      if (day.day() == 1) seen.clear(), worked = false;
      worked = worked || IsWorkingDay(day, Calendar());
      for (const PlanTask& task : plan.tasks) {
        if (task.day != day || !restaurants.contains(task.source)) continue;
        seen.insert(task.source);
        if (RuleAt(rules, task.rule).kind == PatrolKind::kTest) tested.insert(task.source);
      }
      if (!worked) continue;  // a period may begin with a holiday
      const double month = static_cast<double>(day.day()) /
                           static_cast<double>(PeriodOf(PatrolPeriod::kMonth, day).last.day());
      ASSERT_GE(static_cast<double>(seen.size()), std::min(total, 0.30 * total * month * 1.1) - 1e-9) << day;
      ASSERT_GE(static_cast<double>(tested.size()),
                std::min(total, 0.35 * total * static_cast<double>(day - first + 1) / 91 * 1.1) - 1e-9)
          << day;
    }
    // And not far above it: the reserve, and a source for the day that was rounded up.
    EXPECT_LE(static_cast<double>(tested.size()), 0.35 * total * 1.1 + 1);
  }
}

TEST(Plan, SeesEveryTargetOncePerSlotHoweverOftenAndInWhateverPiecesItIsPlanned) {
  PatrolRules rules = TestRules();
  // What a cadence planned the day before counts for a quota today.
  rules.cadences.push_back(MakeCadence("OTHER", PatrolPeriod::kMonth, 2));
  rules.cadences.back().risk = Risk::kOther;
  std::mt19937 random(4);
  for (int round = 0; round < 30; ++round) {
    PlanInput input = RandomCounty(random, rules, 40);
    const absl::CivilDay first(2026, 4, 27), last(2026, 5, 31);
    std::vector<PlanTask> all;
    for (absl::CivilDay day = first; day <= last; ++day) {
      const PatrolPlan plan = MakePatrolPlan(input, rules, Calendar(), day, std::min(day + 3, last), 7);
      all.insert(all.end(), plan.tasks.begin(), plan.tasks.end());
      Remember(input, rules, plan);
      ASSERT_TRUE(MakePatrolPlan(input, rules, Calendar(), day, std::min(day + 3, last), 7).tasks.empty());
    }
    std::map<std::pair<Uuid, absl::CivilDay>, int> visits;
    for (const PlanTask& task : all) {
      if (task.rule == 0) ++visits[{task.source, task.slot}];
    }
    int expected = 0;
    for (absl::CivilDay day = first; day <= last;) {
      const Slot slot = SlotOf(PatrolPeriod::kWeek, 2, day);
      bool worked = false;
      for (absl::CivilDay at = slot.first; at <= slot.last; ++at) worked |= IsWorkingDay(at, Calendar());
      for (const PlanSource& source : input.sources) {
        if (source.category != 0) continue;
        EXPECT_EQ(visits[std::pair(source.id, slot.first)], worked ? 1 : 0) << slot.first;
        expected += worked;
      }
      day = slot.last + 1;
    }
    EXPECT_GT(expected, 0);
  }
}

TEST(Plan, SharesADaysTasksOfATownshipOutWithADifferenceOfAtMostOne) {
  const PatrolRules rules = TestRules();
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    PlanInput input = RandomCounty(random, rules, 90);
    const PatrolPlan plan =
        MakePatrolPlan(input, rules, Calendar(), absl::CivilDay(2026, 4, 1), absl::CivilDay(2026, 4, 30), 1);
    std::map<std::pair<int, absl::CivilDay>, std::map<Uuid, int>> loads;
    for (const PlanTask& task : plan.tasks) {
      const int seat = SeatOf(input, task.division);
      std::map<Uuid, int>& load = loads[{seat, task.day}];
      bool anybody = false;
      for (const PlanPost& post : input.posts) {
        if (post.division != seat || post.person.IsNil()) continue;
        load.try_emplace(post.id, 0);
        anybody = true;
      }
      ASSERT_EQ(task.post.IsNil(), !anybody);
      if (!anybody) continue;
      ASSERT_TRUE(load.contains(task.post)) << "a vacant post, or one of elsewhere";
      ++load[task.post];
    }
    for (const auto& [group, load] : loads) {
      if (load.empty()) continue;
      const auto [least, most] = std::minmax_element(
          load.begin(), load.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
      ASSERT_LE(most->second - least->second, 1);
    }
  }
}

TEST(Plan, NeverSendsSomebodyToWhatHeSawLastWhileTwoAreThere) {
  const PatrolRules rules = TestRules();
  std::mt19937 random(6);
  PlanInput input = RandomCounty(random, rules, 0);
  input.posts.clear();
  for (int i = 0; i < 2; ++i)
    input.posts.push_back({Id("post", i), 1, PostKind::kPatrolOfficer, Id("person", i)});
  for (int i = 0; i < 30; ++i)
    input.sources.push_back({Id("source", i), 1, 0, false, absl::CivilDay(2026, 3, 1), Id("person", i % 2)});
  const PatrolPlan plan =
      MakePatrolPlan(input, rules, Calendar(), absl::CivilDay(2026, 4, 6), absl::CivilDay(2026, 4, 8), 1);
  ASSERT_GE(plan.tasks.size(), 30U);
  std::map<absl::CivilDay, std::map<Uuid, int>> seen_by, given;
  int repeats = 0;
  std::map<Uuid, Uuid> last;
  for (const PlanSource& source : input.sources) last[source.id] = source.last_person;
  for (const PlanTask& task : plan.tasks) {
    const Uuid person = task.post == Id("post", 0) ? Id("person", 0) : Id("person", 1);
    repeats += person == last[task.source];
    ++seen_by[task.day][last[task.source]];
    ++given[task.day][person];
  }
  // With equal loads no fewer than this are seen twice by one: those of a person beyond the other's load.
  int unavoidable = 0;
  for (const auto& [day, by] : seen_by) {
    for (int i = 0; i < 2; ++i) {
      const auto of = by.find(Id("person", i));
      if (of != by.end()) unavoidable += std::max(0, of->second - given[day][Id("person", 1 - i)]);
    }
  }
  EXPECT_EQ(repeats, unavoidable);
}

TEST(Plan, IsTheSameForTheSameInputsInWhateverOrder) {
  const PatrolRules rules = TestRules();
  std::mt19937 random(7);
  PlanInput input = RandomCounty(random, rules, 80);
  const auto plan = [&](uint64_t seed) {
    return Lines(MakePatrolPlan(input, rules, Calendar(), absl::CivilDay(2026, 4, 1),
                                absl::CivilDay(2026, 4, 14), seed));
  };
  const std::vector<std::string> before = plan(1);
  std::shuffle(input.sources.begin(), input.sources.end(), random);
  std::shuffle(input.posts.begin(), input.posts.end(), random);
  EXPECT_EQ(plan(1), before);
  EXPECT_NE(plan(2), before);
}

TEST(Plan, LeavesHolidaysAloneAndPutsNightsIntoTheNight) {
  PatrolRules rules = TestRules();
  rules.cadences.push_back(MakeCadence("EVERY_TWO_DAYS", PatrolPeriod::kTwoDays, 1));
  rules.cadences.back().rule.holidays = true;
  rules.cadences.back().rule.target = PatrolTarget::kDivision;
  rules.cadences.back().rule.level = Level::kVillage;
  std::mt19937 random(8);
  const PlanInput input = RandomCounty(random, rules, 60);
  // 2026-10-01 to 10-07 are holidays, 10-10 is a Saturday that is worked.
  const PatrolPlan plan =
      MakePatrolPlan(input, rules, Calendar(), absl::CivilDay(2026, 10, 1), absl::CivilDay(2026, 10, 31), 1);
  bool worked_saturday = false, holiday = false, night = false;
  for (const PlanTask& task : plan.tasks) {
    const PatrolRule& rule = RuleAt(rules, task.rule);
    const bool working = IsWorkingDay(task.day, Calendar());
    ASSERT_TRUE(working || rule.holidays) << rule.code << " " << task.day;
    worked_saturday |= task.day == absl::CivilDay(2026, 10, 10) && !rule.holidays;
    holiday |= !working;
    const Interval window = WindowOf(rules, task, Calendar());
    ASSERT_LT(window.from, window.to);
    if (!rule.night) continue;
    night = true;
    EXPECT_EQ(window.from, absl::FromCivil(absl::CivilHour(task.day) + 18, CalendarZone()));
    EXPECT_EQ(window.to, absl::FromCivil(absl::CivilHour(task.day + 1) + 6, CalendarZone()));
  }
  EXPECT_TRUE(worked_saturday);
  EXPECT_TRUE(holiday);
  EXPECT_TRUE(night);
  EXPECT_GT(plan.slots_without_a_day[0], 0);  // Thursday 1 to Sunday 4
}

TEST(Plan, ReportsWhatVacantPostsWouldHaveHad) {
  const PatrolRules rules = TestRules();
  std::mt19937 random(9);
  PlanInput input = RandomCounty(random, rules, 50);
  for (PlanPost& post : input.posts) post.person = Uuid();
  input.posts.push_back({Id("post", 90), 1, PostKind::kGridOfficer, Id("person", 90)});
  const PatrolPlan plan =
      MakePatrolPlan(input, rules, Calendar(), absl::CivilDay(2026, 4, 1), absl::CivilDay(2026, 4, 10), 1);
  int nobody = 0, unassigned = 0, moved = 0;
  for (const PlanTask& task : plan.tasks) {
    nobody += task.post.IsNil();
    if (!task.post.IsNil()) EXPECT_EQ(task.post, Id("post", 90));
  }
  for (const PlanShortage& shortage : plan.shortages) {
    unassigned += shortage.unassigned;
    moved += shortage.moved;
    EXPECT_FALSE(shortage.vacant_posts.empty());
  }
  EXPECT_EQ(unassigned, nobody);
  EXPECT_GT(moved, 0);
}

TEST(Plan, ReplacesWhatWasMissedOrReleasedByAnotherSourceOfTheQuota) {
  PatrolRules rules = TestRules();
  rules.cadences.clear();
  std::mt19937 random(10);
  PlanInput input = RandomCounty(random, rules, 60);
  const absl::CivilDay first(2026, 4, 1), last(2026, 4, 30);
  const PatrolPlan plan = MakePatrolPlan(input, rules, Calendar(), first, last, 1);
  std::set<Uuid> missed;
  for (const PlanTask& task : plan.tasks) {
    missed.insert(task.source);
    input.before[task.id] = {task.id, task.day, false};
  }
  const PatrolPlan again = MakePatrolPlan(input, rules, Calendar(), absl::CivilDay(2026, 4, 20), last, 1);
  EXPECT_FALSE(again.tasks.empty());
  for (const PlanTask& task : again.tasks) EXPECT_FALSE(input.before.contains(task.id));
  // What others saw meanwhile needs no task.
  for (size_t quota = 0; quota < rules.quotas.size(); ++quota) {
    for (const PlanSource& source : input.sources)
      input.counted[quota][source.id] = absl::CivilDay(2026, 4, 2);
  }
  EXPECT_TRUE(MakePatrolPlan(input, rules, Calendar(), first, last, 1).tasks.empty());
}

TEST(Plan, OfATownshipHasNothingForThePostsAboveIt) {
  PatrolRules rules = TestRules();
  rules.cadences.push_back(MakeCadence("COUNTY", PatrolPeriod::kWeek, 1));
  rules.cadences.back().rule.level = Level::kCounty;
  PlanInput input;
  input.categories = {"SMALL_POLLUTER"};
  input.divisions = {{Id("township", 0), Level::kTownship, -1}, {Id("village", 0), Level::kVillage, 0}};
  input.sources = {{Id("source", 0), 1, 0}};
  input.jurisdiction.assign(RuleCount(rules), 0);
  input.counted.resize(rules.quotas.size());
  const PatrolPlan plan =
      MakePatrolPlan(input, rules, Calendar(), absl::CivilDay(2026, 4, 6), absl::CivilDay(2026, 4, 10), 1);
  ASSERT_FALSE(plan.tasks.empty());
  for (const PlanTask& task : plan.tasks) EXPECT_NE(RuleAt(rules, task.rule).code, "COUNTY");
}

TEST(Plan, SeesEveryRoadEquallyOftenWhereAFrequencyIsAskedFor) {
  PatrolRules rules = TestRules();
  rules.cadences.clear();
  rules.quotas.clear();
  rules.quotas.push_back(MakeQuota("Q-ROAD", PatrolKind::kTest, PatrolPeriod::kMonth, 2));
  rules.quotas[0].kind = QuotaKind::kFrequency;
  rules.quotas[0].rule.categories = {"ROAD"};
  rules.quotas[0].rule.times = 2;
  rules.makes_tasks[static_cast<int>(QuotaKind::kFrequency)] = true;
  std::mt19937 random(11);
  const PlanInput input = RandomCounty(random, rules, 60);
  const PatrolPlan plan =
      MakePatrolPlan(input, rules, Calendar(), absl::CivilDay(2026, 6, 1), absl::CivilDay(2026, 6, 30), 1);
  std::map<Uuid, std::pair<int, int>> halves;
  for (const PlanTask& task : plan.tasks)
    ++(task.day.day() <= 15 ? halves[task.source].first : halves[task.source].second);
  size_t roads = 0;
  for (const PlanSource& source : input.sources) {
    if (source.category != 2) continue;
    ++roads;
    EXPECT_EQ(halves[source.id], std::pair(1, 1));
  }
  EXPECT_EQ(halves.size(), roads);
}

TEST(Plan, OfAQuotaThatCountsVisitsHasNoMoreThanThereAreSources) {
  PatrolRules rules = TestRules();
  rules.cadences.clear();
  rules.quotas.resize(1);
  rules.quotas[0].kind = QuotaKind::kCount;
  rules.quotas[0].value = 7;
  rules.makes_tasks[static_cast<int>(QuotaKind::kCount)] = true;
  rules.reserve_percent = 0;
  std::mt19937 random(12);
  const PlanInput input = RandomCounty(random, rules, 60);
  const auto tasks = [&] {
    return MakePatrolPlan(input, rules, Calendar(), absl::CivilDay(2026, 6, 1), absl::CivilDay(2026, 6, 30),
                          1)
        .tasks.size();
  };
  EXPECT_EQ(tasks(), 7U);
  rules.quotas[0].value = 700;
  EXPECT_EQ(tasks(), static_cast<size_t>(std::count_if(input.sources.begin(), input.sources.end(),
                                                       [](const PlanSource& s) { return s.category == 1; })));
  rules.makes_tasks[static_cast<int>(QuotaKind::kCount)] = false;
  EXPECT_EQ(tasks(), 0U);
}

TEST(Plan, OfACityReachesItsQuotaInEveryCounty) {
  PatrolRules rules = TestRules();
  rules.cadences.clear();
  PlanInput input;
  input.categories = {"RESTAURANT"};
  input.divisions.push_back({Id("city", 0), Level::kCity, -1});
  for (int c = 0; c < 3; ++c) {
    input.divisions.push_back({Id("county", c), Level::kCounty, 0});
    const int county = static_cast<int>(input.divisions.size()) - 1;
    input.divisions.push_back({Id("township", c), Level::kTownship, county});
    for (int i = 0; i < 20; ++i) input.sources.push_back({Id("source", c * 100 + i), county + 1, 0});
  }
  input.jurisdiction = {0, 3};  // the second quota is the second county's alone
  input.counted.resize(2);
  const PatrolPlan plan =
      MakePatrolPlan(input, rules, Calendar(), absl::CivilDay(2026, 4, 1), absl::CivilDay(2026, 4, 30), 1);
  std::map<std::pair<int, int>, int> tasks;
  for (const PlanTask& task : plan.tasks) {
    ++tasks[{input.divisions[task.division].parent, task.rule}];
    EXPECT_TRUE(task.post.IsNil());  // nobody is there
  }
  const int seen_or_tested = tasks[{3, 0}] + tasks[{3, 1}];
  EXPECT_EQ((tasks[{1, 0}]), 7);  // 20 x 30 % with the reserve
  EXPECT_EQ((tasks[{5, 0}]), 7);
  EXPECT_GE(seen_or_tested, 7);
  EXPECT_EQ((tasks[{1, 1}]), 0);
  EXPECT_GT((tasks[{3, 1}]), 0);
}

TEST(Slot, IsAPartOfItsPeriod) {
  const auto slot = [](PatrolPeriod period, int times, absl::CivilDay day) {
    const Slot found = SlotOf(period, times, day);
    return absl::FormatCivilTime(found.first) + " " + absl::FormatCivilTime(found.last);
  };
  EXPECT_EQ(slot(PatrolPeriod::kWeek, 2, absl::CivilDay(2026, 11, 22)), "2026-11-19 2026-11-22");
  EXPECT_EQ(slot(PatrolPeriod::kWeek, 2, absl::CivilDay(2026, 11, 16)), "2026-11-16 2026-11-18");
  EXPECT_EQ(slot(PatrolPeriod::kMonth, 2, absl::CivilDay(2026, 11, 15)), "2026-11-01 2026-11-15");
  EXPECT_EQ(slot(PatrolPeriod::kMonth, 2, absl::CivilDay(2026, 2, 15)), "2026-02-15 2026-02-28");
  EXPECT_EQ(slot(PatrolPeriod::kQuarter, 1, absl::CivilDay(2026, 11, 15)), "2026-10-01 2026-12-31");
  EXPECT_EQ(slot(PatrolPeriod::kHalfYear, 1, absl::CivilDay(2026, 6, 30)), "2026-01-01 2026-06-30");
  EXPECT_EQ(slot(PatrolPeriod::kDay, 3, absl::CivilDay(2026, 6, 30)), "2026-06-30 2026-06-30");
}

TEST(QuotaNeed, IsRoundedUpAndNeverMoreThanThereAre) {
  const Quota quota = MakeQuota("Q", PatrolKind::kPatrol, PatrolPeriod::kMonth, 30);
  const Slot april = PeriodOf(PatrolPeriod::kMonth, absl::CivilDay(2026, 4, 9));
  EXPECT_EQ(QuotaNeed(quota, 10, april, april.first - 1, 0), 0);
  EXPECT_EQ(QuotaNeed(quota, 10, april, april.first, 0), 1);
  EXPECT_EQ(QuotaNeed(quota, 10, april, april.last, 0), 3);
  EXPECT_EQ(QuotaNeed(quota, 10, april, april.last, 10), 4);
  const Quota all = MakeQuota("Q", PatrolKind::kPatrol, PatrolPeriod::kMonth, 100);
  EXPECT_EQ(QuotaNeed(all, 10, april, april.last, 10), 10);
}

}  // namespace
}  // namespace gridwarden::domain
