#include "domain/notice/timing.h"

#include <gtest/gtest.h>

#include "domain/notice/allowance.h"

namespace gridwarden::domain {
namespace {

constexpr QuietHours kNight{22 * 60, 7 * 60};

absl::TimeZone Shanghai() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Asia/Shanghai", &zone));
  return zone;
}

absl::Time At(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%S", text, Shanghai(), &time, &error)) << error;
  return time;
}

TEST(QuietHoursRule, BeginAndEndOnTheMinute) {
  EXPECT_FALSE(IsQuiet(kNight, At("2026-11-22 21:59:59"), Shanghai()));
  EXPECT_TRUE(IsQuiet(kNight, At("2026-11-22 22:00:00"), Shanghai()));
  EXPECT_TRUE(IsQuiet(kNight, At("2026-11-23 06:59:59"), Shanghai()));
  EXPECT_FALSE(IsQuiet(kNight, At("2026-11-23 07:00:00"), Shanghai()));
}

TEST(QuietHoursRule, OfTheDayDoNotGoPastMidnight) {
  const QuietHours noon{12 * 60, 14 * 60};
  EXPECT_TRUE(IsQuiet(noon, At("2026-11-22 13:00:00"), Shanghai()));
  EXPECT_FALSE(IsQuiet(noon, At("2026-11-22 23:00:00"), Shanghai()));
}

TEST(QuietHoursRule, TheSameTimeTwiceIsNone) {
  for (int hour = 0; hour < 24; ++hour) {
    EXPECT_FALSE(IsQuiet({480, 480}, At("2026-11-22 00:00:00") + absl::Hours(hour), Shanghai()));
  }
}

TEST(Announcing, WaitsForTheMorningUnlessItPressesOrOneIsOnDuty) {
  const absl::Time late = At("2026-11-22 23:10:00");
  const absl::Time morning = At("2026-11-23 07:00:00");
  EXPECT_EQ(AnnounceAt(kNight, Urgency::kAct, false, late, Shanghai()), morning);
  EXPECT_EQ(AnnounceAt(kNight, Urgency::kInform, false, late, Shanghai()), morning);
  EXPECT_EQ(AnnounceAt(kNight, Urgency::kAct, true, late, Shanghai()), late);
  EXPECT_EQ(AnnounceAt(kNight, Urgency::kPressing, false, late, Shanghai()), late);
  EXPECT_EQ(AnnounceAt(kNight, Urgency::kAct, false, At("2026-11-23 02:00:00"), Shanghai()), morning);
  EXPECT_EQ(AnnounceAt(kNight, Urgency::kAct, false, At("2026-11-23 09:00:00"), Shanghai()),
            At("2026-11-23 09:00:00"));
}

TEST(NextTime, IsStrictlyAfter) {
  EXPECT_EQ(NextAt(480, At("2026-11-22 07:59:59"), Shanghai()), At("2026-11-22 08:00:00"));
  EXPECT_EQ(NextAt(480, At("2026-11-22 08:00:00"), Shanghai()), At("2026-11-23 08:00:00"));
}

TEST(NextTime, StandsAlsoOnADayWhoseClockSkipsIt) {
  absl::TimeZone berlin;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  // 2026-03-29 02:30 does not exist there.
  const absl::Time before = absl::FromCivil(absl::CivilSecond(2026, 3, 29, 1, 0, 0), berlin);
  const absl::Time then = NextAt(150, before, berlin);
  EXPECT_GT(then, before);
  EXPECT_EQ(absl::ToCivilDay(then, berlin), absl::CivilDay(2026, 3, 29));
}

TEST(DayMinute, ReadsOnlyTimesOfDay) {
  EXPECT_EQ(ParseDayMinute("22:00"), 1320);
  EXPECT_EQ(ParseDayMinute("00:00"), 0);
  EXPECT_EQ(FormatDayMinute(65), "01:05");
  for (const char* bad : {"", "8:00", "24:00", "12:60", "ab:cd", "08:00 ", "0800", "-1:00", "１２:00"}) {
    EXPECT_EQ(ParseDayMinute(bad), std::nullopt) << bad;
  }
}

TEST(LocalDayOf, ChangesAtLocalMidnight) {
  EXPECT_EQ(LocalDay(At("2026-11-22 23:59:59"), Shanghai()) + 1,
            LocalDay(At("2026-11-23 00:00:00"), Shanghai()));
  EXPECT_EQ(LocalDay(At("1970-01-01 08:00:00"), Shanghai()), 0);
}

TEST(Retrying, DoublesToItsMostAndSpreadsOut) {
  const absl::Duration first = absl::Seconds(30), most = absl::Hours(1);
  EXPECT_EQ(RetryWait(1, first, most, 1), absl::Seconds(30));
  EXPECT_EQ(RetryWait(3, first, most, 1), absl::Seconds(120));
  EXPECT_EQ(RetryWait(3, first, most, 0), absl::Seconds(60));
  EXPECT_EQ(RetryWait(100, first, most, 1), most);
  EXPECT_EQ(RetryWait(100, first, most, 7), most);
}

TEST(AllowanceOfAChannel, NeverLetsMoreThanItsRateThrough) {
  const absl::Time start = At("2026-11-22 08:00:00");
  Allowance allowance{20, start};
  int taken = 0;
  for (int tenth = 0; tenth < 3000; ++tenth)
    taken += allowance.Take(20, 20, start + absl::Milliseconds(100) * tenth);
  EXPECT_EQ(taken, 20 + 5 * 20 - 1);  // what it held, and five minutes less a tenth of a second
}

TEST(AllowanceOfAChannel, GainsNothingFromAClockThatGoesBack) {
  const absl::Time start = At("2026-11-22 08:00:00");
  Allowance allowance{1, start};
  EXPECT_TRUE(allowance.Take(20, 20, start));
  EXPECT_FALSE(allowance.Take(20, 20, start - absl::Hours(1)));
  EXPECT_FALSE(allowance.Take(20, 20, start + absl::Seconds(1)));
  EXPECT_TRUE(allowance.Take(20, 20, start + absl::Seconds(4)));
}

}  // namespace
}  // namespace gridwarden::domain
