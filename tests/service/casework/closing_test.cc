// The end of a case: what comes before the feedback, who signs, what comes after the closing.
#include <gtest/gtest.h>

#include <algorithm>

#include "casework/timestamps.h"
#include "gridwarden/casework/v1/application_service.pb.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "service/casework/casework_world.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::SubmitCheckRequest;
using casework::v1::SubmitRecheckRequest;
using domain::PostKind;

class Closing : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();
  const std::string bureau = ResourceName("units", City().bureaus[0]);

  std::string Bureau() const {
    return City().TokenOfPerson(City().PersonIn(City().HandlerOf(City().bureaus[0]).id));
  }
  std::string CountyLeader() const { return world.Token(PostKind::kGridLeader, world.county); }

  template <typename Request>
  Request Named(const std::string& name) {
    Request request;
    request.set_request_id(world.NewId());
    request.set_name(name);
    return request;
  }
  template <typename Request>
  absl::StatusOr<Case> Close(const std::string& token, std::string_view rpc, const Request& request) {
    return world.server().Call<Case>(token, "gridwarden.casework.v1.ClosingService/" + std::string(rpc),
                                     request);
  }
  absl::StatusOr<Case> Call(const std::string& token, std::string_view rpc, const auto& request) {
    return world.Call<Case>(token, rpc, request);
  }
  absl::StatusOr<Case> Recheck(const std::string& token, const std::string& name,
                               SubmitRecheckRequest::Result result) {
    return Call(token, "SubmitRecheck", world.RecheckRequest(name, result));
  }
  casework::v1::StopProductionRequest StopRequest(const std::string& name) {
    auto request = Named<casework::v1::StopProductionRequest>(name);
    world.AddPhoto(type::v1::Evidence::NEAR, request.mutable_evidence());
    *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
    return request;
  }
  absl::StatusOr<Case> Stop(const std::string& name, const std::string& token) {
    return Close(token, "StopProduction", StopRequest(name));
  }
  // A case that the bureau cooperates in.
  Case WithPart() {
    const Case filed = world.CaseIn(Case::FILED);
    auto dispatch = world.DispatchRequest(filed.name());
    dispatch.add_cooperators(bureau);
    EXPECT_TRUE(Call(world.Dispatcher(), "DispatchCase", dispatch).ok());
    return *Call(world.Fixer(), "AcceptCase", world.AcceptRequest(filed.name()));
  }
  casework::v1::SubmitPartRequest PartRequest(const std::string& name) {
    auto request = Named<casework::v1::SubmitPartRequest>(name);
    request.set_unit(bureau);
    world.AddPhoto(type::v1::Evidence::AFTER, request.mutable_evidence());
    *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
    return request;
  }
  casework::v1::TransferCaseRequest TransferRequest(const std::string& name) {
    auto request = Named<casework::v1::TransferCaseRequest>(name);
    request.set_kind(casework::v1::Transfer::POLICE);
    request.set_receiver_display_name("县公安局");
    request.set_document_no("移〔2026〕3号");
    request.set_reason("涉嫌污染环境罪");
    return request;
  }
  casework::v1::SubmitTransferResultRequest ResultRequest(const std::string& name) {
    auto request = Named<casework::v1::SubmitTransferResultRequest>(name);
    request.set_document_no("公环决字〔2026〕1号");
    world.AddPhoto(type::v1::Evidence::DOCUMENT, request.mutable_evidence());
    *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
    return request;
  }
  casework::v1::DisputeClosingRequest DisputeRequest(const std::string& name, bool for_reporter) {
    auto request = Named<casework::v1::DisputeClosingRequest>(name);
    request.set_for_reporter(for_reporter);
    request.set_statement("举报人称设备仍在运转");
    return request;
  }
  casework::v1::CosignCaseRequest CosignRequest(const std::string& name, const std::string& seat,
                                                bool agrees = true) {
    auto request = Named<casework::v1::CosignCaseRequest>(name);
    request.set_seat(seat);
    request.set_agrees(agrees);
    if (!agrees) request.set_reason("公告未张贴");
    return request;
  }
  absl::StatusOr<Case> Check(const std::string& name, SubmitCheckRequest::Result result) {
    return Call(world.CheckerOf(world.Get(name)), "SubmitCheck", world.CheckRequest(name, result));
  }
  // From CHECKING or HANDLING to SIGN_OFF.
  Case Passed(const std::string& name) {
    if (world.Get(name).state() == Case::HANDLING)
      EXPECT_TRUE(Call(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(name)).ok());
    world.Settle();
    const auto passed = Check(name, SubmitCheckRequest::PASS);
    EXPECT_TRUE(passed.ok()) << passed.status();
    return world.Get(name);
  }
  absl::StatusOr<Case> Sign(const std::string& token, const std::string& name, bool sign = true) {
    return Call(token, "SignOff", world.SignRequest(name, sign));
  }
  casework::v1::CaseEvent LastEvent() {
    casework::v1::CaseEvent event;
    const std::vector<journal::FeedEntry> entries = world.Entries();
    EXPECT_TRUE(entries.back().ReadEvent(&event));
    return event;
  }
  std::string Fact(const absl::Status& status, const std::string& key) {
    const auto facts = FactsOf(status);
    return facts && facts->metadata.contains(key) ? facts->metadata.at(key) : "";
  }
};

