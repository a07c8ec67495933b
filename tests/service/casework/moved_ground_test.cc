#include <gtest/gtest.h>

#include "casework/timestamps.h"
#include "service/casework/casework_world.h"

// Cases on ground that changes under them: a village that is merged, one that is divided, a township that
// goes to another county, a code that is used again (ReorganisedCity).
namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::Signal;
using casework::v1::SubmitCheckRequest;
using casework::v1::SubmitRecheckRequest;
using domain::PostKind;

class MovedGround : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  void TearDown() override { world.Reset(); }
  CaseworkWorld& world = World();

  // All stories below play in this village from now on.
  void GoTo(int county, int township, int village) {
    world.county = City().counties[county];
    world.township = City().townships[county][township];
    world.village = City().villages[county][township][village];
  }
  absl::StatusOr<Signal> Submit(const std::string& token, const std::string& division, absl::Time event,
                                Signal::Channel channel = Signal::PATROL) {
    casework::v1::SubmitSignalRequest request =
        channel == Signal::PATROL ? world.SignalRequest() : world.LeadRequest();
    request.mutable_signal()->set_division(division);
    *request.mutable_signal()->mutable_event_time() = casework::ToTimestamp(event);
    return world.Call<Signal>(token, "SubmitSignal", request);
  }
  absl::StatusOr<Case> GetAs(const std::string& token, const std::string& name) {
    casework::v1::GetCaseRequest request;
    request.set_name(name);
    return world.Call<Case>(token, "GetCase", request);
  }
  std::set<std::string> ListAs(const std::string& token, const std::string& division = "",
                               bool assigned_to_me = false) {
    casework::v1::ListCasesRequest request;
    request.set_division(division);
    request.set_assigned_to_me(assigned_to_me);
    const auto list = world.Call<casework::v1::ListCasesResponse>(token, "ListCases", request);
    EXPECT_TRUE(list.ok()) << list.status();
    std::set<std::string> names;
    if (list.ok()) {
      for (const Case& file : list->cases()) names.insert(file.name());
    }
    return names;
  }
  static std::string Name(const Uuid& division) { return ResourceName("divisions", division); }
  static std::string CodeOf(const Uuid& division) {
    return City().ground->FindDivision(division)->codes.back().code;
  }
  // The path that the newest entry of a subject carries.
  std::string PathInJournal(const std::string& kind) {
    for (std::vector<journal::FeedEntry> entries = world.Entries(); !entries.empty(); entries.pop_back()) {
      if (entries.back().entry.kind() != kind) continue;
      if (kind == "case.transition") {
        casework::v1::CaseEvent event;
        EXPECT_TRUE(entries.back().ReadEvent(&event));
        return event.ground_path();
      }
      casework::v1::SignalEvent event;
      EXPECT_TRUE(entries.back().ReadEvent(&event));
      return event.ground_path();
    }
    return "no entry";
  }
};

TEST_F(MovedGround, AFindOnAMergedVillageStandsOnWhoeverHeldTheGroundThen) {
  const Uuid merged = City().villages[0][0][0], heir = City().villages[0][0][1];
  const absl::Time reform = world.clock().Now();
  world.Reorganise();
  world.clock().Advance(absl::Hours(48));
  const std::string patrol = world.Token(PostKind::kPatrolOfficer, heir);
  const absl::Time after = reform + absl::Hours(24), before = reform - absl::Hours(1);
  const std::string old_name = City().ground->PathName(merged);
  for (const std::string& spelling : {Name(merged), old_name}) {
    const auto found = Submit(patrol, spelling, after);
    ASSERT_TRUE(found.ok()) << spelling << ": " << found.status();
    EXPECT_EQ(found->division(), Name(heir)) << spelling;
    EXPECT_EQ(PathInJournal("signal.transition"), City().ground->PathKey(heir));
    const auto earlier = Submit(patrol, spelling, before);
    ASSERT_TRUE(earlier.ok()) << spelling << ": " << earlier.status();
    EXPECT_EQ(earlier->division(), Name(merged)) << spelling;
    EXPECT_EQ(PathInJournal("signal.transition"), City().ground->PathKey(merged));
  }
  // The desk of the merged village is no desk any more.
  EXPECT_EQ(ReasonOf(Submit(world.Patrol(), Name(merged), after).status()), "NOT_ALLOWED");
}

TEST_F(MovedGround, ACodeMeansTheVillageThatHadItOnThatDay) {
  const std::string code = CodeOf(City().villages[0][0][0]);
  const absl::Time reform = world.clock().Now();
  world.Reorganise();
  world.clock().Advance(absl::Hours(48));
  const auto before = Submit(world.Dispatcher(), "code:" + code, reform - absl::Hours(1), Signal::HOTLINE);
  const auto after = Submit(world.Dispatcher(), "code:" + code, reform + absl::Hours(1), Signal::HOTLINE);
  ASSERT_TRUE(before.ok() && after.ok()) << before.status() << after.status();
  EXPECT_EQ(before->division(), Name(City().villages[0][0][0]));
  EXPECT_EQ(after->division(), Name(City().villages[0][0][2]));
}

