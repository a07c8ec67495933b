#include <gtest/gtest.h>

#include <thread>

#include "casework/timestamps.h"
#include "service/casework/casework_world.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::Signal;
using casework::v1::SubmitCheckRequest;
using casework::v1::SubmitRecheckRequest;
using domain::PostKind;

class CaseStory : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  casework::v1::ListCaseEventsResponse EventsOf(const std::string& name) {
    casework::v1::ListCaseEventsRequest request;
    request.set_name(name);
    return *world.Call<casework::v1::ListCaseEventsResponse>(world.Dispatcher(), "ListCaseEvents", request);
  }
  absl::StatusOr<Case> Check(const Case& file, SubmitCheckRequest::Result result) {
    return world.Call<Case>(world.CheckerOf(file), "SubmitCheck", world.CheckRequest(file.name(), result));
  }
};

TEST_F(CaseStory, GoesFromAFindToAClosureThatHolds) {
  const Case watched = world.CaseIn(Case::MONITORING);
  EXPECT_TRUE(watched.closed_on_time());
  EXPECT_EQ(watched.held(), Case::NOT_RECHECKED);
  EXPECT_EQ(watched.case_no(), "990102-2026-00001");
  EXPECT_EQ(casework::FromTimestamp(watched.recheck_time()),
            casework::FromTimestamp(watched.close_time()) + absl::Hours(168));
  EXPECT_FALSE(watched.has_due_time());

  world.clock().Advance(absl::Hours(7 * 24));
  const auto archived = world.Call<Case>(world.Patrol(), "SubmitRecheck",
                                         world.RecheckRequest(watched.name(), SubmitRecheckRequest::HELD));
  ASSERT_TRUE(archived.ok()) << archived.status();
  EXPECT_EQ(archived->state(), Case::ARCHIVED);
  EXPECT_EQ(archived->held(), Case::HELD);

  std::vector<casework::v1::Action> actions;
  const auto story = EventsOf(watched.name());
  for (const auto& line : story.events()) actions.push_back(line.action());
  EXPECT_EQ(actions, (std::vector<casework::v1::Action>{
                         casework::v1::SUBMIT, casework::v1::FILE, casework::v1::FILE, casework::v1::DISPATCH,
                         casework::v1::ACCEPT, casework::v1::SUBMIT_FEEDBACK, casework::v1::ASSIGN_CHECK,
                         casework::v1::PASS, casework::v1::SIGN, casework::v1::START_MONITORING,
                         casework::v1::RECHECK_HELD}));
}

TEST_F(CaseStory, TellsWhoDidEachStepInWhichPostAndOnWhoseEvidence) {
  const Case closed = world.CaseIn(Case::CLOSED);
  const auto events = EventsOf(closed.name()).events();
  const auto& found = events[0];
  EXPECT_EQ(found.person(),
            ResourceName("persons", City().PersonIn(PostKind::kPatrolOfficer, world.village)));
  EXPECT_FALSE(found.person_display_name().empty());
  EXPECT_EQ(found.post_display_name(), "PATROL_OFFICER 前王村");
  EXPECT_EQ(found.evidence_size(), 2);
  const auto& assigned = events[6];
  EXPECT_TRUE(assigned.system());
  EXPECT_NE(assigned.eligibility().find("B4"), std::string::npos);
  for (const auto& line : events) {
    EXPECT_EQ(line.leaf().size(), 32u);
    EXPECT_EQ(line.rule_version(), "test-1");
  }
}

TEST_F(CaseStory, FixerCheckerAndSignerAreThreePersons) {
  const Case closed = world.CaseIn(Case::CLOSED);
  EXPECT_NE(closed.fixer(), closed.checker());
  EXPECT_NE(closed.checker(), closed.signer());
  EXPECT_NE(closed.fixer(), closed.signer());
  EXPECT_EQ(world.database().Ask("SELECT COUNT(DISTINCT duty) FROM case_actor"), "3");
}

