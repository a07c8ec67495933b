#include "domain/escalation/rung_plan.h"

#include <random>

#include "domain/clock/stage_clock.h"
#include "gtest/gtest.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using testing::At;

const WorkCalendar& Work() { return testing::RealPolicy().calendar; }

absl::Time Rung(const std::string& start, const std::string& due, int percent, Calendar calendar,
                const std::vector<Interval>& pauses = {}) {
  return RungTime(At(start), At(due), percent, calendar, Work(), pauses);
}

TEST(RungPlan, HalfOfAnHourAroundTheClockIsHalfAnHour) {
  EXPECT_EQ(Rung("2026-11-23 22:00", "2026-11-23 23:00", 50, Calendar::kContinuous), At("2026-11-23 22:30"));
}

TEST(RungPlan, HalfOfTwoWorkingHoursOverNoonIsOneWorkingHour) {
  EXPECT_EQ(Rung("2026-11-23 11:00", "2026-11-23 15:30", 50, Calendar::kWorkingHours),
            At("2026-11-23 12:00"));
}

TEST(RungPlan, OneLimitMoreSkipsTheWeekend) {
  // One working day from Friday morning is due on Monday morning; one more is Tuesday morning.
  EXPECT_EQ(Rung("2026-11-20 10:00", "2026-11-23 10:00", 200, Calendar::kWorkingDays),
            At("2026-11-24 10:00"));
}

TEST(RungPlan, TheWholeIsTheDueTimeItself) {
  EXPECT_EQ(Rung("2026-11-23 17:00", "2026-11-23 18:00", 100, Calendar::kWorkingHours),
            At("2026-11-23 18:00"));
}

TEST(RungPlan, TimeThatRestedIsNoPartOfTheClock) {
  // Ten hours, of which two rested: half of the other eight is used up at 14:00.
  const std::vector<Interval> pauses = {{At("2026-11-23 11:00"), At("2026-11-23 13:00")}};
  EXPECT_EQ(Rung("2026-11-23 08:00", "2026-11-23 18:00", 50, Calendar::kContinuous, pauses),
            At("2026-11-23 14:00"));
}

TEST(RungPlan, AClockThatWasDueBeforeItBeganOwesAllItsRungsAtOnce) {
  for (int percent : {50, 80, 200, 400})
    EXPECT_EQ(Rung("2026-11-23 10:00", "2026-11-23 09:00", percent, Calendar::kWorkingHours),
              At("2026-11-23 10:00"));
}

TEST(RungPlan, AClockWithoutWorkingTimeOwesAllItsRungsWhenItIsDue) {
  EXPECT_EQ(Rung("2026-11-21 10:00", "2026-11-22 10:00", 50, Calendar::kWorkingHours),
            At("2026-11-22 10:00"));
}

TEST(RungPlan, AClockThatRestsForGoodOwesNothing) {
  const std::vector<RungRule> rules = {{50, EscalationLevel::kRemind}, {100, EscalationLevel::kOverdue}};
  EXPECT_TRUE(PlanRungs(rules, At("2026-11-23 10:00"), absl::InfiniteFuture(), Calendar::kContinuous, Work())
                  .empty());
}

// The same, counted minute by minute.
absl::Time CountMinutes(absl::Time start, absl::Time due, int percent, Calendar calendar,
                        const std::vector<Interval>& pauses) {
  const auto counts = [&](absl::Time t) {
    for (const Interval& pause : pauses) {
      if (pause.Contains(t)) return false;
    }
    if (calendar == Calendar::kContinuous) return true;
    return WorkingTime(t, t + absl::Minutes(1), Work()) > absl::ZeroDuration();
  };
  int64_t whole = 0;
  for (absl::Time t = start; t < due; t += absl::Minutes(1)) whole += counts(t);
  int64_t left = whole * percent / 100;
  absl::Time t = start;
  for (; left > 0; t += absl::Minutes(1)) left -= counts(t);
  return t;
}

TEST(RungPlan, EqualsCountingMinutesOverRandomClocksAndPauses) {
  std::mt19937 random(20261122);
  const absl::Time monday = At("2026-09-28 00:00");  // the autumn holidays and a worked weekend follow
  int compared = 0;
  for (int i = 0; i < 400; ++i) {
    const auto minutes = [&](int max) {
      return absl::Minutes(std::uniform_int_distribution<int>(0, max)(random));
    };
    const Calendar calendar = i % 3 == 0   ? Calendar::kContinuous
                              : i % 3 == 1 ? Calendar::kWorkingHours
                                           : Calendar::kWorkingDays;
    const absl::Time start = monday + minutes(7 * 24 * 60);
    const absl::Time due = start + absl::Minutes(100) + minutes(5 * 24 * 60);
    std::vector<Interval> pauses;
    if (i % 2 == 0) {
      const absl::Time from = start + minutes(300);
      pauses.push_back({from, from + minutes(360)});
    }
    std::erase_if(pauses, [](const Interval& pause) { return pause.from >= pause.to; });
    absl::Time last = start;
    for (int percent : {50, 80, 100, 200, 400}) {
      const absl::Time got = RungTime(start, due, percent, calendar, Work(), pauses);
      EXPECT_GE(got, last) << i << " " << percent;
      last = got;
      if (percent == 100) continue;
      const absl::Time want = CountMinutes(start, due, percent, calendar, pauses);
      if (want == start) continue;  // no time in it: due, not start, decides
      // Within the minute that counting by minutes cuts off, unless idle time lies between.
      const absl::Duration apart =
          calendar == Calendar::kContinuous
              ? absl::AbsDuration(got - want)
              : std::max(WorkingTime(std::min(got, want), std::max(got, want), Work()), absl::ZeroDuration());
      EXPECT_LE(apart, absl::Minutes(2)) << i << " " << percent << " got " << got << " want " << want;
      ++compared;
    }
  }
  EXPECT_GT(compared, 1000);
}

TEST(RungPlan, RulesHaveRungsForEveryClockAndNoneTwice) {
  const EscalationRules& rules = *testing::RealPolicy().escalation;
  for (const char* clock :
       {"HANDLE", "ACCEPT", "TOTAL", "RECHECK", "REVIEW", "RESULT", "REPLY", "LIMIT", "SCREEN"}) {
    int last = 0;
    for (const RungRule& rung : rules.RungsOf(clock)) {
      EXPECT_GT(rung.percent, last) << clock;
      last = rung.percent;
    }
    EXPECT_GT(last, 0) << clock;
  }
  EXPECT_EQ(rules.RungsOf("HANDLE").size(), 5u);
  EXPECT_EQ(rules.RungsOf("RESULT").size(), 13u);
}

}  // namespace
}  // namespace gridwarden::domain
