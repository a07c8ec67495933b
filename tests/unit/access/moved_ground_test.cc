#include <map>

#include "access/ground_records.h"
#include "access/permission.h"
#include "access/standing.h"
#include "base/status.h"
#include "gtest/gtest.h"

// Permission and lists on ground that changed: a township that moved to another county, two villages that
// became one, and one that was divided between two townships.
namespace gridwarden::access {
namespace {

using domain::Level;
using domain::PostKind;

const absl::Time kReform = absl::FromUnixSeconds(1750000000);
const absl::Time kBefore = kReform - absl::Hours(24 * 30);
const absl::Time kNow = kReform + absl::Hours(24 * 30);
constexpr std::string_view kAct = "gridwarden.casework.v1.CaseworkService/FileCase";
constexpr std::string_view kList = "gridwarden.casework.v1.CaseworkService/ListCases";

Uuid Id(std::string_view name) {
  return Uuid::Derive(*Uuid::Parse("018bcfe5-6800-7000-8000-000000000001"), name);
}

// 城 has 甲 and 乙. 东镇 moved from 甲 to 乙. 一村 and 二村 of 西镇 became 新村. 三村 of 西镇 was divided
// between 新村 and 四村 of 南镇. 五村 of 西镇 was given up.
class MovedGround : public ::testing::Test {
 protected:
  MovedGround() {
    Add("城", Level::kCity, "");
    Add("甲", Level::kCounty, "城");
    Add("乙", Level::kCounty, "城");
    Add("东镇", Level::kTownship, "乙", {{"甲", {absl::InfinitePast(), kReform}}, {"乙", {kReform, kOpen}}});
    Add("东村", Level::kVillage, "东镇");
    Add("西镇", Level::kTownship, "甲");
    Add("南镇", Level::kTownship, "甲");
    for (const char* ended : {"一村", "二村", "三村", "五村"})
      Add(ended, Level::kVillage, "西镇", {{"西镇", {absl::InfinitePast(), kReform}}});
    Add("新村", Level::kVillage, "西镇", {{"西镇", {kReform, kOpen}}});
    Add("四村", Level::kVillage, "南镇");
    divisions_["一村"].codes = {{"990102001201", {absl::InfinitePast(), kReform}}};
    divisions_["新村"].codes = {{"990102001201", {kReform, kOpen}}};
    Pass("一村", "新村", domain::LineageKind::kMerge, 1);
    Pass("二村", "新村", domain::LineageKind::kMerge, 1);
    Pass("三村", "新村", domain::LineageKind::kSplit, 0.7);
    Pass("三村", "四村", domain::LineageKind::kSplit, 0.3);
    Pass("五村", "", domain::LineageKind::kAbolish, 0);
    Pass("东镇", "东镇", domain::LineageKind::kMove, 0);
    std::vector<domain::Division> divisions;
    for (const auto& [name, division] : divisions_) divisions.push_back(division);
    ground_ = std::make_unique<domain::Ground>(divisions, posts_, tenures_, std::vector<domain::Person>(),
                                               std::vector<domain::Unit>(), lineages_);
  }

  static constexpr absl::Time kOpen = absl::InfiniteFuture();

  void Add(const std::string& name, Level level, const std::string& parent,
           const std::vector<std::pair<std::string, domain::Interval>>& stood = {}) {
    domain::Division division;
    division.id = Id(name);
    division.display_name = name;
    division.level = level;
    if (!parent.empty()) division.parent = Id(parent);
    for (const auto& [under, valid] : stood) division.placements.push_back({Id(under), valid});
    if (!stood.empty()) division.valid = {stood.front().second.from, stood.back().second.to};
    divisions_[name] = division;
    domain::Post post;
    post.id = Id(name + " desk");
    post.kind = PostKind::kCampaignOffice;
    post.division = division.id;
    posts_.push_back(post);
    domain::Tenure tenure;
    tenure.id = Id(name + " tenure");
    tenure.post = post.id;
    tenure.person = Id(name + " person");
    tenures_.push_back(tenure);
  }