TEST_F(CaseStory, ReworkGoesBackToTheSameFixerWithHalfTheTime) {
  const Case checking = world.CaseIn(Case::CHECKING);
  const auto rework = Check(checking, SubmitCheckRequest::FAIL);
  ASSERT_TRUE(rework.ok()) << rework.status();
  EXPECT_EQ(rework->state(), Case::HANDLING);
  EXPECT_EQ(rework->rework_count(), 1);
  EXPECT_EQ(casework::FromTimestamp(rework->due_time()), world.clock().Now() + absl::Hours(36));

  const auto again = world.Call<Case>(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(rework->name()));
  ASSERT_TRUE(again.ok()) << again.status();
  world.Settle();
  const auto passed = Check(world.Get(rework->name()), SubmitCheckRequest::PASS);
  ASSERT_TRUE(passed.ok()) << passed.status();
  EXPECT_EQ(passed->state(), Case::SIGN_OFF);
}

TEST_F(CaseStory, AfterUnableAnotherPersonIsSentAndAfterTheSecondTheCountyDecides) {
  const Case first = world.CaseIn(Case::CHECKING);
  const auto unable = Check(first, SubmitCheckRequest::UNABLE);
  ASSERT_TRUE(unable.ok()) << unable.status();
  EXPECT_EQ(unable->check_post(), "");
  world.Settle();
  const Case second = world.Get(first.name());
  ASSERT_NE(second.check_post(), "");
  EXPECT_NE(second.check_post(), first.check_post());

  ASSERT_TRUE(Check(second, SubmitCheckRequest::UNABLE).ok());
  world.Settle();
  EXPECT_EQ(world.Get(first.name()).check_post(), "");
  casework::v1::AssignCheckRequest request;
  request.set_request_id(world.NewId());
  request.set_name(first.name());
  EXPECT_EQ(world.Call<Case>(world.Dispatcher(), "AssignCheck", request).status().code(),
            absl::StatusCode::kPermissionDenied);
  const auto county = world.Call<Case>(world.CountyOffice(), "AssignCheck", request);
  ASSERT_TRUE(county.ok()) << county.status();
  EXPECT_NE(county->check_post(), "");
}

TEST_F(CaseStory, AUnitReturnsACaseOnceAndAfterTwoReturnsOnlyTheCountyDispatches) {
  const Case filed = world.CaseIn(Case::FILED);
  const std::string bureau = ResourceName("units", City().bureaus[0]);
  const std::string desk = City().TokenOfPerson(City().PersonIn(City().HandlerOf(City().bureaus[0]).id));
  const auto dispatch = [&](const std::string& token, const std::string& handler) {
    auto request = world.DispatchRequest(filed.name());
    request.set_handler(handler);
    return world.Call<Case>(token, "DispatchCase", request);
  };
  const auto give_back = [&](const std::string& token) {
    casework::v1::ReturnCaseRequest request;
    request.set_request_id(world.NewId());
    request.set_name(filed.name());
    request.set_reason("不属本单位职责");
    request.set_proposed_handler(world.FixerPost());
    return world.Call<Case>(token, "ReturnCase", request);
  };
  ASSERT_TRUE(dispatch(world.Dispatcher(), bureau).ok());
  const auto returned = give_back(desk);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(returned->state(), Case::RETURNED);
  EXPECT_EQ(returned->handler(), "");
  ASSERT_TRUE(dispatch(world.Dispatcher(), bureau).ok());
  EXPECT_EQ(ReasonOf(give_back(desk).status()), "ALREADY_RETURNED");
  EXPECT_EQ(world.Get(filed.name()).state(), Case::DISPATCHED);

  const Case other = world.CaseIn(Case::DISPATCHED);
  casework::v1::ReturnCaseRequest request;
  request.set_request_id(world.NewId());
  request.set_name(other.name());
  request.set_reason("不属本单位职责");
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "ReturnCase", request).ok());
  auto again = world.DispatchRequest(other.name());
  again.set_handler(bureau);
  ASSERT_TRUE(world.Call<Case>(world.Dispatcher(), "DispatchCase", again).ok());
  request.set_request_id(world.NewId());
  const auto twice = world.Call<Case>(desk, "ReturnCase", request);
  ASSERT_TRUE(twice.ok()) << twice.status();
  EXPECT_EQ(twice->return_count(), 2);
  again.set_request_id(world.NewId());
  EXPECT_EQ(world.Call<Case>(world.Dispatcher(), "DispatchCase", again).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(world.Call<Case>(world.CountyOffice(), "DispatchCase", again).ok());
}

