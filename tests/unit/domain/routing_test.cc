#include "domain/workflow/routing.h"

#include "gtest/gtest.h"
#include "unit/domain/ground_builder.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using testing::At;
using testing::GroundBuilder;
using testing::IdOf;

// A county of Zhumadian with a township, a village and the bureau of housing under its old name.
std::unique_ptr<Ground> County() {
  GroundBuilder ground;
  ground.AddDivision("city", "", Level::kCity, "4117");
  ground.AddDivision("county", "city", Level::kCounty, "411728");
  ground.AddDivision("town", "county", Level::kTownship, "411728101");
  ground.AddDivision("village", "town", Level::kVillage, "411728101201");
  ground.AddDivision("other town", "county", Level::kTownship, "411728102");
  ground.AddUnit("遂平县住建局", "county");
  ground.AddUnitPost("bureau handler", "遂平县住建局", "zhang");
  ground.AddPost("officer", PostKind::kGridOfficer, "village", "li");
  ground.AddPost("town leader", PostKind::kGridLeader, "town", "");
  ground.AddPost("other officer", PostKind::kGridOfficer, "other town", "wang");
  ground.AddPost("county leader", PostKind::kGridLeader, "county", "zhao");
  return ground.Build();
}

const RoutingQuestion kSite = {"BUILDING_SITE", IdOf("village"), At("2026-05-04 10:00")};

TEST(Routing, TakesTheParticularItemBeforeTheGeneralAndCitesIt) {
  const auto ground = County();
  const auto routes = RoutesFor(testing::RealPolicy(), *ground, kSite, kSite.at);
  ASSERT_GE(routes.size(), 3u);
  EXPECT_TRUE(routes.front().item->id.starts_with("D-4117-BUILDING_SITE"));
  EXPECT_NE(routes.front().item->source.find("驻政办〔2017〕24号"), std::string::npos);
  ASSERT_EQ(routes.front().leads.size(), 1u);
  EXPECT_TRUE(routes.front().leads[0].is_unit);
  EXPECT_EQ(routes.front().leads[0].id, IdOf("遂平县住建局"));  // 住建局 and 住房和城乡建设局 are one body
  EXPECT_TRUE(routes.front().leads[0].held);
}

TEST(Routing, NamesTheGridNearestFirstAndTellsWhichPostIsVacant) {
  const auto ground = County();
  for (const Route& route : RoutesFor(testing::RealPolicy(), *ground, kSite, kSite.at)) {
    if (route.item->id != "D-GRID") continue;
    ASSERT_EQ(route.leads.size(), 2u);
    EXPECT_EQ(route.leads[0].id, IdOf("officer"));
    EXPECT_TRUE(route.leads[0].held);
    EXPECT_EQ(route.leads[1].id, IdOf("town leader"));
    EXPECT_FALSE(route.leads[1].held);
    return;
  }
  FAIL() << "no route through the grid";
}

TEST(Routing, KnowsWhoIsOnTheListAndWhoIsNot) {
  const auto ground = County();
  const Policy& policy = testing::RealPolicy();
  const auto item = [&](const char* handler, bool unit) {
    const DutyItem* found = ItemOfLead(policy, *ground, kSite, IdOf(handler), unit);
    return found == nullptr ? std::string("none") : found->id;
  };
  EXPECT_EQ(item("officer", false), "D-GRID");
  EXPECT_EQ(item("遂平县住建局", true), "D-4117-BUILDING_SITE-R");
  EXPECT_EQ(item("bureau handler", false), "D-4117-BUILDING_SITE-R");  // acts for its unit
  EXPECT_EQ(item("other officer", false), "none");                     // another township's grid
  EXPECT_EQ(item("county leader", false), "none");                     // leads a county, not the grid
  EXPECT_EQ(item("nobody", false), "none");
}

TEST(Routing, DoesNotUseACitysItemsElsewhereOrBeforeTheyHeld) {
  const auto ground = County();
  for (const DutyItem* item : ItemsFor(testing::RealPolicy(), *ground, kSite)) {
    EXPECT_FALSE(item->id.starts_with("D-4111")) << item->id;
  }
  RoutingQuestion early = kSite;
  early.at = At("2016-05-04 10:00");
  EXPECT_TRUE(ItemsFor(testing::RealPolicy(), *ground, early).empty());
}

TEST(Routing, GivesNobodyADutyThatWasTakenBack) {
  const auto ground = County();
  Policy policy = testing::RealPolicy();
  auto list = std::make_shared<DutyList>(*policy.duty_list);
  list->items.push_back({.id = "D-BACK",
                         .zh = "工地执法上收至县级",
                         .kind = DutyItem::Kind::kTakenBack,
                         .categories = {"BUILDING_SITE"},
                         .lead = {.posts = {PostKind::kGridOfficer}, .levels = {Level::kVillage}},
                         .valid_from = "2024-06-01",
                         .valid_to = "2026-06-01"});
  policy.duty_list = list;
  EXPECT_EQ(ItemOfLead(policy, *ground, kSite, IdOf("officer"), false), nullptr);
  EXPECT_NE(ItemOfLead(policy, *ground, kSite, IdOf("遂平县住建局"), true), nullptr);
  RoutingQuestion later = kSite;
  later.at = At("2026-06-01 00:00");  // the first day it no longer holds
  EXPECT_NE(ItemOfLead(policy, *ground, later, IdOf("officer"), false), nullptr);
  EXPECT_FALSE(LeadsBy(policy, *ground, kSite, "D-BACK", IdOf("officer"), false));
}

}  // namespace
}  // namespace gridwarden::domain