// Rechecks.

TEST_F(Closing, ASeriesOfRechecksIsPlannedFromTheClosingAndArchivedByItsLast) {
  const Case watched = world.CaseIn(Case::MONITORING, "WATCHED");
  const absl::Time closed = casework::FromTimestamp(watched.close_time());
  EXPECT_EQ(casework::FromTimestamp(watched.recheck_time()), closed + absl::Hours(7 * 24));

  const auto first = Recheck(world.Patrol(), watched.name(), SubmitRecheckRequest::HELD);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->state(), Case::MONITORING);
  EXPECT_EQ(first->held(), Case::HELD);
  EXPECT_EQ(first->rechecks_done(), 1);
  EXPECT_EQ(casework::FromTimestamp(first->recheck_time()), closed + absl::Hours(30 * 24));

  // A late visit moves none of those after it.
  world.clock().Set(closed + absl::Hours(50 * 24));
  const auto second = Recheck(world.Patrol(), watched.name(), SubmitRecheckRequest::NOT_OBSERVABLE);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->held(), Case::HELD);
  EXPECT_EQ(casework::FromTimestamp(second->recheck_time()), closed + absl::Hours(90 * 24));

  const auto third = Recheck(world.Patrol(), watched.name(), SubmitRecheckRequest::HELD);
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(third->state(), Case::ARCHIVED);
  EXPECT_EQ(third->rechecks_done(), 3);
  EXPECT_FALSE(third->has_recheck_time());
}

TEST_F(Closing, TwoVisitsInARowThatCouldNotSeeItAreMadeByTwoPeople) {
  const Case watched = world.CaseIn(Case::MONITORING, "WATCHED");
  ASSERT_TRUE(Recheck(world.Patrol(), watched.name(), SubmitRecheckRequest::NOT_OBSERVABLE).ok());
  const auto same = Recheck(world.Patrol(), watched.name(), SubmitRecheckRequest::NOT_OBSERVABLE);
  EXPECT_EQ(ReasonOf(same.status()), "ANOTHER_PERSON_NEEDED");
  const std::string other = world.Token(PostKind::kPatrolOfficer, world.township);
  const auto second = Recheck(other, watched.name(), SubmitRecheckRequest::NOT_OBSERVABLE);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->held(), Case::NOT_OBSERVABLE);
  EXPECT_TRUE(Recheck(world.Patrol(), watched.name(), SubmitRecheckRequest::NOT_OBSERVABLE).ok());
}

TEST_F(Closing, TheFixerSaysNeitherThatItHeldNorThatItCouldNotBeSeen) {
  const Case watched = world.CaseIn(Case::MONITORING, "WATCHED");
  for (const auto result : {SubmitRecheckRequest::HELD, SubmitRecheckRequest::NOT_OBSERVABLE}) {
    EXPECT_EQ(ReasonOf(Recheck(world.Fixer(), watched.name(), result).status()), "SEPARATION_OF_DUTIES");
  }
}

