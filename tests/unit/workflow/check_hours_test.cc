#include "domain/workflow/check_hours.h"

#include "gtest/gtest.h"

namespace gridwarden::domain {
namespace {

constexpr char kZone[] = "Asia/Shanghai";

absl::Time At(int hour, int minute, int day = 3) {
  return absl::FromCivil(absl::CivilSecond(2026, 11, day, hour, minute, 0), absl::FixedTimeZone(8 * 3600));
}

bool Inside(const HourWindow& window, absl::Time at) { return Touches(window, at, at, kZone); }

TEST(CheckHours, AreThoseAroundTheFindOnAnyDay) {
  const HourWindow window = WindowAround(At(14, 30), absl::Hours(2), kZone);
  EXPECT_EQ(ToText(window), "12:30-16:30");
  EXPECT_TRUE(Inside(window, At(12, 30, 9)));
  EXPECT_TRUE(Inside(window, At(16, 30, 9)));
  EXPECT_FALSE(Inside(window, At(12, 29, 9)));
  EXPECT_FALSE(Inside(window, At(16, 31, 9)));
}

TEST(CheckHours, ReachOverMidnight) {
  const HourWindow window = WindowAround(At(23, 15), absl::Hours(2), kZone);
  EXPECT_EQ(ToText(window), "21:15-01:15");
  EXPECT_TRUE(Inside(window, At(23, 59)));
  EXPECT_TRUE(Inside(window, At(0, 0)));
  EXPECT_TRUE(Inside(window, At(1, 15)));
  EXPECT_FALSE(Inside(window, At(1, 16)));
  EXPECT_FALSE(Inside(window, At(12, 0)));
}

TEST(CheckHours, ReadAnUncertainTimeAsItFavoursTheWorker) {
  const HourWindow window = WindowAround(At(23, 0), absl::Hours(2), kZone);
  EXPECT_FALSE(Touches(window, At(18, 0), At(20, 59), kZone));
  EXPECT_TRUE(Touches(window, At(18, 0), At(21, 0), kZone));
  EXPECT_TRUE(Touches(window, At(1, 0), At(5, 0), kZone));
  EXPECT_TRUE(Touches(window, At(10, 0), At(10, 0, 4), kZone));
}

TEST(CheckHours, AgreeWithCountingMinutesForEveryFindAndEveryMinuteOfTheDay) {
  for (int find = 0; find < kMinutesOfDay; find += 7) {
    const HourWindow window = WindowAround(At(0, 0) + absl::Minutes(find), absl::Minutes(120), kZone);
    for (int minute = 0; minute < kMinutesOfDay; ++minute) {
      int apart = minute > find ? minute - find : find - minute;
      if (apart > kMinutesOfDay - apart) apart = kMinutesOfDay - apart;
      ASSERT_EQ(Inside(window, At(0, 0) + absl::Minutes(minute)), apart <= 120) << find << " " << minute;
    }
  }
}

}  // namespace
}  // namespace gridwarden::domain
