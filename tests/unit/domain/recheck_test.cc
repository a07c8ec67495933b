#include "domain/workflow/recheck.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "domain/clock/stage_clock.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

absl::Time At(const std::string& local) {
  absl::Time time;
  std::string why;
  if (!absl::ParseTime("%Y-%m-%d %H:%M", local, CalendarZone(), &time, &why)) std::abort();
  return time;
}

std::vector<std::string> Plan(std::string_view category, const std::string& closed,
                              std::string_view stored_until = "") {
  std::vector<std::string> days;
  for (absl::Time time : PlannedRechecks(testing::RealPolicy().TypeOf(category), At(closed), stored_until)) {
    days.push_back(absl::FormatTime("%Y-%m-%d %H:%M", time, CalendarZone()));
  }
  return days;
}

using Days = std::vector<std::string>;

TEST(PlannedRechecks, AreCountedFromTheClosing) {
  EXPECT_EQ(Plan("ROAD", "2026-03-02 15:30"),
            (Days{"2026-03-09 15:30", "2026-04-01 15:30", "2026-05-31 15:30"}));
}

TEST(PlannedRechecks, OfASmallPolluterGoOnTo180Days) {
  const Days days = Plan("SMALL_POLLUTER", "2026-03-02 15:30");
  ASSERT_EQ(days.size(), 4u);
  EXPECT_EQ(days.back(), "2026-08-29 15:30");
}

TEST(PlannedRechecks, OfBurntStrawLastForTheRestOfTheSeason) {
  EXPECT_EQ(Plan("STRAW_BURNING", "2026-05-25 20:00"), (Days{"2026-06-01 20:00", "2026-06-16 20:00"}));
  // The last day of the season still belongs to it.
  EXPECT_EQ(Plan("STRAW_BURNING", "2026-11-08 08:00"), (Days{"2026-11-15 08:00", "2026-11-30 08:00"}));
  // Out of season only the first.
  EXPECT_EQ(Plan("STRAW_BURNING", "2026-08-01 08:00"), (Days{"2026-08-08 08:00"}));
}

TEST(PlannedRechecks, OfASeasonOverTheNewYear) {
  CaseType type;
  type.rechecks = {absl::Hours(24)};
  type.recheck_every = absl::Hours(24 * 10);
  type.seasons = {{"12-20", "01-10"}};
  EXPECT_EQ(PlannedRechecks(type, At("2026-12-20 00:00"), "").size(), 3u);  // 21, 31 December, 10 January
  EXPECT_EQ(PlannedRechecks(type, At("2026-01-02 00:00"), "").size(), 1u);
  EXPECT_EQ(PlannedRechecks(type, At("2026-01-11 00:00"), "").size(), 1u);
}

TEST(PlannedRechecks, LookForStoredGoodsOnTheDayAfterTheirTime) {
  EXPECT_EQ(Plan("ROAD", "2026-03-02 15:30", "2026-03-20"),
            (Days{"2026-03-09 15:30", "2026-03-21 23:59", "2026-04-01 15:30", "2026-05-31 15:30"}));
  // A recheck that is planned for that day anyway will do.
  EXPECT_EQ(Plan("ROAD", "2026-03-02 15:30", "2026-03-08").size(), 3u);
  // Later than all others: the case is watched until then.
  EXPECT_EQ(Plan("ROAD", "2026-03-02 15:30", "2026-12-31").back(), "2027-01-01 23:59");
  // Over before the case was closed: looked at at once.
  EXPECT_EQ(Plan("ROAD", "2026-03-02 15:30", "2026-02-01").front(), "2026-03-02 15:30");
}

TEST(NextRecheck, IsTheOneAfterThoseThatWereMade) {
  const std::vector<absl::Time> planned = {At("2026-03-09 00:00"), At("2026-04-01 00:00")};
  EXPECT_EQ(NextRecheck(planned, 0), planned[0]);
  EXPECT_EQ(NextRecheck(planned, 1), planned[1]);
  EXPECT_EQ(NextRecheck(planned, 2), std::nullopt);
  EXPECT_EQ(NextRecheck({}, 0), std::nullopt);
}

TEST(ActionOf, LeavesTheCaseWatchedUntilTheLastRecheck) {
  EXPECT_EQ(ActionOf(RecheckResult::kHeld, false), Action::kRecheckHeldSoFar);
  EXPECT_EQ(ActionOf(RecheckResult::kHeld, true), Action::kRecheckHeld);
  EXPECT_EQ(ActionOf(RecheckResult::kNotObservable, false), Action::kRecheckNotObservableSoFar);
  EXPECT_EQ(ActionOf(RecheckResult::kNotObservable, true), Action::kRecheckNotObservable);
  EXPECT_EQ(ActionOf(RecheckResult::kRebounded, false), Action::kRecheckRebounded);
  EXPECT_EQ(ActionOf(RecheckResult::kRebounded, true), Action::kRecheckRebounded);
  EXPECT_EQ(ActionOf(RecheckResult::kUnspecified, false), Action::kUnspecified);
}

TEST(After, AVisitThatCouldNotSeeTakesNothingBack) {
  EXPECT_EQ(After(Closure::kNotRechecked, RecheckResult::kHeld), Closure::kHeld);
  EXPECT_EQ(After(Closure::kHeld, RecheckResult::kNotObservable), Closure::kHeld);
  EXPECT_EQ(After(Closure::kNotRechecked, RecheckResult::kNotObservable), Closure::kNotObservable);
  EXPECT_EQ(After(Closure::kNotObservable, RecheckResult::kHeld), Closure::kHeld);
  EXPECT_EQ(After(Closure::kHeld, RecheckResult::kRebounded), Closure::kNotHeld);
}

TEST(StorageExpired, OnlyOnceTheDayIsOver) {
  EXPECT_FALSE(StorageExpired("2026-03-20", At("2026-03-20 23:59")));
  EXPECT_TRUE(StorageExpired("2026-03-20", At("2026-03-21 00:00")));
  EXPECT_FALSE(StorageExpired("", At("2026-03-21 00:00")));
}

}  // namespace
}  // namespace gridwarden::domain