TEST_F(Closing, AReboundWithinTheSeriesMarksTheClosureNotHeldAndTheChainNamesWhoAnswersForIt) {
  const Case watched = world.CaseIn(Case::MONITORING, "WATCHED");
  ASSERT_TRUE(Recheck(world.Patrol(), watched.name(), SubmitRecheckRequest::HELD).ok());
  const auto rebounded = Recheck(world.Patrol(), watched.name(), SubmitRecheckRequest::REBOUNDED);
  ASSERT_TRUE(rebounded.ok()) << rebounded.status();
  EXPECT_EQ(rebounded->state(), Case::REBOUNDED);
  EXPECT_EQ(rebounded->held(), Case::NOT_HELD);

  casework::v1::ListChainRequest request;
  request.set_name(rebounded->rebounded_into());
  const auto chain = world.server().Call<casework::v1::ListChainResponse>(
      world.Dispatcher(), "gridwarden.casework.v1.ClosingService/ListChain", request);
  ASSERT_TRUE(chain.ok()) << chain.status();
  ASSERT_EQ(chain->links_size(), 2);
  const casework::v1::ChainLink& first = chain->links(0);
  EXPECT_EQ(first.case_().name(), watched.name());
  EXPECT_EQ(first.case_().held(), Case::NOT_HELD);
  EXPECT_EQ(first.case_().checker(), watched.checker());
  EXPECT_FALSE(first.checker_display_name().empty());
  EXPECT_FALSE(first.signer_display_name().empty());
  EXPECT_EQ(chain->links(1).case_().rebound_of(), watched.name());

  const std::string elsewhere = world.Token(PostKind::kCampaignOffice, City().townships[1][1]);
  EXPECT_EQ(world.server()
                .Call<casework::v1::ListChainResponse>(
                    elsewhere, "gridwarden.casework.v1.ClosingService/ListChain", request)
                .status()
                .code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(Closing, WhatIsClosedByForceIsNotWatched) {
  const Case handling = world.CaseIn(Case::HANDLING);
  auto request = Named<casework::v1::RequestForcedClosingRequest>(handling.name());
  request.set_reason_code("SUBJECT_GONE");
  request.set_statement("厂房已整体拆迁");
  request.set_document_no("县攻坚办〔2026〕9号");
  const std::string service = "gridwarden.casework.v1.ApplicationService/";
  const auto asked = world.server().Call<casework::v1::Application>(
      world.CountyOffice(), service + "RequestForcedClosing", request);
  ASSERT_TRUE(asked.ok()) << asked.status();
  auto decide = Named<casework::v1::DecideApplicationRequest>(asked->name());
  decide.set_agrees(true);
  // Whoever asked has one of the two seats, or somebody above takes it.
  for (const std::string& who : {CountyLeader(), world.Token(PostKind::kCampaignOffice, City().city)}) {
    decide.set_request_id(world.NewId());
    (void)world.server().Call<casework::v1::Application>(who, service + "DecideApplication", decide);
  }
  ASSERT_EQ(world.Get(handling.name()).state(), Case::CLOSED);
  world.Settle();
  const Case closed = world.Get(handling.name());
  EXPECT_EQ(closed.state(), Case::CLOSED);
  EXPECT_TRUE(closed.forced());
  EXPECT_FALSE(closed.has_recheck_time());
}

// Stop first.

TEST_F(Closing, NothingIsFedBackBeforeProductionStandsStill) {
  const Case handling = world.CaseIn(Case::HANDLING, "KILN");
  EXPECT_EQ(ReasonOf(Call(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(handling.name())).status()),
            "PRODUCTION_NOT_STOPPED");
  const auto stopped = Stop(handling.name(), world.Fixer());
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_TRUE(stopped->has_stop_time());
  EXPECT_EQ(stopped->state(), Case::HANDLING);
  EXPECT_EQ(LastEvent().ended_clock(), "STOP");
  EXPECT_FALSE(LastEvent().ended_late());
  EXPECT_EQ(ReasonOf(Stop(handling.name(), world.Patrol()).status()), "ALREADY_DECIDED");
  const auto fed_back = Call(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(handling.name()));
  EXPECT_TRUE(fed_back.ok()) << fed_back.status();
}

TEST_F(Closing, ALateStopIsTakenAndFlagged) {
  const Case handling = world.CaseIn(Case::HANDLING, "KILN");
  world.clock().Advance(absl::Hours(25));
  ASSERT_TRUE(Stop(handling.name(), world.Dispatcher()).ok());
  EXPECT_TRUE(LastEvent().ended_late());
}

TEST_F(Closing, AStopIsShownByANewPhoto) {
  const Case handling = world.CaseIn(Case::HANDLING, "KILN");
  auto request = Named<casework::v1::StopProductionRequest>(handling.name());
  *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
  EXPECT_EQ(ReasonOf(Close(world.Fixer(), "StopProduction", request).status()), "EVIDENCE_MISSING");
}

TEST_F(Closing, ATypeWithoutTheRuleKnowsNoStop) {
  const Case handling = world.CaseIn(Case::HANDLING);
  EXPECT_EQ(ReasonOf(Stop(handling.name(), world.Fixer()).status()), "ILLEGAL_TRANSITION");
}

// Times that a phone could not vouch for.

TEST_F(Closing, AFixIsOnTimeByTheBoundThatFavoursTheWorkerAndUncertainIsSaid) {
  const Case handling = world.CaseIn(Case::HANDLING);
  const absl::Time due = casework::FromTimestamp(handling.due_time());
  world.clock().Set(due + absl::Hours(1));
  auto request = world.FeedbackRequest(handling.name());
  *request.mutable_earliest_time() = casework::ToTimestamp(due + absl::Hours(3));
  EXPECT_EQ(ReasonOf(Call(world.Fixer(), "SubmitFeedback", request).status()), "INVALID_FIELD");
  request.set_request_id(world.NewId());
  *request.mutable_earliest_time() = casework::ToTimestamp(due - absl::Hours(1));
  const auto fed_back = Call(world.Fixer(), "SubmitFeedback", request);
  ASSERT_TRUE(fed_back.ok()) << fed_back.status();
  EXPECT_FALSE(LastEvent().ended_late());
  EXPECT_TRUE(LastEvent().ended_uncertain());
}

TEST_F(Closing, AStopIsOnTimeByTheBoundThatFavoursTheWorker) {
  const Case handling = world.CaseIn(Case::HANDLING, "KILN");
  world.clock().Advance(absl::Hours(25));
  auto request = StopRequest(handling.name());
  const absl::Time latest = world.clock().Now();
  *request.mutable_earliest_time() = casework::ToTimestamp(latest + absl::Hours(1));
  EXPECT_EQ(ReasonOf(Close(world.Fixer(), "StopProduction", request).status()), "INVALID_FIELD");
  request.set_request_id(world.NewId());
  *request.mutable_earliest_time() = casework::ToTimestamp(latest - absl::Hours(2));
  const auto stopped = Close(world.Fixer(), "StopProduction", request);
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_TRUE(stopped->time_uncertain());
  EXPECT_FALSE(LastEvent().ended_late());
  EXPECT_TRUE(LastEvent().ended_uncertain());
  const journal::v1::TimeClaim& time = world.Entries().back().entry.time();
  EXPECT_EQ(time.earliest_us(), absl::ToUnixMicros(latest - absl::Hours(2)));
  EXPECT_EQ(time.latest_us(), absl::ToUnixMicros(latest));
}

// Parts.

TEST_F(Closing, APartIsDoneInAnIntervalThatBeginsNoSoonerThanTheCase) {
  const Case handling = WithPart();
  world.clock().Advance(absl::Minutes(20));
  auto request = PartRequest(handling.name());
  const absl::Time latest = world.clock().Now();
  *request.mutable_earliest_time() = casework::ToTimestamp(latest + absl::Hours(1));
  EXPECT_EQ(ReasonOf(Close(Bureau(), "SubmitPart", request).status()), "INVALID_FIELD");
  request.set_request_id(world.NewId());
  *request.mutable_earliest_time() = casework::ToTimestamp(latest - absl::Hours(48));
  ASSERT_TRUE(Close(Bureau(), "SubmitPart", request).ok());
  const journal::v1::TimeClaim& time = world.Entries().back().entry.time();
  EXPECT_EQ(time.earliest_us(), absl::ToUnixMicros(casework::FromTimestamp(handling.event_time())));
  EXPECT_EQ(time.latest_us(), absl::ToUnixMicros(latest));
}

TEST_F(Closing, TheLeadWaitsForThePartsOfTheOthers) {
  const Case handling = WithPart();
  ASSERT_EQ(handling.disposals_size(), 1);
  const auto waiting = Call(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(handling.name()));
  EXPECT_EQ(ReasonOf(waiting.status()), "PARTS_OPEN");
  EXPECT_EQ(Fact(waiting.status(), "units"), City().ground->FindUnit(City().bureaus[0])->display_name);

  auto bare = PartRequest(handling.name());
  bare.clear_evidence();
  EXPECT_EQ(ReasonOf(Close(Bureau(), "SubmitPart", bare).status()), "EVIDENCE_MISSING");
  const auto part = Close(Bureau(), "SubmitPart", PartRequest(handling.name()));
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_EQ(part->disposals(0).state(), casework::v1::DisposalTask::DONE);
  EXPECT_EQ(ReasonOf(Close(Bureau(), "SubmitPart", PartRequest(handling.name())).status()),
            "ALREADY_DECIDED");
  EXPECT_TRUE(Call(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(handling.name())).ok());
  // Whoever reported a part has fixed it, too.
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM case_actor WHERE duty = 1"), "2");
}

TEST_F(Closing, AUnitThatIsExcusedKeepsNobodyWaiting) {
  const Case handling = WithPart();
  auto excuse = Named<casework::v1::ExcusePartRequest>(handling.name());
  excuse.set_unit(bureau);
  excuse.set_reason("现场不涉及在建工地");
  const auto excused = Close(world.Dispatcher(), "ExcusePart", excuse);
  ASSERT_TRUE(excused.ok()) << excused.status();
  EXPECT_EQ(excused->disposals(0).state(), casework::v1::DisposalTask::EXCUSED);
  EXPECT_TRUE(Call(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(handling.name())).ok());
  // The words stay out of the journal.
  EXPECT_EQ(LastEvent().after().disposals(0).note(), "");
}

TEST_F(Closing, AUnitWithoutAPartHasNothingToReport) {
  const Case handling = world.CaseIn(Case::HANDLING);
  EXPECT_EQ(ReasonOf(Close(Bureau(), "SubmitPart", PartRequest(handling.name())).status()), "NOT_YOUR_TASK");
}

// Transfers.

TEST_F(Closing, ATransferredCaseIsCheckedOnSiteOnceTheReceiverAnswers) {
  const Case handling = world.CaseIn(Case::HANDLING);
  const auto tracked = Close(world.CountyOffice(), "TransferCase", TransferRequest(handling.name()));
  ASSERT_TRUE(tracked.ok()) << tracked.status();
  EXPECT_EQ(tracked->state(), Case::TRACKED);
  EXPECT_EQ(tracked->transfer().receiver_display_name(), "县公安局");
  EXPECT_EQ(casework::FromTimestamp(tracked->due_time()), world.clock().Now() + absl::Hours(30 * 24));
  EXPECT_EQ(LastEvent().reason(), "");

  world.clock().Advance(absl::Hours(24));
  auto bare = ResultRequest(handling.name());
  bare.clear_evidence();
  EXPECT_EQ(ReasonOf(Close(world.CountyOffice(), "SubmitTransferResult", bare).status()), "EVIDENCE_MISSING");
  const auto answered = Close(world.CountyOffice(), "SubmitTransferResult", ResultRequest(handling.name()));
  ASSERT_TRUE(answered.ok()) << answered.status();
  EXPECT_EQ(answered->state(), Case::CHECKING);
  EXPECT_EQ(answered->transfer().result_document_no(), "公环决字〔2026〕1号");
  EXPECT_EQ(Passed(handling.name()).state(), Case::SIGN_OFF);
  const auto closed = Sign(world.Leader(), handling.name());
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->state(), Case::CLOSED);
}

TEST_F(Closing, OnlyThePoliceAreNamedWithoutBeingOnTheGround) {
  const Case handling = world.CaseIn(Case::HANDLING);
  auto request = TransferRequest(handling.name());
  request.set_kind(casework::v1::Transfer::ENFORCEMENT);
  EXPECT_EQ(Close(world.CountyOffice(), "TransferCase", request).status().code(),
            absl::StatusCode::kInvalidArgument);
  request.set_receiver(bureau);
  request.set_request_id(world.NewId());
  ASSERT_TRUE(Close(world.CountyOffice(), "TransferCase", request).ok());
  // The receiver answers for itself, and has then fixed it.
  const auto answered = Close(Bureau(), "SubmitTransferResult", ResultRequest(handling.name()));
  ASSERT_TRUE(answered.ok()) << answered.status();
  EXPECT_EQ(answered->fixer(),
            ResourceName("persons", City().PersonIn(City().HandlerOf(City().bureaus[0]).id)));
}

// Disputes.

TEST_F(Closing, AReportersDisputeIsCheckedByAnotherPersonAndSignedOneLevelUp) {
  const Case watched = world.CaseIn(Case::MONITORING);
  world.clock().Advance(absl::Hours(24 * 3));
  const auto disputed = Close(world.Dispatcher(), "DisputeClosing", DisputeRequest(watched.name(), true));
  ASSERT_TRUE(disputed.ok()) << disputed.status();
  EXPECT_EQ(disputed->state(), Case::CHECKING);
  EXPECT_TRUE(disputed->disputed());
  EXPECT_TRUE(disputed->reporter_disputed());
  EXPECT_EQ(disputed->check_post(), "");
  EXPECT_EQ(LastEvent().after().dispute().reason(), "");

  world.Settle();
  const Case checking = world.Get(watched.name());
  ASSERT_NE(checking.check_post(), "");
  EXPECT_NE(ResourceName("persons", City().PersonIn(*ParseResourceName("posts", checking.check_post()))),
            watched.checker());
  const Case passed = Passed(watched.name());
  EXPECT_EQ(passed.pass_time().seconds(), watched.pass_time().seconds());
  EXPECT_EQ(ReasonOf(Sign(world.Leader(), watched.name()).status()), "ANOTHER_PERSON_NEEDED");
  const auto closed = Sign(CountyLeader(), watched.name());
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->close_time().seconds(), watched.close_time().seconds());
  EXPECT_EQ(casework::FromTimestamp(closed->reclose_time()), world.clock().Now());
  EXPECT_EQ(closed->closed_on_time(), watched.closed_on_time());

  // Watched anew from the closing that counts now; the reporter has had his say.
  world.Settle();
  const Case again = world.Get(watched.name());
  EXPECT_EQ(casework::FromTimestamp(again.recheck_time()), world.clock().Now() + absl::Hours(7 * 24));
  EXPECT_EQ(
      ReasonOf(Close(world.Dispatcher(), "DisputeClosing", DisputeRequest(watched.name(), true)).status()),
      "DISPUTE_USED");
}