TEST_F(MovedGround, ADividedVillageIsAskedBackWithTheNamesOfItsHeirs) {
  GoTo(0, 1, 0);
  world.Reorganise();
  world.clock().Advance(absl::Hours(2));
  const absl::Status asked =
      Submit(world.Dispatcher(), Name(world.village), world.clock().Now(), Signal::HOTLINE).status();
  EXPECT_EQ(ReasonOf(asked), "DIVISION_ENDED");
  for (int i : {1, 2}) {
    const std::string& name = City().ground->FindDivision(City().villages[0][1][i])->display_name;
    EXPECT_NE(asked.ToString().find(name), std::string::npos) << asked;
  }
  const auto told =
      Submit(world.Dispatcher(), Name(City().villages[0][1][2]), world.clock().Now(), Signal::HOTLINE);
  EXPECT_TRUE(told.ok()) << told.status();
}

TEST_F(MovedGround, AMergedVillagesOpenCaseGoesOnAtTheSameDeskOfItsHeir) {
  const Case accepted = world.CaseIn(Case::HANDLING);
  world.Reorganise();
  world.clock().Advance(absl::Hours(1));
  const Uuid heir = City().villages[0][0][1];
  // Whoever had the desk of the village that ended has nothing to do with it any more.
  EXPECT_FALSE(
      world.Call<Case>(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(accepted.name())).ok());
  const std::string fixer = world.Token(PostKind::kGridOfficer, heir);
  EXPECT_TRUE(ListAs(fixer, "", true).contains(accepted.name()));
  const auto fixed = world.Call<Case>(fixer, "SubmitFeedback", world.FeedbackRequest(accepted.name()));
  ASSERT_TRUE(fixed.ok()) << fixed.status();
  world.Settle();
  const Case checking = world.Get(accepted.name());
  ASSERT_EQ(checking.state(), Case::CHECKING);
  EXPECT_NE(world.CheckerOf(checking), world.Token(PostKind::kSupervisionOfficer, heir))
      << "the heir's own supervisor is of the fixer's node";
  const auto passed = world.Call<Case>(world.CheckerOf(checking), "SubmitCheck",
                                       world.CheckRequest(checking.name(), SubmitCheckRequest::PASS));
  ASSERT_TRUE(passed.ok()) << passed.status();
  const auto closed = world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(checking.name()));
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->division(), Name(City().villages[0][0][0])) << "it stays where it happened";
  EXPECT_EQ(PathInJournal("case.transition"), City().ground->PathKey(City().villages[0][0][0]));
  // Seen by the heir and by the name of the village that was.
  EXPECT_TRUE(ListAs(fixer).contains(checking.name()));
  EXPECT_TRUE(ListAs(world.CountyOffice(), Name(City().villages[0][0][0])).contains(checking.name()));
  EXPECT_TRUE(ListAs(world.CountyOffice(), Name(heir)).contains(checking.name()));
  EXPECT_FALSE(ListAs(world.CountyOffice(), Name(City().villages[0][0][2])).contains(checking.name()));
}

TEST_F(MovedGround, AMovedTownshipsOpenCaseIsSignedByItsNewChainAndSeenByTheOld) {
  GoTo(0, 2, 1);
  const Case waiting = world.CaseIn(Case::SIGN_OFF);
  const std::string old_county = world.Token(PostKind::kGridLeader, City().counties[0]);
  const std::string new_county = world.Token(PostKind::kGridLeader, City().counties[1]);
  EXPECT_FALSE(GetAs(new_county, waiting.name()).ok());
  world.Reorganise();
  world.clock().Advance(absl::Hours(1));
  EXPECT_EQ(ReasonOf(world.Call<Case>(old_county, "SignOff", world.SignRequest(waiting.name())).status()),
            "NOT_ALLOWED");
  EXPECT_TRUE(GetAs(old_county, waiting.name()).ok()) << "it happened on its ground";
  EXPECT_TRUE(ListAs(old_county).contains(waiting.name()));
  EXPECT_TRUE(ListAs(new_county).contains(waiting.name()));
  EXPECT_TRUE(ListAs(new_county, "", true).contains(waiting.name()));
  EXPECT_FALSE(ListAs(old_county, "", true).contains(waiting.name())) << "it waits for others";
  const auto closed = world.Call<Case>(new_county, "SignOff", world.SignRequest(waiting.name()));
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(PathInJournal("case.transition"), City().ground->PathKey(world.village));
  // What happens from now on is the new county's alone.
  const auto next = Submit(world.Patrol(), Name(world.village), world.clock().Now());
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(PathInJournal("signal.transition"), City().city.Bytes() + City().counties[1].Bytes() +
                                                    world.township.Bytes() + world.village.Bytes());
  casework::v1::GetSignalRequest request;
  request.set_name(next->name());
  EXPECT_TRUE(world.Call<Signal>(new_county, "GetSignal", request).ok());
  EXPECT_FALSE(world.Call<Signal>(old_county, "GetSignal", request).ok());
}

TEST_F(MovedGround, WhatComesBackOnMergedGroundIsACaseOfTheHeir) {
  const Case watched = world.CaseIn(Case::MONITORING);
  world.clock().Advance(absl::Hours(1));
  world.Reorganise();
  world.clock().Advance(absl::Hours(1));
  const std::string patrol = world.Token(PostKind::kPatrolOfficer, City().villages[0][0][1]);
  const auto rebounded = world.Call<Case>(
      patrol, "SubmitRecheck", world.RecheckRequest(watched.name(), SubmitRecheckRequest::REBOUNDED));
  ASSERT_TRUE(rebounded.ok()) << rebounded.status();
  EXPECT_EQ(rebounded->division(), Name(City().villages[0][0][0]));
  const Case again = world.Get(rebounded->rebounded_into());
  EXPECT_EQ(again.division(), Name(City().villages[0][0][1]));
}

}  // namespace
}  // namespace gridwarden::testing
