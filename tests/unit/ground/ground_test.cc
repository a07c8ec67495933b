#include "domain/ground/ground.h"

#include <cstdio>

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

// 老村 was called 古村 before day 10, gave part of its ground to 岔村 on day 20 and went on, was merged into
// 大村 on day 30, and was set up again out of it on day 40. 荒村 was given up on day 30.
class ChangedVillages : public ::testing::Test {
 protected:
  ChangedVillages()
      : ground_({Village("老村", {{Uuid(), {absl::InfinitePast(), Day(30)}}, {Uuid(), {Day(40), kOpen}}}),
                 Village("岔村", {{Uuid(), {Day(20), kOpen}}}), Village("大村", {}),
                 Village("荒村", {{Uuid(), {absl::InfinitePast(), Day(30)}}})},
                {}, {}, {}, {},
                {Link("老村", "岔村", LineageKind::kSplit, 0.4, 20),
                 Link("老村", "大村", LineageKind::kMerge, 0, 30),
                 Link("大村", "老村", LineageKind::kSplit, 0, 40),
                 Link("荒村", "", LineageKind::kAbolish, 0, 30)}) {}

  static constexpr absl::Time kOpen = absl::InfiniteFuture();
  static absl::Time Day(int day) { return kNow + absl::Hours(24) * day; }
  static Uuid Id(const std::string& name) {
    return name.empty() ? Uuid() : Uuid::Derive(*Uuid::Parse("018bcfe5-6800-7000-8000-000000000001"), name);
  }
  static Division Village(const std::string& name, std::vector<Placement> placements) {
    Division division;
    division.id = Id(name);
    division.display_name = name;
    division.placements = std::move(placements);
    if (name == "老村") division.former_names = {{"古村", {absl::InfinitePast(), Day(10)}}};
    return division;
  }
  static Lineage Link(const std::string& from, const std::string& to, LineageKind kind, double share,
                      int day) {
    Lineage link;
    link.id = Id(from + to);
    link.from = Id(from);
    link.to = Id(to);
    link.kind = kind;
    link.share = share;
    link.effective = link.recorded = Day(day);
    return link;
  }
  // "大村 1", "岔村 0.4 大村 0"
  std::string HoldersOf(const std::string& name, int at) const {
    std::string text;
    for (const Ground::Heir& heir : ground_.HoldersOf(Id(name), Day(at), kOpen)) {
      char share[16];
      std::snprintf(share, sizeof(share), "%g", heir.share);
      text += (text.empty() ? "" : " ") + heir.division->display_name + " " + share;
    }
    return text;
  }
  std::string Spelled(const std::string& spelling, int at) const {
    const std::vector<const Division*> found = ground_.DivisionsOnceSpelled(spelling, Day(at));
    return found.size() == 1 ? found[0]->display_name : std::to_string(found.size());
  }
  const Ground ground_;
};

TEST_F(ChangedVillages, GroundIsItsOwnersWhileHeExistsThenHisHeirs) {
  EXPECT_EQ(HoldersOf("老村", 5), "老村 1");
  EXPECT_EQ(HoldersOf("老村", 25), "老村 1") << "what it gave away is no longer its ground";
  EXPECT_EQ(HoldersOf("老村", 30), "大村 1") << "the only heir has it all";
  EXPECT_EQ(HoldersOf("老村", 45), "老村 1") << "set up again";
  EXPECT_EQ(HoldersOf("岔村", 19), "老村 1") << "whose ground it took over";
  EXPECT_EQ(HoldersOf("岔村", 20), "岔村 1");
  EXPECT_EQ(HoldersOf("荒村", 30), "") << "given up";
  EXPECT_EQ(HoldersOf("没有", 30), "");
}

TEST_F(ChangedVillages, WhatIsNotKnownYetHasNotHappened) {
  EXPECT_EQ(ground_.HoldersOf(Id("荒村"), Day(31), Day(29)).size(), 0u) << "its placement says when it ended";
  EXPECT_TRUE(ground_.HoldersOf(Id("老村"), Day(35), Day(29)).empty()) << "the link was not recorded yet";
  EXPECT_EQ(ground_.HoldersOf(Id("老村"), Day(35), Day(30)).size(), 1u);
}

TEST_F(ChangedVillages, ANameThatMeansNothingAnyMoreMeansWhatItMeantLast) {
  EXPECT_EQ(ground_.FindDivisionBySpelling("古村", Day(9))->id, Id("老村"));
  EXPECT_EQ(ground_.FindDivisionBySpelling("古村", Day(10)), nullptr);
  EXPECT_EQ(ground_.FindDivisionBySpelling("老村", Day(9)), nullptr);
  EXPECT_EQ(ground_.FindDivisionBySpelling("老村", Day(10))->id, Id("老村"));
  EXPECT_EQ(Spelled("古村", 50), "老村");
  EXPECT_EQ(Spelled("老村", 5), "老村") << "what it meant first afterwards";
  EXPECT_EQ(Spelled("荒村", 50), "荒村");
  EXPECT_EQ(Spelled("没有", 50), "0");
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