TEST_F(Closing, AReporterDisputesWithinFifteenDaysAndASuperiorAtAnyTime) {
  const Case watched = world.CaseIn(Case::MONITORING);
  world.clock().Advance(absl::Hours(24 * 16));
  const auto late = Close(world.Dispatcher(), "DisputeClosing", DisputeRequest(watched.name(), true));
  EXPECT_EQ(ReasonOf(late.status()), "DISPUTE_TOO_LATE");
  EXPECT_NE(Fact(late.status(), "due"), "");
  const auto superior = Close(CountyLeader(), "DisputeClosing", DisputeRequest(watched.name(), false));
  ASSERT_TRUE(superior.ok()) << superior.status();
  EXPECT_EQ(superior->dispute().seat(), "SUPERIOR");
  EXPECT_FALSE(superior->reporter_disputed());
}

// Signatures.

TEST_F(Closing, AfterTheSecondReworkTheSignatureGoesOneLevelUp) {
  const Case checking = world.CaseIn(Case::CHECKING);
  ASSERT_TRUE(Check(checking.name(), SubmitCheckRequest::FAIL).ok());
  ASSERT_TRUE(Call(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(checking.name())).ok());
  world.Settle();
  ASSERT_TRUE(Check(checking.name(), SubmitCheckRequest::FAIL).ok());
  ASSERT_EQ(Passed(checking.name()).rework_count(), 2);
  const auto refused = Sign(world.Leader(), checking.name());
  EXPECT_EQ(ReasonOf(refused.status()), "ANOTHER_PERSON_NEEDED");
  EXPECT_EQ(Fact(refused.status(), "seat"), "上一级网格长");
  EXPECT_TRUE(Sign(CountyLeader(), checking.name()).ok());
}