TEST_F(CaseStory, ARefusedSignatureSendsItBackToBeCheckedAndStopsNoClock) {
  const Case waiting = world.CaseIn(Case::SIGN_OFF);
  const auto refused = world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(waiting.name(), false));
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->state(), Case::CHECKING);
  EXPECT_FALSE(refused->has_pass_time());
  ASSERT_TRUE(Check(*refused, SubmitCheckRequest::PASS).ok());
  EXPECT_TRUE(world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(waiting.name())).ok());
}

TEST_F(CaseStory, AReboundFilesANewCaseInTheChainWithHalfTheTime) {
  const Case watched = world.CaseIn(Case::MONITORING);
  world.clock().Advance(absl::Hours(24));
  auto request = world.RecheckRequest(watched.name(), SubmitRecheckRequest::REBOUNDED);
  request.set_rebound_case_id(world.NewId());
  const auto rebounded = world.Call<Case>(world.Patrol(), "SubmitRecheck", request);
  ASSERT_TRUE(rebounded.ok()) << rebounded.status();
  EXPECT_EQ(rebounded->state(), Case::REBOUNDED);
  EXPECT_EQ(rebounded->held(), Case::NOT_HELD);
  EXPECT_EQ(rebounded->rebounded_into(), "cases/" + request.rebound_case_id());

  const Case born = world.Get(rebounded->rebounded_into());
  EXPECT_EQ(born.state(), Case::FILED);
  EXPECT_EQ(born.chain(), watched.name());
  EXPECT_EQ(born.rebound_of(), watched.name());
  EXPECT_EQ(born.case_no(), "990102-2026-00002");
  EXPECT_EQ(born.held(), Case::HELD_UNSPECIFIED);

  // Two aggregates, one entry each; the old closure keeps its own time and stands as not held.
  const auto entries = world.Entries();
  casework::v1::CaseEvent last, before_last;
  ASSERT_TRUE(entries[entries.size() - 1].ReadEvent(&last));
  ASSERT_TRUE(entries[entries.size() - 2].ReadEvent(&before_last));
  EXPECT_EQ(last.after().held(), Case::NOT_HELD);
  EXPECT_TRUE(last.after().has_close_time());
  EXPECT_EQ(before_last.after().name(), born.name());

  ASSERT_TRUE(world.Call<Case>(world.Dispatcher(), "DispatchCase", world.DispatchRequest(born.name())).ok());
  const auto handling = world.Call<Case>(world.Fixer(), "AcceptCase", world.AcceptRequest(born.name()));
  ASSERT_TRUE(handling.ok()) << handling.status();
  EXPECT_EQ(casework::FromTimestamp(handling->due_time()), world.clock().Now() + absl::Hours(36));
}

TEST_F(CaseStory, InAReboundTheFixerOfTheFirstCaseStaysTheFixer) {
  const Case watched = world.CaseIn(Case::MONITORING);
  const auto rebounded = world.Call<Case>(
      world.Patrol(), "SubmitRecheck", world.RecheckRequest(watched.name(), SubmitRecheckRequest::REBOUNDED));
  ASSERT_TRUE(rebounded.ok()) << rebounded.status();
  // The leader who signed the first closure cannot fix the second: one person, one duty in a chain.
  auto dispatch = world.DispatchRequest(rebounded->rebounded_into());
  dispatch.set_handler(ResourceName("posts", City().PostOf(PostKind::kGridLeader, world.township).id));
  ASSERT_TRUE(world.Call<Case>(world.Dispatcher(), "DispatchCase", dispatch).ok());
  ASSERT_TRUE(world.Call<Case>(world.Leader(), "AcceptCase", world.AcceptRequest(dispatch.name())).ok());
  const auto refused =
      world.Call<Case>(world.Leader(), "SubmitFeedback", world.FeedbackRequest(dispatch.name()));
  EXPECT_EQ(ReasonOf(refused.status()), "SEPARATION_OF_DUTIES");
  EXPECT_EQ(world.Get(dispatch.name()).state(), Case::HANDLING);
}

TEST_F(CaseStory, AFixerWhoAlsoLeadsAboveCannotSign) {
  world.village = City().villages[0][2][0];
  world.township = City().townships[0][2];
  const Case waiting = world.CaseIn(Case::SIGN_OFF);
  const auto refused = world.Call<Case>(world.Fixer(), "SignOff", world.SignRequest(waiting.name()));
  world.village = City().villages[0][0][0];
  world.township = City().townships[0][0];
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused.status()), "SEPARATION_OF_DUTIES");
}

