#include <random>

#include "domain/clock/stage_clock.h"
#include "gtest/gtest.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using testing::At;

const WorkCalendar& Calendar2026() { return testing::RealPolicy().calendar; }

absl::Time Due(const std::string& start, Calendar calendar, absl::Duration span) {
  return AddLimit(At(start), {calendar, span, ""}, Calendar2026());
}
absl::Time Hours(const std::string& start, double hours) {
  return Due(start, Calendar::kWorkingHours, absl::Hours(1) * hours);
}
absl::Time Days(const std::string& start, int days) {
  return Due(start, Calendar::kWorkingDays, absl::Hours(24) * days);
}

TEST(WorkingTime, CountsWithinAMorning) { EXPECT_EQ(Hours("2026-11-23 09:00", 2), At("2026-11-23 11:00")); }

TEST(WorkingTime, StepsOverNoon) { EXPECT_EQ(Hours("2026-11-23 11:00", 2), At("2026-11-23 15:30")); }

TEST(WorkingTime, StepsOverTheNight) { EXPECT_EQ(Hours("2026-11-23 17:00", 2), At("2026-11-24 09:30")); }

TEST(WorkingTime, StepsOverTheWeekend) { EXPECT_EQ(Hours("2026-11-20 17:00", 2), At("2026-11-23 09:30")); }

TEST(WorkingTime, CountsFromTheNextWorkingMinuteWhenItStartsOutsideHours) {
  EXPECT_EQ(Hours("2026-11-23 06:00", 1), At("2026-11-23 09:30"));
  EXPECT_EQ(Hours("2026-11-23 13:00", 1), At("2026-11-23 15:30"));
  EXPECT_EQ(Hours("2026-11-21 10:00", 1), At("2026-11-23 09:30"));
}

TEST(WorkingTime, IsDueAtTheLastMinuteOfTheDayAndNotTheNextMorning) {
  EXPECT_EQ(Hours("2026-11-23 17:00", 1), At("2026-11-23 18:00"));
  EXPECT_EQ(Days("2026-11-23 08:30", 1), At("2026-11-23 18:00"));
}

TEST(WorkingTime, TakesAWorkingDayAsTheHoursOfOneDay) {
  EXPECT_EQ(WorkingDay(Calendar2026()), absl::Hours(7));
  EXPECT_EQ(Days("2026-11-23 10:00", 1), At("2026-11-24 10:00"));
  EXPECT_EQ(Days("2026-11-20 10:00", 3), At("2026-11-25 10:00"));
}

TEST(WorkingTime, SkipsTheSpringFestivalOf2026) {
  // Friday before the worked Saturday 14 February; 15 to 23 February are off.
  EXPECT_EQ(Days("2026-02-13 10:00", 1), At("2026-02-14 10:00"));
  EXPECT_EQ(Days("2026-02-14 10:00", 1), At("2026-02-24 10:00"));
  EXPECT_EQ(Days("2026-02-27 10:00", 1), At("2026-02-28 10:00"));
}

TEST(WorkingTime, WorksOnTheAdjustedWeekendDaysOf2026) {
  for (const absl::CivilDay day :
       {absl::CivilDay(2026, 1, 4), absl::CivilDay(2026, 2, 14), absl::CivilDay(2026, 2, 28),
        absl::CivilDay(2026, 5, 9), absl::CivilDay(2026, 9, 20), absl::CivilDay(2026, 10, 10)}) {
    EXPECT_TRUE(IsWorkingDay(day, Calendar2026())) << day;
  }
}

TEST(WorkingTime, Has248WorkingDaysIn2026) {
  // 365 days, 104 at weekends of which 6 are worked, 19 holidays on weekdays: counted by hand from the
  // notice.
  int days = 0;
  for (absl::CivilDay day(2026, 1, 1); day.year() == 2026; ++day) days += IsWorkingDay(day, Calendar2026());
  EXPECT_EQ(days, 248);
}