TEST_F(Closing, ACaseIsNotSignedBeforeEverySeatOfItsJointReviewHasAgreed) {
  const std::string name = world.CaseIn(Case::SIGN_OFF, "CLUSTER").name();
  const auto missing = Sign(world.Leader(), name);
  EXPECT_EQ(ReasonOf(missing.status()), "COSIGNERS_MISSING");
  EXPECT_EQ(Fact(missing.status(), "seat"), "县级攻坚办、县级网格长");

  ASSERT_TRUE(Close(world.CountyOffice(), "CosignCase", CosignRequest(name, "COUNTY_CENTRE")).ok());
  EXPECT_EQ(
      ReasonOf(Close(world.CountyOffice(), "CosignCase", CosignRequest(name, "COUNTY_CENTRE")).status()),
      "ALREADY_DECIDED");
  EXPECT_EQ(Close(world.CountyOffice(), "CosignCase", CosignRequest(name, bureau)).status().code(),
            absl::StatusCode::kPermissionDenied);
  // Who disagrees keeps it from being signed, until he agrees.
  const auto against = Close(CountyLeader(), "CosignCase", CosignRequest(name, "COUNTY_LEADER", false));
  ASSERT_TRUE(against.ok()) << against.status();
  EXPECT_EQ(LastEvent().after().signatures(1).reason(), "");
  EXPECT_EQ(Fact(Sign(world.Leader(), name).status(), "seat"), "县级网格长");
  ASSERT_TRUE(Close(CountyLeader(), "CosignCase", CosignRequest(name, "COUNTY_LEADER")).ok());
  const auto closed = Sign(world.Leader(), name);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->signatures_size(), 2);
}