TEST_F(CaseStory, ACheckerWhoAlsoLeadsAboveCannotSign) {
  const Case feedback = world.CaseIn(Case::FEEDBACK);
  casework::v1::AssignCheckRequest assign;
  assign.set_request_id(world.NewId());
  assign.set_name(feedback.name());
  assign.set_post(
      ResourceName("posts", City().PostOf(PostKind::kSupervisionOfficer, City().villages[0][1][0]).id));
  const auto assigned = world.Call<Case>(world.Dispatcher(), "AssignCheck", assign);
  ASSERT_TRUE(assigned.ok()) << assigned.status();
  ASSERT_TRUE(Check(*assigned, SubmitCheckRequest::PASS).ok());
  const auto refused =
      world.Call<Case>(world.CheckerOf(*assigned), "SignOff", world.SignRequest(feedback.name()));
  EXPECT_EQ(ReasonOf(refused.status()), "SEPARATION_OF_DUTIES");
}

TEST_F(CaseStory, TheOwnSupervisionOfficerIsNotEligible) {
  const Case feedback = world.CaseIn(Case::FEEDBACK);
  casework::v1::AssignCheckRequest assign;
  assign.set_request_id(world.NewId());
  assign.set_name(feedback.name());
  assign.set_post(ResourceName("posts", City().PostOf(PostKind::kSupervisionOfficer, world.village).id));
  const auto refused = world.Call<Case>(world.Dispatcher(), "AssignCheck", assign);
  EXPECT_EQ(ReasonOf(refused.status()), "CHECKER_NOT_ELIGIBLE");
  const std::optional<ErrorFacts> facts = FactsOf(refused.status());
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->metadata.at("rule_id"), "B4.OWN_NODE");
}

TEST_F(CaseStory, AnOutsideLeadIsFiledOnlyAfterSomebodyFoundIt) {
  const Signal lead = world.NewLead();
  EXPECT_EQ(
      ReasonOf(world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(lead.name())).status()),
      "FILING_CONDITION_UNMET");
  casework::v1::RequestOnsiteCheckRequest ask;
  ask.set_request_id(world.NewId());
  ask.set_name(lead.name());
  ask.set_post(ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, world.village).id));
  ASSERT_TRUE(world.Call<Signal>(world.Dispatcher(), "RequestOnsiteCheck", ask).ok());

  casework::v1::SubmitOnsiteCheckRequest seen;
  seen.set_request_id(world.NewId());
  seen.set_name(lead.name());
  seen.set_result(Signal::OnsiteCheck::EXISTS);
  *seen.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
  EXPECT_EQ(ReasonOf(world.Call<Signal>(world.Patrol(), "SubmitOnsiteCheck", seen).status()),
            "EVIDENCE_MISSING");
  world.AddPhoto(type::v1::Evidence::NEAR, seen.mutable_evidence());
  world.AddPhoto(type::v1::Evidence::FAR, seen.mutable_evidence());
  seen.set_request_id(world.NewId());
  ASSERT_TRUE(world.Call<Signal>(world.Patrol(), "SubmitOnsiteCheck", seen).ok());
  const auto filed = world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(lead.name()));
  ASSERT_TRUE(filed.ok()) << filed.status();
  EXPECT_EQ(filed->signals(0), lead.name());
}

TEST_F(CaseStory, ALeadThatTwoPeopleCouldNotCheckMayBeRejected) {
  const Signal lead = world.NewLead();
  const auto send = [&](PostKind kind) {
    casework::v1::RequestOnsiteCheckRequest ask;
    ask.set_request_id(world.NewId());
    ask.set_name(lead.name());
    ask.set_post(ResourceName("posts", City().PostOf(kind, world.village).id));
    return world.Call<Signal>(world.Dispatcher(), "RequestOnsiteCheck", ask).status();
  };
  const auto unable = [&](PostKind kind) {
    casework::v1::SubmitOnsiteCheckRequest seen;
    seen.set_request_id(world.NewId());
    seen.set_name(lead.name());
    seen.set_result(Signal::OnsiteCheck::UNABLE);
    seen.set_note("大门紧锁");
    *seen.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
    return world.Call<Signal>(world.Token(kind, world.village), "SubmitOnsiteCheck", seen);
  };
  casework::v1::RejectSignalRequest reject;
  reject.set_name(lead.name());
  reject.set_reason("两次无法核实");
  const auto try_reject = [&] {
    reject.set_request_id(world.NewId());
    return world.Call<Signal>(world.Dispatcher(), "RejectSignal", reject);
  };
  ASSERT_TRUE(send(PostKind::kPatrolOfficer).ok());
  ASSERT_TRUE(unable(PostKind::kPatrolOfficer).ok());
  ASSERT_TRUE(send(PostKind::kPatrolOfficer).ok());
  const auto same_person = unable(PostKind::kPatrolOfficer);
  ASSERT_TRUE(same_person.ok());
  EXPECT_EQ(same_person->onsite_check().unable_count(), 1);
  EXPECT_EQ(ReasonOf(try_reject().status()), "ILLEGAL_TRANSITION");
  ASSERT_TRUE(send(PostKind::kGridOfficer).ok());
  ASSERT_TRUE(unable(PostKind::kGridOfficer).ok());
  EXPECT_TRUE(try_reject().ok());
}

