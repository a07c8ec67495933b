#include "domain/ground/ground.h"

#include "gtest/gtest.h"
#include "support/test_city.h"

namespace gridwarden::domain {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1790000000);

const Ground& G() { return *testing::City().ground; }

TEST(Ground, FindsADivisionByEverySpelling) {
  const testing::TestCity& city = testing::City();
  const Uuid village = city.villages[0][1][2];
  const Division* want = G().FindDivision(village);
  ASSERT_NE(want, nullptr);
  for (const std::string& spelling :
       {ResourceName("divisions", village), village.ToString(), std::string("divisions/code:990102002202"),
        std::string("code:990102002202@2026-01-01"), std::string("990102002202"),
        std::string("divisions/path:测试市/甲县/柳林镇/大槐树村"), std::string("甲县/柳林镇/大槐树村")}) {
    EXPECT_EQ(G().FindDivisionBySpelling(spelling, kNow), want) << spelling;
  }
}

TEST(Ground, TakesThePaddingOffACode) {
  const testing::TestCity& city = testing::City();
  EXPECT_EQ(G().FindDivisionBySpelling("990102000000", kNow), G().FindDivision(city.counties[0]));
  EXPECT_EQ(G().FindDivisionBySpelling("990100000000", kNow), G().FindDivision(city.city));
  EXPECT_EQ(G().FindDivisionBySpelling("990100", kNow), G().FindDivision(city.city));
  EXPECT_EQ(G().FindDivisionBySpelling("990102001000", kNow), G().FindDivision(city.townships[0][0]));
}

TEST(Ground, AnAmbiguousNameIsNoDivisionButSaysWhich) {
  EXPECT_EQ(G().FindDivisionBySpelling("柳林镇", kNow), nullptr);
  EXPECT_EQ(G().DivisionsBySpelling("柳林镇", kNow).size(), 2u);
  EXPECT_NE(G().FindDivisionBySpelling("乙区/柳林镇", kNow), nullptr);
}

TEST(Ground, RubbishIsNoDivision) {
  for (const char* spelling : {"", "/", "divisions/", "divisions/code:", "code:990102@yesterday",
                               "没有这个地方", "99010", "0", "divisions/not-an-id", "测试市/柳林镇"}) {
    EXPECT_EQ(G().FindDivisionBySpelling(spelling, kNow), nullptr) << spelling;
  }
}

TEST(Ground, ACodeMeansWhatItMeantThatDay) {
  const absl::Time change = absl::FromCivil(absl::CivilDay(2023, 1, 1), absl::FixedTimeZone(8 * 3600));
  Division merged, successor;
  merged.id = Uuid::Derive(*Uuid::Parse("018bcfe5-6800-7000-8000-000000000001"), "a");
  merged.display_name = "郭楼镇";
  merged.codes = {{"411723107", {absl::InfinitePast(), change}}};
  merged.valid = {absl::InfinitePast(), change};
  successor.id = Uuid::Derive(merged.id, "b");
  successor.display_name = "郭楼街道";
  successor.codes = {{"411723107", {change, absl::InfiniteFuture()}}};
  successor.valid = {change, absl::InfiniteFuture()};
  const Ground ground({merged, successor}, {}, {}, {}, {});
  EXPECT_EQ(ground.FindDivisionBySpelling("411723107", change - absl::Seconds(1))->id, merged.id);
  EXPECT_EQ(ground.FindDivisionBySpelling("411723107", change)->id, successor.id);
  EXPECT_EQ(ground.FindDivisionBySpelling("divisions/code:411723107@2022-12-31", kNow)->id, merged.id);
}

TEST(Ground, CanonicalCodesLoseOnlyPadding) {
  EXPECT_EQ(CanonicalCode("411700000000", Level::kCity), "4117");
  EXPECT_EQ(CanonicalCode("410000000000", Level::kProvince), "41");
  EXPECT_EQ(CanonicalCode("411726000000", Level::kCounty), "411726");
  EXPECT_EQ(CanonicalCode("411726105000", Level::kTownship), "411726105");
  EXPECT_EQ(CanonicalCode("411726105201", Level::kVillage), "411726105201");
  EXPECT_EQ(CanonicalCode("411726105201", Level::kTownship), "411726105201") << "not padding";
  EXPECT_EQ(CanonicalCode("4117", Level::kCounty), "4117");
}

TEST(Ground, ASubtreeIsARangeOfPathKeys) {
  const testing::TestCity& city = testing::City();
  const std::string county = G().PathKey(city.counties[0]);
  EXPECT_EQ(county.size(), 32u);
  EXPECT_EQ(G().PathKey(city.villages[0][2][3]).substr(0, 32), county);
  EXPECT_NE(G().PathKey(city.villages[1][2][3]).substr(0, 32), county);
  EXPECT_TRUE(G().IsWithin(city.villages[0][2][3], city.counties[0]));
  EXPECT_TRUE(G().IsWithin(city.counties[0], city.counties[0]));
  EXPECT_FALSE(G().IsWithin(city.counties[0], city.villages[0][2][3]));
  EXPECT_FALSE(G().IsWithin(Uuid(), city.city));
}

TEST(Ground, AParentThatPointsInACircleEndsTheWalk) {
  Division a, b;
  a.id = Uuid::Derive(*Uuid::Parse("018bcfe5-6800-7000-8000-000000000001"), "a");
  b.id = Uuid::Derive(a.id, "b");
  a.parent = b.id;
  b.parent = a.id;
  const Ground ground({a, b}, {}, {}, {}, {});
  EXPECT_LE(ground.AncestorsOf(a.id).size(), 10u);
  EXPECT_FALSE(ground.IsWithin(a.id, Uuid::Derive(a.id, "c")));
}

TEST(Ground, NamesOfEnumsGoThereAndBack) {
  for (int i = 1; i <= 6; ++i) EXPECT_EQ(ParseLevel(NameOf(static_cast<Level>(i))), static_cast<Level>(i));
  for (int i = 1; i <= 13; ++i)
    EXPECT_EQ(ParsePostKind(NameOf(static_cast<PostKind>(i))), static_cast<PostKind>(i));
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(ParseRegime(NameOf(static_cast<Regime>(i))), static_cast<Regime>(i));
  EXPECT_EQ(ParseLevel("LEVEL_UNSPECIFIED"), std::nullopt);
  EXPECT_EQ(ParsePostKind("网格长"), std::nullopt);
  EXPECT_EQ(NameOf(static_cast<Level>(99)), "LEVEL_UNSPECIFIED");
}

TEST(TestCity, HasTheVacancyAndTheActingTenureItPromises) {
  const testing::TestCity& city = testing::City();
  EXPECT_TRUE(city.PersonIn(PostKind::kPatrolOfficer, city.villages[0][0][3]).IsNil());
  const Post& leader = city.PostOf(PostKind::kGridLeader, city.townships[0][1]);
  EXPECT_EQ(G().HolderOf(leader.id, kNow, absl::InfiniteFuture())->kind, TenureKind::kActing);
  EXPECT_EQ(G().HolderOf(leader.id, absl::FromUnixSeconds(1700000000), absl::InfiniteFuture())->kind,
            TenureKind::kFormal);
  EXPECT_EQ(G().divisions().size(), 1u + 2 + 6 + 24);
}

}  // namespace
}  // namespace gridwarden::domain