TEST_F(Closing, ARefusedSignatureClearsTheRound) {
  const std::string name = world.CaseIn(Case::SIGN_OFF, "CLUSTER").name();
  ASSERT_TRUE(Close(world.CountyOffice(), "CosignCase", CosignRequest(name, "COUNTY_CENTRE")).ok());
  const auto refused = Sign(world.Leader(), name, false);
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->signatures_size(), 0);
}

TEST_F(Closing, ACheckerTakesNoSeat) {
  // The supervision officer of another village also leads the county, for the time being.
  const Case feedback = world.CaseIn(Case::FEEDBACK, "CLUSTER");
  auto assign = Named<casework::v1::AssignCheckRequest>(feedback.name());
  assign.set_post(
      ResourceName("posts", City().PostOf(PostKind::kSupervisionOfficer, City().villages[0][1][0]).id));
  const auto assigned = Call(world.Dispatcher(), "AssignCheck", assign);
  ASSERT_TRUE(assigned.ok()) << assigned.status();
  ASSERT_TRUE(Check(feedback.name(), SubmitCheckRequest::PASS).ok());
  const auto refused =
      Close(world.CheckerOf(*assigned), "CosignCase", CosignRequest(feedback.name(), "COUNTY_LEADER"));
  EXPECT_EQ(ReasonOf(refused.status()), "SEPARATION_OF_DUTIES");
}