TEST_F(CaseStory, ASmallPolluterNeedsADispositionAndTheCountySignsItsShutDown) {
  const Case handling = world.CaseIn(Case::HANDLING, "SMALL_POLLUTER");
  auto feedback = world.FeedbackRequest(handling.name());
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback).status()),
            "DISPOSITION_MISSING");
  casework::v1::SetDispositionRequest decide;
  decide.set_request_id(world.NewId());
  decide.set_name(handling.name());
  decide.set_disposition(Case::SHUT_DOWN);
  EXPECT_EQ(world.Call<Case>(world.Dispatcher(), "SetDisposition", decide).status().code(),
            absl::StatusCode::kPermissionDenied);
  ASSERT_TRUE(world.Call<Case>(world.CountyOffice(), "SetDisposition", decide).ok());

  feedback.set_request_id(world.NewId());
  const auto unmet = world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback);
  EXPECT_EQ(ReasonOf(unmet.status()), "CLOSING_CONDITION_UNMET");
  const auto tick = [&](auto& request) {
    auto* answer = request.add_answers();
    answer->set_checklist("CLOSURE");
    answer->set_item("POWER_CUT");
    answer->set_value("yes");
    answer->add_media(world.Photo());
  };
  tick(feedback);
  feedback.set_request_id(world.NewId());
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback).ok());
  world.Settle();
  const Case checking = world.Get(handling.name());
  auto check = world.CheckRequest(handling.name(), SubmitCheckRequest::PASS);
  tick(check);
  ASSERT_TRUE(world.Call<Case>(world.CheckerOf(checking), "SubmitCheck", check).ok());
  EXPECT_EQ(world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(handling.name())).status().code(),
            absl::StatusCode::kPermissionDenied);
  const auto closed = world.Call<Case>(world.CountyOffice(), "SignOff", world.SignRequest(handling.name()));
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->state(), Case::CLOSED);
}

TEST_F(CaseStory, APhotoOfAnotherCaseIsRefused) {
  const Case handling = world.CaseIn(Case::HANDLING);
  const Signal other = world.NewSignal();
  auto feedback = world.FeedbackRequest(handling.name());
  feedback.mutable_evidence(1)->set_media(other.evidence(0).media());
  const auto refused = world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback);
  EXPECT_EQ(ReasonOf(refused.status()), "PHOTO_OF_OTHER_CASE");
  EXPECT_EQ(world.Get(handling.name()).state(), Case::HANDLING);
}

TEST_F(CaseStory, AnOldPhotoOfTheChainShowsNeitherTheStateAfterNorACheck) {
  const Case checking = world.CaseIn(Case::CHECKING);
  const auto events = EventsOf(checking.name()).events();
  auto check = world.CheckRequest(checking.name(), SubmitCheckRequest::PASS);
  check.mutable_evidence(0)->set_media(events[0].evidence(0).media());  // the finder's
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.CheckerOf(checking), "SubmitCheck", check).status()),
            "EVIDENCE_MISSING");

  const auto rework = Check(checking, SubmitCheckRequest::FAIL);
  ASSERT_TRUE(rework.ok()) << rework.status();
  auto feedback = world.FeedbackRequest(rework->name());
  feedback.mutable_evidence(1)->set_media(
      events[5].evidence(1).media());  // the photo of the fix that was none
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback).status()),
            "EVIDENCE_MISSING");
}