  void Pass(const std::string& from, const std::string& to, domain::LineageKind kind, double share) {
    domain::Lineage lineage;
    lineage.id = Id(from + " to " + to);
    lineage.from = Id(from);
    if (!to.empty()) lineage.to = Id(to);
    lineage.kind = kind;
    lineage.share = share;
    lineage.effective = lineage.recorded = kReform;
    lineages_.push_back(lineage);
  }

  rpc::Call CallFrom(const std::string& place, std::string_view method, absl::Time now = kNow) const {
    rpc::Call call;
    call.method = std::string(method);
    call.now = now;
    call.principal.account = Id(place + " account");
    call.principal.person = Id(place + " person");
    return call;
  }
  bool MayAct(const std::string& place, const std::string& on, absl::Time now = kNow) const {
    return AllowAt(*ground_, CallFrom(place, kAct, now), Id(on)).ok();
  }
  // A row of `division` that was recorded before the reform.
  std::string OldPath(const std::string& division) const {
    return ground_->PathKeyAt(Id(division), kBefore, absl::InfiniteFuture());
  }
  bool Lists(const std::string& place, const std::string& path) const {
    for (const std::string& key : ScopeOf(*ground_, CallFrom(place, kList))) {
      if (path.starts_with(key)) return true;
    }
    return false;
  }