// Items of a city's own.

TEST_F(Closing, HandlerAndCheckerAreAskedForTheItemsOfTheirOwnCity) {
  const Case handling = world.CaseIn(Case::HANDLING, "LOCAL");
  const auto tick = [&](auto request) {
    auto* answer = request.add_answers();
    answer->set_checklist("CLOSURE");
    answer->set_item("POWER_CUT");
    answer->set_value("yes");
    answer->add_media(world.Photo());
    return request;
  };
  EXPECT_EQ(ReasonOf(Call(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(handling.name())).status()),
            "CLOSING_CONDITION_UNMET");
  ASSERT_TRUE(Call(world.Fixer(), "SubmitFeedback", tick(world.FeedbackRequest(handling.name()))).ok());
  world.Settle();
  EXPECT_EQ(ReasonOf(Check(handling.name(), SubmitCheckRequest::PASS).status()), "CLOSING_CONDITION_UNMET");
  const auto passed = Call(world.CheckerOf(world.Get(handling.name())), "SubmitCheck",
                           tick(world.CheckRequest(handling.name(), SubmitCheckRequest::PASS)));
  EXPECT_TRUE(passed.ok()) << passed.status();
}

// Goods that stay by exception.

TEST_F(Closing, GoodsThatStayByExceptionAreLookedForOnTheDayAfter) {
  const Case handling = world.CaseIn(Case::HANDLING, "STORED");
  const auto tick = [&](auto& request, const std::string& until) {
    const auto answer = [&](const std::string& item, const std::string& value, bool shown) {
      auto* one = request.add_answers();
      one->set_checklist("CLOSURE");
      one->set_item(item);
      one->set_value(value);
      if (shown) one->add_media(world.Photo());
    };
    answer("POWER_CUT", "yes", true);
    answer("STORED_ON_SITE", "yes", true);
    answer("STORED_UNTIL", until, false);
  };
  auto past = world.FeedbackRequest(handling.name());
  tick(past, "2026-09-01");
  EXPECT_EQ(ReasonOf(Call(world.Fixer(), "SubmitFeedback", past).status()), "CLOSING_CONDITION_UNMET");
  auto feedback = world.FeedbackRequest(handling.name());
  tick(feedback, "2026-09-20");
  const auto fed_back = Call(world.Fixer(), "SubmitFeedback", feedback);
  ASSERT_TRUE(fed_back.ok()) << fed_back.status();
  EXPECT_EQ(fed_back->stored_until_date(), "2026-09-20");
  world.Settle();
  auto check = world.CheckRequest(handling.name(), SubmitCheckRequest::PASS);
  tick(check, "2026-09-20");
  ASSERT_TRUE(Call(world.CheckerOf(world.Get(handling.name())), "SubmitCheck", check).ok());
  ASSERT_TRUE(Sign(world.Leader(), handling.name()).ok());
  world.Settle();
  ASSERT_TRUE(Recheck(world.Patrol(), handling.name(), SubmitRecheckRequest::HELD).ok());
  // The series of the type ends with the first; the goods are looked for once more.
  const Case watched = world.Get(handling.name());
  EXPECT_EQ(watched.state(), Case::MONITORING);
  EXPECT_EQ(absl::FormatTime("%Y-%m-%d", casework::FromTimestamp(watched.recheck_time()),
                             absl::FixedTimeZone(8 * 3600)),
            "2026-09-21");
  EXPECT_EQ(ReasonOf(Recheck(world.Patrol(), handling.name(), SubmitRecheckRequest::HELD).status()),
            "EVIDENCE_MISSING");
  auto gone = world.RecheckRequest(handling.name(), SubmitRecheckRequest::HELD);
  world.AddPhoto(type::v1::Evidence::ABSENCE, gone.mutable_evidence());
  const auto archived = Call(world.Patrol(), "SubmitRecheck", gone);
  ASSERT_TRUE(archived.ok()) << archived.status();
  EXPECT_EQ(archived->state(), Case::ARCHIVED);
}

}  // namespace
}  // namespace gridwarden::testing