TEST_F(CaseStory, ARecheckOnAPhotoOfTheClosureIsRefused) {
  const Case watched = world.CaseIn(Case::MONITORING);
  auto recheck = world.RecheckRequest(watched.name(), SubmitRecheckRequest::HELD);
  recheck.mutable_evidence(0)->set_media(EventsOf(watched.name()).events()[7].evidence(0).media());
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Patrol(), "SubmitRecheck", recheck).status()),
            "EVIDENCE_MISSING");
}

TEST_F(CaseStory, NobodyIsOnTimeByDatingAnAnswerBeforeTheQuestion) {
  const Case dispatched = world.CaseIn(Case::DISPATCHED);
  const absl::Time asked = world.clock().Now();
  world.clock().Advance(absl::Hours(30));
  auto accept = world.AcceptRequest(dispatched.name());
  *accept.mutable_event_time() = casework::ToTimestamp(asked - absl::Minutes(3));
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Fixer(), "AcceptCase", accept).status()),
            "EVENT_TIME_BEFORE_CASE");
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "AcceptCase", world.AcceptRequest(dispatched.name())).ok());

  auto feedback = world.FeedbackRequest(dispatched.name());
  *feedback.mutable_event_time() = casework::ToTimestamp(asked);
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback).ok());
  world.clock().Advance(absl::Hours(200));
  world.Settle();
  const Case checking = world.Get(dispatched.name());
  auto check = world.CheckRequest(checking.name(), SubmitCheckRequest::PASS);
  *check.mutable_event_time() = casework::ToTimestamp(asked + absl::Hours(1));
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.CheckerOf(checking), "SubmitCheck", check).status()),
            "EVENT_TIME_BEFORE_CASE");

  const auto failed = Check(checking, SubmitCheckRequest::FAIL);
  ASSERT_TRUE(failed.ok()) << failed.status();
  auto again = world.FeedbackRequest(failed->name());
  *again.mutable_event_time() = casework::ToTimestamp(asked + absl::Hours(1));
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Fixer(), "SubmitFeedback", again).status()),
            "EVENT_TIME_BEFORE_CASE");
}

TEST_F(CaseStory, ACheckAfterARefusedSignatureIsNotTheOneBefore) {
  const Case passed = world.CaseIn(Case::SIGN_OFF);
  world.clock().Advance(absl::Hours(5));
  const auto refused = world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(passed.name(), false));
  ASSERT_TRUE(refused.ok()) << refused.status();
  auto check = world.CheckRequest(passed.name(), SubmitCheckRequest::PASS);
  *check.mutable_event_time() = passed.pass_time();
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.CheckerOf(*refused), "SubmitCheck", check).status()),
            "EVENT_TIME_BEFORE_CASE");
}

TEST_F(CaseStory, AnOnsiteCheckIsNeitherBeforeItWasAskedForNorOnThePhotosOfTheLead) {
  auto lead = world.LeadRequest();
  world.AddPhoto(type::v1::Evidence::NEAR, lead.mutable_signal()->mutable_evidence());
  world.AddPhoto(type::v1::Evidence::FAR, lead.mutable_signal()->mutable_evidence());
  const auto signal = world.Call<Signal>(world.Dispatcher(), "SubmitSignal", lead);
  ASSERT_TRUE(signal.ok()) << signal.status();
  world.clock().Advance(absl::Hours(3));
  casework::v1::RequestOnsiteCheckRequest ask;
  ask.set_request_id(world.NewId());
  ask.set_name(signal->name());
  ask.set_post(world.FixerPost());
  ASSERT_TRUE(world.Call<Signal>(world.Dispatcher(), "RequestOnsiteCheck", ask).ok());
  casework::v1::SubmitOnsiteCheckRequest answer;
  answer.set_request_id(world.NewId());
  answer.set_name(signal->name());
  answer.set_result(Signal::OnsiteCheck::EXISTS);
  *answer.mutable_evidence() = lead.signal().evidence();
  *answer.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
  EXPECT_EQ(ReasonOf(world.Call<Signal>(world.Fixer(), "SubmitOnsiteCheck", answer).status()),
            "EVIDENCE_MISSING");
  answer.clear_evidence();
  world.AddPhoto(type::v1::Evidence::NEAR, answer.mutable_evidence());
  world.AddPhoto(type::v1::Evidence::FAR, answer.mutable_evidence());
  *answer.mutable_event_time() = casework::ToTimestamp(world.clock().Now() - absl::Hours(2));
  EXPECT_EQ(ReasonOf(world.Call<Signal>(world.Fixer(), "SubmitOnsiteCheck", answer).status()),
            "EVENT_TIME_BEFORE_CASE");
  *answer.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
  EXPECT_TRUE(world.Call<Signal>(world.Fixer(), "SubmitOnsiteCheck", answer).ok());
}

