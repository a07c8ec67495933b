#include "domain/escalation/recipients.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "unit/domain/ground_builder.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using ::testing::ElementsAre;
using testing::GroundBuilder;
using testing::IdOf;
using ::testing::IsEmpty;

const absl::Time kNow = testing::At("2026-11-23 10:00");

// A county with one township and one village; a test says which posts there are and who holds them.
GroundBuilder County() {
  GroundBuilder build;
  build.AddDivision("市", "", Level::kCity);
  build.AddDivision("县", "市", Level::kCounty);
  build.AddDivision("镇", "县", Level::kTownship);
  build.AddDivision("村", "镇", Level::kVillage);
  return build;
}

const Recipients kLeaderFromVillage{.kinds = {PostKind::kGridLeader}, .from = Level::kVillage};

Resolved Resolve(const Ground& ground, const std::vector<Recipients>& recipients, Desk desk = {}) {
  return ResolveRecipients(ground, {.division = IdOf("村"), .desk = std::move(desk)}, recipients, kNow);
}

std::vector<Uuid> PostsOf(const Resolved& resolved) {
  std::vector<Uuid> posts;
  for (const Told& told : resolved.told) posts.push_back(told.post);
  return posts;
}

TEST(Recipients, AreTheNearestHoldersOfToday) {
  GroundBuilder build = County();
  build.AddPost("村长", PostKind::kGridLeader, "村", "");
  build.Hold("村长", "前任", {absl::InfinitePast(), kNow - absl::Hours(1)});
  build.Hold("村长", "现任", {kNow - absl::Hours(1)});
  build.AddPost("镇长", PostKind::kGridLeader, "镇", "镇上的人");
  const Resolved resolved = Resolve(*build.Build(), {kLeaderFromVillage});
  ASSERT_EQ(resolved.told.size(), 1u);
  EXPECT_EQ(resolved.told[0].person, IdOf("现任"));
  EXPECT_THAT(resolved.vacant, IsEmpty());
}

TEST(Recipients, AVacantPostPassesToTheNextLevelAndIsReported) {
  GroundBuilder build = County();
  build.AddPost("村长", PostKind::kGridLeader, "村", "");
  build.AddPost("镇长", PostKind::kGridLeader, "镇", "镇上的人");
  const Resolved resolved = Resolve(*build.Build(), {kLeaderFromVillage});
  ASSERT_THAT(PostsOf(resolved), ElementsAre(IdOf("镇长")));
  EXPECT_EQ(resolved.told[0].instead_of, IdOf("村长"));
  EXPECT_THAT(resolved.vacant, ElementsAre(IdOf("村长")));
}

TEST(Recipients, TwoVacantLevelsAreBothReported) {
  GroundBuilder build = County();
  build.AddPost("村长", PostKind::kGridLeader, "村", "");
  build.AddPost("镇长", PostKind::kGridLeader, "镇", "");
  build.AddPost("县长", PostKind::kGridLeader, "县", "县里的人");
  const Resolved resolved = Resolve(*build.Build(), {kLeaderFromVillage});
  EXPECT_THAT(PostsOf(resolved), ElementsAre(IdOf("县长")));
  EXPECT_THAT(resolved.vacant, ElementsAre(IdOf("村长"), IdOf("镇长")));
}

TEST(Recipients, AVacantOfficerPassesToTheLeaderBesideHim) {
  GroundBuilder build = County();
  build.AddPost("村员", PostKind::kGridOfficer, "村", "");
  build.AddPost("村长", PostKind::kGridLeader, "村", "村里的人");
  const Resolved resolved =
      Resolve(*build.Build(), {{.kinds = {PostKind::kGridOfficer}, .from = Level::kVillage}});
  ASSERT_THAT(PostsOf(resolved), ElementsAre(IdOf("村长")));
  EXPECT_EQ(resolved.told[0].instead_of, IdOf("村员"));
}

TEST(Recipients, ALevelWithoutSuchAPostIsNotedAsSkippedAndIsNoVacancy) {
  GroundBuilder build = County();
  build.AddPost("村员", PostKind::kGridOfficer, "村", "村里的人");
  build.AddPost("镇长", PostKind::kGridLeader, "镇", "镇上的人");
  const Resolved resolved = Resolve(*build.Build(), {kLeaderFromVillage});
  EXPECT_THAT(PostsOf(resolved), ElementsAre(IdOf("镇长")));
  EXPECT_THAT(resolved.vacant, IsEmpty());
  EXPECT_THAT(resolved.skipped, ElementsAre(Level::kVillage));
}

TEST(Recipients, NobodyIsToldTwice) {
  GroundBuilder build = County();
  build.AddPost("村长", PostKind::kGridLeader, "村", "");
  build.AddPost("镇长", PostKind::kGridLeader, "镇", "镇上的人");
  const Resolved resolved = Resolve(
      *build.Build(), {kLeaderFromVillage, {.kinds = {PostKind::kGridLeader}, .from = Level::kTownship}});
  EXPECT_THAT(PostsOf(resolved), ElementsAre(IdOf("镇长")));
}

TEST(Recipients, AVacantHandlerPassesToTheLeaderOfHisGround) {
  GroundBuilder build = County();
  build.AddPost("村员", PostKind::kGridOfficer, "村", "");
  build.AddPost("村长", PostKind::kGridLeader, "村", "村里的人");
  const Resolved resolved = Resolve(*build.Build(), {{.responsible = true}}, {.posts = {IdOf("村员")}});
  ASSERT_THAT(PostsOf(resolved), ElementsAre(IdOf("村长")));
  EXPECT_EQ(resolved.told[0].instead_of, IdOf("村员"));
  EXPECT_THAT(resolved.vacant, ElementsAre(IdOf("村员")));
}

TEST(Recipients, AUnitIsToldByEveryPostThatIsHeld) {
  GroundBuilder build = County();
  build.AddUnit("局", "县");
  build.AddUnitPost("局一", "局", "甲");
  build.AddUnitPost("局二", "局", "乙");
  const Resolved resolved = Resolve(*build.Build(), {{.responsible = true}}, {.unit = IdOf("局")});
  EXPECT_EQ(resolved.told.size(), 2u);
}

TEST(Recipients, AnEmptyChainTellsNobodyAndDoesNotFail) {
  const Resolved resolved = Resolve(*County().Build(), {kLeaderFromVillage});
  EXPECT_THAT(resolved.told, IsEmpty());
  EXPECT_EQ(resolved.skipped.size(), 4u);
}

}  // namespace
}  // namespace gridwarden::domain