  std::map<std::string, domain::Division> divisions_;
  std::vector<domain::Post> posts_;
  std::vector<domain::Tenure> tenures_;
  std::vector<domain::Lineage> lineages_;
  std::unique_ptr<domain::Ground> ground_;
};

TEST_F(MovedGround, TheNewChainActsOnAMergedVillagesCasesAndItsOldDeskDoesNot) {
  EXPECT_TRUE(MayAct("新村", "一村"));
  EXPECT_TRUE(MayAct("西镇", "二村"));
  EXPECT_TRUE(MayAct("甲", "一村"));
  EXPECT_FALSE(MayAct("四村", "一村"));
  EXPECT_FALSE(MayAct("一村", "一村")) << "a post lasts no longer than its division";
  EXPECT_TRUE(MayAct("一村", "一村", kBefore));
  EXPECT_FALSE(MayAct("新村", "一村", kBefore)) << "it did not exist yet";
}

TEST_F(MovedGround, BothHeirsOfADividedVillageAct) {
  for (const char* place : {"新村", "四村", "西镇", "南镇", "甲", "城"})
    EXPECT_TRUE(MayAct(place, "三村")) << place;
  EXPECT_FALSE(MayAct("乙", "三村"));
}

TEST_F(MovedGround, GroundThatWasGivenUpFallsToThoseAboveWhereItStood) {
  EXPECT_TRUE(MayAct("西镇", "五村"));
  EXPECT_TRUE(MayAct("城", "五村"));
  EXPECT_FALSE(MayAct("南镇", "五村"));
}

TEST_F(MovedGround, AMovedTownshipIsTheNewCountysToActOnAndTheOldOnesToLookBackOn) {
  EXPECT_TRUE(MayAct("乙", "东村"));
  EXPECT_FALSE(MayAct("甲", "东村"));
  EXPECT_TRUE(MayAct("甲", "东村", kBefore));
  EXPECT_FALSE(MayAct("乙", "东村", kBefore));
  const std::string now = ground_->PathKeyAt(Id("东村"), kNow, absl::InfiniteFuture());
  for (const char* place : {"东村", "东镇", "乙", "城"}) {
    EXPECT_TRUE(Lists(place, OldPath("东村"))) << place;
    EXPECT_TRUE(Lists(place, now)) << place;
  }
  EXPECT_TRUE(Lists("甲", OldPath("东村"))) << "what counts in its own board";
  EXPECT_FALSE(Lists("甲", now));
  // The same for one row.
  EXPECT_TRUE(AllowToSee(*ground_, CallFrom("甲", kList), Id("东村"), OldPath("东村")).ok());
  EXPECT_FALSE(AllowToSee(*ground_, CallFrom("甲", kList), Id("东村"), now).ok());
}

TEST_F(MovedGround, WhoAnswersForGroundSeesItsHistoryInAFewRanges) {
  for (const char* ended : {"一村", "二村", "三村"}) EXPECT_TRUE(Lists("新村", OldPath(ended))) << ended;
  EXPECT_TRUE(Lists("四村", OldPath("三村")));
  EXPECT_FALSE(Lists("四村", OldPath("一村")));
  EXPECT_TRUE(Lists("南镇", OldPath("三村")));
  EXPECT_FALSE(Lists("南镇", OldPath("一村")));
  EXPECT_EQ(ScopeOf(*ground_, CallFrom("城", kList)).size(), 1u);
  EXPECT_EQ(ScopeOf(*ground_, CallFrom("乙", kList)).size(), 2u);
  EXPECT_EQ(ScopeOf(*ground_, CallFrom("甲", kList)).size(), 1u);
  EXPECT_EQ(ScopeOf(*ground_, CallFrom("新村", kList)).size(), 4u);
  EXPECT_EQ(ScopeOf(*ground_, CallFrom("南镇", kList)).size(), 2u);
}

TEST_F(MovedGround, TheWorkOfAVillagesDeskPassesToTheSameDeskOfItsHeirs) {
  constexpr std::string_view kAccept = "gridwarden.casework.v1.CaseworkService/AcceptCase";
  const auto may_take = [&](const std::string& place, const std::string& desk, absl::Time now) {
    return AllowAssigned(*ground_, CallFrom(place, kAccept, now), Id(desk + " desk")).ok();
  };
  EXPECT_TRUE(may_take("一村", "一村", kBefore));
  EXPECT_FALSE(may_take("新村", "一村", kBefore));
  EXPECT_FALSE(may_take("一村", "一村", kNow));
  EXPECT_TRUE(may_take("新村", "一村", kNow));
  EXPECT_TRUE(may_take("四村", "三村", kNow));
  EXPECT_FALSE(may_take("四村", "一村", kNow));
  EXPECT_FALSE(may_take("西镇", "一村", kNow)) << "above is not the same desk";
  EXPECT_FALSE(may_take("新村", "四村", kNow)) << "that one still exists";
  std::vector<Uuid> want = {Id("新村 desk"), Id("一村 desk"), Id("二村 desk"), Id("三村 desk")};
  std::sort(want.begin(), want.end());
  EXPECT_EQ(AssigneesOf(*ground_, CallFrom("新村", kAccept)), want);
}

TEST_F(MovedGround, AListOfADivisionHasWhatItHadAndWhatItTookOver) {
  const rpc::Call call = CallFrom("城", kList);
  const auto scope_of = [&](std::string_view spelling) {
    const auto keys = PathKeysOf(*ground_, spelling, kNow, "division");
    return keys.ok() ? *ListScope(*ground_, call, *keys) : std::vector<std::string>();
  };
  EXPECT_EQ(scope_of("").size(), 1u);
  EXPECT_EQ(scope_of("新村").size(), 4u);
  EXPECT_EQ(scope_of("一村"), std::vector<std::string>{OldPath("一村")}) << "one that ended, by its name";
  // Nobody widens his scope by a filter.
  const auto keys = PathKeysOf(*ground_, "新村", kNow, "division");
  EXPECT_EQ(*ListScope(*ground_, CallFrom("南镇", kList), *keys), std::vector<std::string>{OldPath("三村")});
  EXPECT_FALSE(ListScope(*ground_, CallFrom("乙", kList), *keys).ok());
}

TEST_F(MovedGround, NewRowsStandOnWhoeverHeldTheGroundAtTheEvent) {
  const auto standing = [&](std::string_view spelling, absl::Time at) {
    return StandingOf(*ground_, spelling, at, "signal.division");
  };
  EXPECT_EQ(standing("一村", kBefore)->division, Id("一村"));
  EXPECT_EQ(standing("一村", kBefore)->ground_path, OldPath("一村"));
  EXPECT_EQ(standing("一村", kNow)->division, Id("新村")) << "its name, after it was merged";
  EXPECT_EQ(standing(Id("二村").ToString(), kNow)->division, Id("新村")) << "its id";
  // One code, two villages on two days.
  EXPECT_EQ(standing("990102001201", kBefore)->division, Id("一村"));
  EXPECT_EQ(standing("990102001201", kNow)->division, Id("新村"));
  // The path is that of the event.
  EXPECT_EQ(standing("东村", kBefore)->ground_path, OldPath("东村"));
  EXPECT_NE(standing("东村", kNow)->ground_path, OldPath("东村"));
  EXPECT_EQ(standing("东村", kNow)->city, Id("城"));
  EXPECT_EQ(standing("甲/东镇/东村", kNow)->division, Id("东村")) << "the path it had";
}

TEST_F(MovedGround, WhatCouldBeSeveralIsRefusedWithTheirNames) {
  const absl::Status divided = StandingOf(*ground_, "三村", kNow, "signal.division").status();
  EXPECT_EQ(ReasonOf(divided), "DIVISION_ENDED");
  EXPECT_NE(std::string(divided.message()).find("新村"), std::string::npos) << divided;
  EXPECT_NE(std::string(divided.message()).find("四村"), std::string::npos) << divided;
  const absl::Status given_up = StandingOf(*ground_, "五村", kNow, "signal.division").status();
  EXPECT_EQ(ReasonOf(given_up), "DIVISION_ENDED");
  EXPECT_NE(std::string(given_up.message()).find("西镇"), std::string::npos) << given_up;
  // 新村 came out of three.
  const absl::Status early = StandingOf(*ground_, Id("新村").ToString(), kBefore, "signal.division").status();
  EXPECT_EQ(ReasonOf(early), "DIVISION_NOT_YET");
  EXPECT_NE(std::string(early.message()).find("二村"), std::string::npos) << early;
  EXPECT_EQ(ReasonOf(StandingOf(*ground_, "六村", kNow, "signal.division").status()),
            "DIVISION_CODE_UNKNOWN");
  // What cannot be asked back goes to the larger part.
  EXPECT_EQ(LikeliestAt(*ground_, *ground_->FindDivision(Id("三村")), kNow).id, Id("新村"));
}

TEST_F(MovedGround, ADivisionWhoseSettingUpWasWithdrawnOrNotKnownYetIsNoPlace) {
  // As known before the reform there was no 新村, although it already was one.
  const domain::Division& fresh = *ground_->FindDivision(Id("新村"));
  domain::Division known_later = fresh;
  known_later.placements[0].recorded = kReform + absl::Hours(24);
  domain::Division withdrawn = fresh;
  withdrawn.id = Id("误设村");
  withdrawn.display_name = "误设村";
  withdrawn.placements[0].revoked = kReform + absl::Hours(24);
  std::vector<domain::Division> divisions;
  for (const domain::Division& division : ground_->divisions())
    divisions.push_back(division.id == fresh.id ? known_later : division);
  divisions.push_back(withdrawn);
  const domain::Ground ground(divisions, {}, {}, {}, {}, lineages_);
  const absl::Time at = kReform + absl::Hours(2);
  const auto unknown = DivisionAt(ground, known_later, at, "division", kReform - absl::Hours(1));
  EXPECT_EQ(ReasonOf(unknown.status()), "DIVISION_ENDED");
  EXPECT_NE(std::string(unknown.status().message()).find("一村"), std::string::npos) << unknown.status();
  EXPECT_TRUE(DivisionAt(ground, known_later, at, "division").ok());
  const auto never = DivisionAt(ground, withdrawn, kNow, "division");
  EXPECT_EQ(ReasonOf(never.status()), "DIVISION_ENDED");
  EXPECT_NE(std::string(never.status().message()).find("西镇"), std::string::npos) << never.status();
  // What was recorded on it meanwhile is not stuck.
  EXPECT_TRUE(ground.AnswersFor(Id("西镇"), withdrawn.id, kNow));
}

TEST_F(MovedGround, ATimeBeforeTheFirstListIsJudgedByTheFirstList) {
  domain::Division only = divisions_["甲"];
  only.parent = Uuid();
  only.valid.from = kReform;
  const domain::Ground ground({only}, {}, {}, {}, {});
  const auto standing = StandingOf(ground, only.id.ToString(), kBefore, "signal.division");
  ASSERT_TRUE(standing.ok()) << standing.status();
  EXPECT_EQ(standing->ground_path, only.id.Bytes());
}

// What crosses the wire is what was recorded.
TEST(GroundRecords, PlacementsFormerNamesAndLineagesArrive) {
  grid::v1::GetGroundResponse changes;
  const Uuid village = Id("village"), old_parent = Id("old"), parent = Id("new");
  for (const Uuid& id : {old_parent, parent})
    changes.add_divisions()->set_name(ResourceName("divisions", id));
  grid::v1::Division& division = *changes.add_divisions();
  division.set_name(ResourceName("divisions", village));
  division.set_parent(ResourceName("divisions", parent));
  division.set_display_name("新名");
  const auto seconds = [](absl::Time t) { return absl::ToUnixSeconds(t); };
  for (const bool first : {true, false}) {
    grid::v1::Division::Placement& placement = *division.add_placements();
    placement.set_parent(ResourceName("divisions", first ? old_parent : parent));
    (first ? placement.mutable_valid_to() : placement.mutable_valid_from())->set_seconds(seconds(kReform));
    placement.mutable_recorded_time()->set_seconds(seconds(kReform));
  }
  grid::v1::Division::Placement& wrong = *division.add_placements();
  wrong.set_parent(ResourceName("divisions", old_parent));
  wrong.mutable_revoked_time()->set_seconds(seconds(kReform));
  grid::v1::Division::FormerName& former = *division.add_former_names();
  former.set_display_name("旧名");
  former.mutable_valid_to()->set_seconds(seconds(kReform));
  grid::v1::Lineage& lineage = *changes.add_lineages();
  lineage.set_name(ResourceName("lineages", Id("lineage")));
  lineage.set_from(ResourceName("divisions", village));
  lineage.set_to(ResourceName("divisions", village));
  lineage.set_kind(grid::v1::Lineage::RENAME);
  lineage.set_document_no("民发〔2025〕1号");
  lineage.mutable_effective_time()->set_seconds(seconds(kReform));
  changes.set_revision(7);

  GroundRecords records;
  ASSERT_TRUE(records.Apply(changes).ok());
  const std::shared_ptr<const domain::Ground> ground = records.Build();
  const auto path = [&](absl::Time at, absl::Time known) { return ground->PathKeyAt(village, at, known); };
  EXPECT_EQ(path(kBefore, kNow), old_parent.Bytes() + village.Bytes());
  EXPECT_EQ(path(kNow, kNow), parent.Bytes() + village.Bytes());
  EXPECT_EQ(path(kNow, kBefore), old_parent.Bytes() + village.Bytes()) << "as known before the reform";
  EXPECT_EQ(domain::NameAt(*ground->FindDivision(village), kBefore), "旧名");
  EXPECT_EQ(ground->FindDivisionBySpelling("旧名", kBefore), ground->FindDivision(village));
  EXPECT_EQ(ground->FindDivisionBySpelling("新名", kBefore), nullptr);
  ASSERT_EQ(ground->LineagesFrom(village).size(), 1u);
  EXPECT_EQ(ground->LineagesFrom(village)[0]->document_no, "民发〔2025〕1号");
}

}  // namespace
}  // namespace gridwarden::access