TEST(WorkingTime, SkipsTheNationalDayOf2026) {
  EXPECT_EQ(Hours("2026-09-30 17:30", 1), At("2026-10-08 09:00"));
  EXPECT_EQ(Days("2026-10-09 10:00", 1), At("2026-10-10 10:00"));
}

TEST(WorkingTime, RunsAroundTheClockWhenContinuous) {
  EXPECT_EQ(Due("2026-02-15 23:50", Calendar::kContinuous, absl::Minutes(30)), At("2026-02-16 00:20"));
}

TEST(WorkingTime, KnowsOnlyTheWeekOutsideTheYearsItCovers) {
  EXPECT_EQ(Days("2027-01-01 10:00", 1), At("2027-01-04 10:00"));
}

TEST(WorkingTime, IsDueAtOnceForNothing) { EXPECT_EQ(Hours("2026-11-21 10:00", 0), At("2026-11-21 10:00")); }

TEST(WorkingTime, IsNeverDueWhereNobodyEverWorks) {
  EXPECT_EQ(AddLimit(At("2026-11-23 09:00"), {Calendar::kWorkingHours, absl::Hours(1), ""}, WorkCalendar{}),
            absl::InfiniteFuture());
}

TEST(WorkingTime, LeavesInstantsWithoutADateAlone) {
  EXPECT_EQ(AddLimit(absl::InfinitePast(), {Calendar::kWorkingHours, absl::Hours(1), ""}, Calendar2026()),
            absl::InfinitePast());
  EXPECT_EQ(AddLimit(absl::InfiniteFuture(), {Calendar::kContinuous, absl::Hours(1), ""}, Calendar2026()),
            absl::InfiniteFuture());
  EXPECT_EQ(WorkingTime(absl::InfinitePast(), At("2026-11-23 09:00"), Calendar2026()),
            absl::InfiniteDuration());
}

TEST(WorkingTime, MeasuresBetweenTwoInstants) {
  EXPECT_EQ(WorkingTime(At("2026-11-20 17:00"), At("2026-11-23 09:30"), Calendar2026()), absl::Hours(2));
  EXPECT_EQ(WorkingTime(At("2026-10-01 00:00"), At("2026-10-08 00:00"), Calendar2026()),
            absl::ZeroDuration());
  EXPECT_EQ(WorkingTime(At("2026-11-23 09:00"), At("2026-11-23 08:00"), Calendar2026()),
            absl::ZeroDuration());
}

// Working minutes counted one by one: slow, plain, and written without the code under test's arithmetic.
bool IsWorkingMinute(absl::Time t) {
  const absl::CivilMinute minute = absl::ToCivilMinute(t, CalendarZone());
  const int of_day = static_cast<int>(minute.hour() * 60 + minute.minute());
  const bool hours =
      (of_day >= 8 * 60 + 30 && of_day < 12 * 60) || (of_day >= 14 * 60 + 30 && of_day < 18 * 60);
  return hours && IsWorkingDay(absl::CivilDay(minute), Calendar2026());
}

TEST(WorkingTime, AgreesWithCountingMinuteByMinuteAtRandomStarts) {
  std::mt19937_64 random(20261122);
  for (int i = 0; i < 300; ++i) {
    const absl::Time start =
        At("2026-01-01 00:00") + absl::Minutes(static_cast<int64_t>(random() % (360 * 1440)));
    const int minutes = static_cast<int>(1 + random() % 1500);
    absl::Time plain = start;
    for (int left = minutes; left > 0; plain += absl::Minutes(1)) left -= IsWorkingMinute(plain);
    const absl::Time due =
        AddLimit(start, {Calendar::kWorkingHours, absl::Minutes(minutes), ""}, Calendar2026());
    ASSERT_EQ(due, plain) << "start " << start << " minutes " << minutes;
    ASSERT_EQ(WorkingTime(start, due, Calendar2026()), absl::Minutes(minutes));
  }
}

}  // namespace
}  // namespace gridwarden::domain