TEST_F(CaseStory, AReasonInWordsStaysOutOfTheJournal) {
  constexpr std::string_view kWords = "户主王某已搬走";
  casework::v1::RejectSignalRequest reject;
  reject.set_request_id(world.NewId());
  reject.set_name(world.NewSignal().name());
  reject.set_reason(std::string(kWords));
  const auto rejected = world.Call<Signal>(world.Dispatcher(), "RejectSignal", reject);
  ASSERT_TRUE(rejected.ok()) << rejected.status();
  EXPECT_EQ(rejected->reject_reason(), kWords);
  const Case passed = world.CaseIn(Case::SIGN_OFF);
  auto sign = world.SignRequest(passed.name(), false);
  sign.set_reason(std::string(kWords));
  ASSERT_TRUE(world.Call<Case>(world.Leader(), "SignOff", sign).ok());
  casework::v1::ReturnCaseRequest back;
  back.set_request_id(world.NewId());
  back.set_name(world.CaseIn(Case::DISPATCHED).name());
  back.set_reason(std::string(kWords));
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "ReturnCase", back).ok());
  EXPECT_EQ(EventsOf(back.name()).events().rbegin()->reason(), kWords);
  for (const journal::FeedEntry& entry : world.Entries()) {
    EXPECT_EQ(entry.entry.event().find(kWords), std::string::npos) << entry.entry.kind();
  }
}

TEST_F(CaseStory, APhotoOfTheOwnSignalMayShowTheStateBefore) {
  const Signal signal = world.NewSignal();
  const auto filed = world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(signal.name()));
  ASSERT_TRUE(filed.ok()) << filed.status();
  ASSERT_TRUE(
      world.Call<Case>(world.Dispatcher(), "DispatchCase", world.DispatchRequest(filed->name())).ok());
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "AcceptCase", world.AcceptRequest(filed->name())).ok());
  auto feedback = world.FeedbackRequest(filed->name());
  feedback.mutable_evidence(0)->set_media(signal.evidence(0).media());
  const auto fed = world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback);
  EXPECT_TRUE(fed.ok()) << fed.status();
}

TEST_F(CaseStory, TheCheckerMayNotBorrowTheHandlersPhotos) {
  const Case handling = world.CaseIn(Case::HANDLING);
  const auto feedback = world.FeedbackRequest(handling.name());
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback).ok());
  world.Settle();
  auto check = world.CheckRequest(handling.name(), SubmitCheckRequest::PASS);
  check.mutable_evidence(0)->set_media(feedback.evidence(1).media());
  const auto refused = world.Call<Case>(world.CheckerOf(world.Get(handling.name())), "SubmitCheck", check);
  EXPECT_EQ(ReasonOf(refused.status()), "EVIDENCE_MISSING");
}

TEST_F(CaseStory, TwoThreadsThatSendOneRequestMakeOneSignal) {
  auto request = world.SignalRequest();
  request.mutable_signal()->set_channel_key("visit-1");
  auto twin = request;
  twin.set_request_id(world.NewId());  // another request, the same key
  absl::StatusOr<Signal> first, second, third;
  std::thread a([&] { first = world.Call<Signal>(world.Patrol(), "SubmitSignal", request); });
  std::thread b([&] { second = world.Call<Signal>(world.Patrol(), "SubmitSignal", request); });
  std::thread c([&] { third = world.Call<Signal>(world.Patrol(), "SubmitSignal", twin); });
  a.join();
  b.join();
  c.join();
  ASSERT_TRUE(first.ok() && second.ok() && third.ok()) << first.status() << second.status() << third.status();
  EXPECT_EQ(first->name(), second->name());
  EXPECT_EQ(first->name(), third->name());
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM signal_file"), "1");
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM journal_stage"), "1");
}

