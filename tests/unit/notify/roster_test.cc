#include "domain/notice/roster.h"

#include <gtest/gtest.h>

#include "domain/notice/recipients.h"
#include "support/test_city.h"

namespace gridwarden::domain {
namespace {

using testing::City;

const absl::Time kDay = absl::FromCivil(absl::CivilDay(2026, 11, 22), absl::FixedTimeZone(8 * 3600));

Shift ShiftOf(const Uuid& person, int from_hour, int to_hour, DutyKind kind = DutyKind::kCentre) {
  return {.division = City().townships[0][0],
          .kind = kind,
          .person = person,
          .time = {kDay + absl::Hours(from_hour), kDay + absl::Hours(to_hour)}};
}

TEST(Roster, ShiftsThatTouchDoNotOverlap) {
  const Uuid person = Uuid::Make(kDay);
  EXPECT_FALSE(FindOverlap(std::vector{ShiftOf(person, 0, 8), ShiftOf(person, 8, 16)}));
}

TEST(Roster, FindsTheTwoThatOverlapWhateverTheirOrder) {
  const Uuid a = Uuid::Make(kDay), b = Uuid::Make(kDay);
  const auto found =
      FindOverlap(std::vector{ShiftOf(a, 16, 24), ShiftOf(b, 0, 24), ShiftOf(a, 0, 8), ShiftOf(a, 7, 9)});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (std::pair<size_t, size_t>(2, 3)));
}

TEST(Roster, NobodySitsAtTheCentreAndIsOutAtOnce) {
  const Uuid person = Uuid::Make(kDay);
  EXPECT_TRUE(FindOverlap(std::vector{ShiftOf(person, 0, 8), ShiftOf(person, 4, 6, DutyKind::kField)}));
}

TEST(Roster, TheSameShiftHasTheSameId) {
  const Uuid person = Uuid::Make(kDay);
  EXPECT_EQ(ShiftOf(person, 0, 8).Id(), ShiftOf(person, 0, 8).Id());
  EXPECT_NE(ShiftOf(person, 0, 8).Id(), ShiftOf(person, 0, 9).Id());
  EXPECT_NE(ShiftOf(person, 0, 8).Id(), ShiftOf(person, 0, 8, DutyKind::kField).Id());
}

TEST(Roster, OnlyWhoStandsThereMayBePlanned) {
  const Ground& ground = *City().ground;
  const Uuid here = City().PersonIn(PostKind::kGridOfficer, City().villages[0][0][0]);
  const Uuid elsewhere = City().PersonIn(PostKind::kGridOfficer, City().villages[0][1][0]);
  EXPECT_TRUE(MayStandFor(ground, ShiftOf(here, 0, 8)));
  EXPECT_FALSE(MayStandFor(ground, ShiftOf(elsewhere, 0, 8)));
  Shift of_post = ShiftOf(Uuid(), 0, 8);
  of_post.post = City().PostOf(PostKind::kCampaignOffice, City().townships[0][0]).id;
  EXPECT_TRUE(MayStandFor(ground, of_post));
  EXPECT_EQ(PersonOf(ground, of_post, kDay), City().PersonIn(of_post.post));
}

TEST(Recipients, AVacantDeskIsPassedOver) {
  const Uuid vacant = City().villages[0][0][3];
  const std::vector<Uuid> posts = NearestPosts(*City().ground, vacant, {PostKind::kPatrolOfficer}, kDay);
  for (const Uuid& post : posts) {
    EXPECT_NE(City().ground->FindPost(post)->division, vacant);
    EXPECT_FALSE(City().PersonIn(post).IsNil());
  }
}

TEST(Recipients, AreOfTheLevelsAskedFor) {
  const Uuid village = City().villages[0][0][0];
  const auto county = NearestPosts(*City().ground, village, {PostKind::kCampaignOffice}, kDay,
                                   Level::kProvince, Level::kCounty);
  ASSERT_EQ(county.size(), 1u);
  EXPECT_EQ(City().ground->FindPost(county[0])->division, City().counties[0]);
  EXPECT_EQ(GroupOf(*City().ground, village, kDay), City().counties[0]);
  EXPECT_EQ(GroupOf(*City().ground, City().city, kDay), City().city);
}

TEST(Recipients, OfAUnitAreItsPostsThatSomebodyHolds) {
  const auto posts = HeldPostsOf(*City().ground, City().bureaus[0], kDay);
  ASSERT_EQ(posts.size(), 1u);
  EXPECT_EQ(posts[0], City().HandlerOf(City().bureaus[0]).id);
}

}  // namespace
}  // namespace gridwarden::domain