TEST_F(CaseStory, OfTwoThreadsThatSignOneSigns) {
  const Case waiting = world.CaseIn(Case::SIGN_OFF);
  absl::StatusOr<Case> township, county;
  std::thread a(
      [&] { township = world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(waiting.name())); });
  std::thread b([&] {
    county = world.Call<Case>(world.Token(PostKind::kGridLeader, world.county), "SignOff",
                              world.SignRequest(waiting.name()));
  });
  a.join();
  b.join();
  EXPECT_NE(township.ok(), county.ok());
  EXPECT_EQ(ReasonOf(township.ok() ? county.status() : township.status()), "ILLEGAL_TRANSITION");
}

TEST_F(CaseStory, OnTimeIsJudgedByTheCheckThatPassedAndNotByTheSignature) {
  const Case waiting = world.CaseIn(Case::SIGN_OFF);
  world.clock().Advance(absl::Hours(300));  // past the total of 240 h
  const auto closed = world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(waiting.name()));
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_TRUE(closed->closed_on_time());

  const Case late = world.CaseIn(Case::CHECKING);
  world.clock().Advance(absl::Hours(300));
  ASSERT_TRUE(Check(late, SubmitCheckRequest::PASS).ok());
  const auto closed_late = world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(late.name()));
  ASSERT_TRUE(closed_late.ok()) << closed_late.status();
  EXPECT_FALSE(closed_late->closed_on_time());
}

TEST_F(CaseStory, NobodySaysThatAClosureHeldBeforeItCouldShow) {
  const Case watched = world.CaseIn(Case::MONITORING);
  auto held = world.RecheckRequest(watched.name(), SubmitRecheckRequest::HELD);
  const absl::Time due = world.clock().Now();
  world.clock().Set(due - absl::Hours(25));
  *held.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
  const auto early = world.Call<Case>(world.Patrol(), "SubmitRecheck", held);
  EXPECT_EQ(ReasonOf(early.status()), "RECHECK_NOT_DUE");
  EXPECT_EQ(world.Get(watched.name()).state(), Case::MONITORING);

  world.clock().Set(due - absl::Hours(23));
  *held.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
  held.set_request_id(world.NewId());
  const auto on_the_day = world.Call<Case>(world.Patrol(), "SubmitRecheck", held);
  ASSERT_TRUE(on_the_day.ok()) << on_the_day.status();
  EXPECT_EQ(on_the_day->state(), Case::ARCHIVED);
}

TEST_F(CaseStory, ACaseIsNotClosedOnAPhotoThatNeverArrived) {
  const Case handling = world.CaseIn(Case::HANDLING);
  const auto feedback = world.FeedbackRequest(handling.name());
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback).ok());
  world.Settle();
  const Case checking = world.Get(handling.name());
  ASSERT_TRUE(Check(checking, SubmitCheckRequest::PASS).ok());
  const std::string lost = feedback.evidence(0).media();
  world.lost_photos.insert(lost.substr(lost.find('/') + 1));

  const auto refused = world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(handling.name()));
  EXPECT_EQ(ReasonOf(refused.status()), "EVIDENCE_MISSING");
  EXPECT_EQ(FactsOf(refused.status())->metadata.at("media"), lost);
  EXPECT_EQ(world.Get(handling.name()).state(), Case::SIGN_OFF);

  world.lost_photos.clear();  // it arrives
  const auto signed_off = world.Call<Case>(world.Leader(), "SignOff", world.SignRequest(handling.name()));
  ASSERT_TRUE(signed_off.ok()) << signed_off.status();
}

TEST_F(CaseStory, NoWordThatMayNameAPersonStandsInTheJournal) {
  const Case handling = world.CaseIn(Case::HANDLING);
  auto feedback = world.FeedbackRequest(handling.name());
  auto* answer = feedback.add_answers();
  answer->set_checklist("CLOSURE");
  answer->set_item("OWNER");
  answer->set_value("王某之弟王某某");
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback).ok());
  const auto story = EventsOf(handling.name());
  EXPECT_EQ(story.events(story.events_size() - 1).answers(0).value(), "王某之弟王某某");
  world.CaseIn(Case::CLOSED);
  for (const journal::FeedEntry& entry : world.Entries()) {
    EXPECT_EQ(entry.entry.SerializeAsString().find("王某"), std::string::npos);
    EXPECT_EQ(entry.entry.SerializeAsString().find("现场查看"), std::string::npos);
  }
}

}  // namespace
}  // namespace gridwarden::testing
