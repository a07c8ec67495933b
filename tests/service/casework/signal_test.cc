// The life of signals: merged and taken back, rejected by two, disputed, handed over, answered, and what a
// new signal says about older cases.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "casework/media_repository.h"
#include "casework/proof.h"
#include "casework/signal_candidates.h"
#include "casework/signal_repository.h"
#include "casework/timestamps.h"
#include "domain/policy/signal_rules.h"
#include "gridwarden/casework/v1/signal_service.pb.h"
#include "service/casework/casework_world.h"
#include "support/statement_plan.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::MergeCandidate;
using casework::v1::Signal;
using domain::PostKind;

constexpr std::string_view kSignals = "gridwarden.casework.v1.SignalService/";
constexpr std::string_view kSource = "sources/01900000-0000-7000-8000-0000000000aa";

std::string FactOf(const absl::Status& status, const std::string& name) {
  const std::optional<ErrorFacts> facts = FactsOf(status);
  if (!facts || !facts->metadata.contains(name)) return "none";
  return facts->metadata.at(name);
}

class SignalLife : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& token, std::string_view method, const Request& request) {
    return world.server().Call<Response>(token, absl::StrCat(std::string(kSignals), std::string(method)),
                                         request);
  }
  template <typename Request>
  Request Named(const std::string& name) {
    Request request;
    request.set_request_id(world.NewId());
    request.set_name(name);
    return request;
  }
  using Change = std::function<void(Signal&)>;
  Signal Lead(const Change& change = nullptr, const std::string& category = "DUST") {
    auto request = world.LeadRequest(category);
    PutAt(*request.mutable_signal(), 0);
    if (change) change(*request.mutable_signal());
    const auto made = world.Call<Signal>(world.Dispatcher(), "SubmitSignal", request);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *made : Signal();
  }
  Signal Find(const Change& change = nullptr, const std::string& category = "DUST") {
    auto request = world.SignalRequest(category);
    PutAt(*request.mutable_signal(), 0);
    if (change) change(*request.mutable_signal());
    const auto made = world.Call<Signal>(world.Patrol(), "SubmitSignal", request);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *made : Signal();
  }
  // So many metres north of one point of the village.
  static void PutAt(Signal& signal, double metres) {
    signal.mutable_position()->set_longitude(114.02);
    signal.mutable_position()->set_latitude(33.01 + metres / 111'195.0);
    signal.mutable_position()->set_datum(type::v1::Position::WGS84);
    signal.mutable_position()->set_accuracy_m(10);
  }
  static Change At(double metres) {
    return [metres](Signal& signal) { PutAt(signal, metres); };
  }
  static void OfSource(Signal& signal) { signal.set_source(std::string(kSource)); }

  absl::StatusOr<Signal> Merge(const Signal& signal, const std::string& into) {
    return MergeAs(world.Dispatcher(), signal, into);
  }
  absl::StatusOr<Signal> MergeAs(const std::string& token, const Signal& signal, const std::string& into) {
    auto request = Named<casework::v1::MergeSignalRequest>(signal.name());
    request.set_into(into);
    request.set_reason("同一处扬尘，户主王某");
    return Ask<Signal>(token, "MergeSignal", request);
  }
  absl::StatusOr<Signal> Unmerge(const Signal& signal) {
    auto request = Named<casework::v1::UnmergeSignalRequest>(signal.name());
    request.set_reason("不是同一处");
    return Ask<Signal>(world.Dispatcher(), "UnmergeSignal", request);
  }
  absl::StatusOr<Signal> Reject(const std::string& token, const Signal& signal) {
    auto request = Named<casework::v1::RejectSignalRequest>(signal.name());
    request.set_reason("现场未发现");
    return world.Call<Signal>(token, "RejectSignal", request);
  }
  absl::StatusOr<Signal> Dispute(const Signal& signal) {
    auto request = Named<casework::v1::DisputeRejectionRequest>(signal.name());
    request.set_statement("昨夜仍在冒烟");
    return Ask<Signal>(world.Dispatcher(), "DisputeRejection", request);
  }
  absl::StatusOr<Signal> SendCheck(const std::string& token, const Signal& signal, PostKind kind) {
    auto request = Named<casework::v1::RequestOnsiteCheckRequest>(signal.name());
    request.set_post(ResourceName("posts", City().PostOf(kind, world.village).id));
    return world.Call<Signal>(token, "RequestOnsiteCheck", request);
  }
  absl::StatusOr<Signal> Look(PostKind kind, const Signal& signal, Signal::OnsiteCheck::Result result) {
    auto request = Named<casework::v1::SubmitOnsiteCheckRequest>(signal.name());
    request.set_result(result);
    request.set_note("到场查看");
    world.AddPhoto(type::v1::Evidence::NEAR, request.mutable_evidence());
    world.AddPhoto(type::v1::Evidence::FAR, request.mutable_evidence());
    if (result == Signal::OnsiteCheck::ABSENT)
      world.AddPhoto(type::v1::Evidence::ABSENCE, request.mutable_evidence());
    *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
    return world.Call<Signal>(world.Token(kind, world.village), "SubmitOnsiteCheck", request);
  }
  absl::StatusOr<Signal> Tell(const Signal& signal) {
    return Ask<Signal>(world.Dispatcher(), "TellReporter",
                       Named<casework::v1::TellReporterRequest>(signal.name()));
  }
  Signal Get(const Signal& signal) {
    casework::v1::GetSignalRequest request;
    request.set_name(signal.name());
    return *world.Call<Signal>(world.Dispatcher(), "GetSignal", request);
  }
  std::vector<MergeCandidate> Candidates(const Signal& signal) {
    casework::v1::ListMergeCandidatesRequest request;
    request.set_name(signal.name());
    const auto list =
        Ask<casework::v1::ListMergeCandidatesResponse>(world.Dispatcher(), "ListMergeCandidates", request);
    EXPECT_TRUE(list.ok()) << list.status();
    if (!list.ok()) return {};
    return {list->candidates().begin(), list->candidates().end()};
  }
  // A case under watch at the source, and the point.
  Case Watched() {
    auto request = world.SignalRequest();
    PutAt(*request.mutable_signal(), 0);
    request.mutable_signal()->set_source(std::string(kSource));
    return world.CaseOf(request, Case::MONITORING);
  }
};

TEST_F(SignalLife, AMergedSignalNamesItsCaseAndItsReasonStaysOutOfTheJournal) {
  const Case open = [&] {
    auto request = world.SignalRequest();
    PutAt(*request.mutable_signal(), 0);
    return world.CaseOf(request, Case::FILED);
  }();
  const auto merged = Merge(Lead(At(35)), open.name());
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->state(), Signal::MERGED);
  EXPECT_EQ(merged->case_(), open.name());
  EXPECT_EQ(merged->merged_into(), open.name());
  EXPECT_FALSE(merged->has_due_time());
  EXPECT_EQ(world.Get(open.name()).signals_size(), 1) << "the merged one is not evidence of the case";
  const std::string journal =
      world.database().Ask("SELECT GROUP_CONCAT(HEX(body) SEPARATOR '') FROM journal_stage");
  EXPECT_EQ(journal.find(absl::BytesToHexString("户主王某")), std::string::npos);
}

TEST_F(SignalLife, MergesOnlyWhatIsNearEnoughInPlaceAndTimeAndSaysTheNumbers) {
  const Signal first = Lead();
  const auto far = Merge(Lead(At(250)), first.name());
  EXPECT_EQ(ReasonOf(far.status()), "NOT_SAME_PROBLEM");
  EXPECT_EQ(FactOf(far.status(), "distance_m"), "250");
  EXPECT_EQ(FactOf(far.status(), "radius_m"), "200");
  EXPECT_EQ(FactOf(far.status(), "why"), "相距 250 米，相隔 0.0 小时（上限 200 米、72 小时）");
  world.clock().Advance(absl::Hours(73));
  const auto late = Merge(Lead(At(10)), first.name());
  EXPECT_EQ(ReasonOf(late.status()), "NOT_SAME_PROBLEM");
  EXPECT_EQ(FactOf(late.status(), "gap_hours"), "73.0");
  const auto other = Merge(Lead(At(0), "SMALL_POLLUTER"), Lead(At(5)).name());
  EXPECT_EQ(FactOf(other.status(), "same_type"), "false");
}

TEST_F(SignalLife, OneSourceIsOneProblemWhereverAndWheneverItWasSeen) {
  const Signal first = Lead([](Signal& s) { OfSource(s); });
  world.clock().Advance(absl::Hours(300));
  const auto merged = Merge(Lead([](Signal& s) { OfSource(s), PutAt(s, 5000); }), first.name());
  EXPECT_TRUE(merged.ok()) << merged.status();
}

TEST_F(SignalLife, IsNotMergedIntoItselfNorIntoWhatHasEnded) {
  const Signal first = Lead(), second = Lead(At(5));
  EXPECT_EQ(ReasonOf(Merge(first, first.name()).status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Merge(first, "posts/x").status()), "INVALID_FIELD");
  ASSERT_TRUE(Reject(world.Dispatcher(), second).ok());
  const auto refused = Merge(first, second.name());
  EXPECT_EQ(ReasonOf(refused.status()), "MERGE_TARGET_ENDED");
  EXPECT_EQ(FactOf(refused.status(), "state"), "不予立案");
  EXPECT_EQ(ReasonOf(Merge(first, Watched().name()).status()), "MERGE_TARGET_ENDED");
}

TEST_F(SignalLife, ATargetElsewhereIsRefusedInTheWordsOfAnAbsentOne) {
  auto elsewhere = world.LeadRequest();
  elsewhere.mutable_signal()->set_division(ResourceName("divisions", City().villages[1][1][0]));
  const auto there = world.Call<Signal>(world.Token(PostKind::kCampaignOffice, City().townships[1][1]),
                                        "SubmitSignal", elsewhere);
  ASSERT_TRUE(there.ok()) << there.status();
  const auto refused = Merge(Lead(), there->name());
  const auto absent = Merge(Lead(), "signals/01900000-0000-7000-8000-0000000000bb");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(refused.status(), absent.status());
}

TEST_F(SignalLife, TheCaseOfALaterFiledTargetIsShown) {
  const Signal target = Find(), near = Find(At(20)), nearer = Find(At(10));
  ASSERT_TRUE(Merge(nearer, near.name()).ok());
  ASSERT_TRUE(Merge(near, target.name()).ok());
  EXPECT_EQ(Get(nearer).case_(), "");
  const auto filed = world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(target.name()));
  ASSERT_TRUE(filed.ok()) << filed.status();
  EXPECT_EQ(Get(near).case_(), filed->name());
  EXPECT_EQ(Get(nearer).case_(), filed->name());
  casework::v1::ListSignalsRequest list;
  list.add_states(Signal::MERGED);
  const auto listed = world.Call<casework::v1::ListSignalsResponse>(world.Dispatcher(), "ListSignals", list);
  ASSERT_EQ(listed->signals_size(), 2);
  for (const Signal& signal : listed->signals()) EXPECT_EQ(signal.case_(), filed->name());
  // Merging into a signal that was filed is merging into its case.
  const auto late = Merge(Find(At(15)), target.name());
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->merged_into(), filed->name());
  list.set_merged_into(filed->name());
  const auto merged = world.Call<casework::v1::ListSignalsResponse>(world.Dispatcher(), "ListSignals", list);
  ASSERT_TRUE(merged.ok()) << merged.status();
  ASSERT_EQ(merged->signals_size(), 1);
  EXPECT_EQ(merged->signals(0).name(), late->name());
}

TEST_F(SignalLife, TwoSignalsMergedIntoEachOtherAtOnceLeaveOneOpen) {
  const Signal one = Lead(), other = Lead(At(5));
  const auto first = Merge(one, other.name());
  const auto second = Merge(other, one.name());
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(ReasonOf(second.status()), "MERGE_TARGET_ENDED");
}

TEST_F(SignalLife, TwoOfficesThatMergeTwoSignalsIntoEachOtherAreServedInTurn) {
  for (int round = 0; round < 20; ++round) {
    const Signal one = Lead(), other = Lead(At(5));
    absl::StatusOr<Signal> first, second;
    std::thread a([&] { first = MergeAs(world.Dispatcher(), one, other.name()); });
    std::thread b([&] { second = MergeAs(world.CountyOffice(), other, one.name()); });
    a.join();
    b.join();
    ASSERT_NE(first.ok(), second.ok()) << first.status() << " " << second.status();
    EXPECT_EQ(ReasonOf(first.ok() ? second.status() : first.status()), "MERGE_TARGET_ENDED");
    ASSERT_TRUE(Reject(world.CountyOffice(), first.ok() ? other : one).ok());
  }
}

TEST_F(SignalLife, TwoPeopleWhoRejectAtOnceProposeAndDecide) {
  const Signal lead = Lead([](Signal& s) { s.set_reporter_identified(true); });
  absl::StatusOr<Signal> first, second;
  std::thread a([&] { first = Reject(world.Dispatcher(), lead); });
  std::thread b([&] { second = Reject(world.CountyOffice(), lead); });
  a.join();
  b.join();
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << " " << second.status();
  EXPECT_NE(first->state() == Signal::REJECTED, second->state() == Signal::REJECTED);
  EXPECT_EQ(Get(lead).state(), Signal::REJECTED);
}

// Property: a merge that is taken back leaves the signal with the facts it had; only its clock starts afresh.
TEST_F(SignalLife, AMergeThatIsTakenBackGivesBackTheFactsOfTheSignal) {
  const Signal target = Lead();
  std::vector<Signal> signals = {
      Lead(At(30)), Find(At(60)), Lead([](Signal& s) { OfSource(s); }),
      Lead([](Signal& s) { s.set_channel(Signal::PUBLIC), s.set_reporter_identified(true); })};
  const Signal asked = Lead(At(90));
  signals.push_back(*SendCheck(world.Dispatcher(), asked, PostKind::kPatrolOfficer));
  const Signal seen = *SendCheck(world.Dispatcher(), Lead(At(120)), PostKind::kPatrolOfficer);
  signals.push_back(*Look(PostKind::kPatrolOfficer, seen, Signal::OnsiteCheck::EXISTS));
  for (const Signal& before : signals) {
    world.clock().Advance(absl::Minutes(7));
    ASSERT_TRUE(Merge(before, target.name()).ok());
    const auto after = Unmerge(before);
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_EQ(casework::FromTimestamp(after->due_time()), world.clock().Now() + absl::Hours(2));
    Signal same = *after, wanted = before;
    for (Signal* signal : {&same, &wanted}) {
      signal->clear_state();
      signal->clear_due_time();
      signal->clear_etag();
      signal->clear_clocks();
    }
    EXPECT_EQ(same.SerializeAsString(), wanted.SerializeAsString()) << same.DebugString() << "\n"
                                                                    << wanted.DebugString();
    EXPECT_EQ(after->state(), Signal::NEW);
  }
}

TEST_F(SignalLife, AMergeIsFinalAfterSevenDays) {
  const Signal target = Lead(), signal = Lead(At(5));
  ASSERT_TRUE(Merge(signal, target.name()).ok());
  world.clock().Advance(absl::Hours(7 * 24) + absl::Seconds(1));
  const auto late = Unmerge(signal);
  EXPECT_EQ(ReasonOf(late.status()), "MERGE_FINAL");
  EXPECT_EQ(FactOf(late.status(), "days"), "7");
}

TEST_F(SignalLife, WhatACheckFoundStillBindsAfterAMergeWasTakenBack) {
  const Signal target = Lead();
  Signal signal = *SendCheck(world.Dispatcher(), Lead(At(5)), PostKind::kPatrolOfficer);
  signal = *Look(PostKind::kPatrolOfficer, signal, Signal::OnsiteCheck::EXISTS);
  ASSERT_TRUE(Merge(signal, target.name()).ok());
  ASSERT_TRUE(Unmerge(signal).ok());
  EXPECT_EQ(ReasonOf(Reject(world.Dispatcher(), signal).status()), "ILLEGAL_TRANSITION");
  EXPECT_TRUE(world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(signal.name())).ok());
}

TEST_F(SignalLife, AMergedSignalsPhotosStayItsOwn) {
  const Signal target = Find(), signal = Find(At(5));
  const auto filed = world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(target.name()));
  ASSERT_TRUE(Merge(signal, filed->name()).ok());
  const Uuid chain = *ParseResourceName("cases", filed->name());
  std::vector<std::string> of_chain, of_signal;
  ASSERT_TRUE(world.database()
                  .database()
                  .Run([&](db::Transaction& tx) -> absl::Status {
                    of_chain = *casework::ReadMediaOfChain(tx, chain);
                    of_signal =
                        *casework::ReadMediaOfSignal(tx, *ParseResourceName("signals", signal.name()));
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(of_signal.size(), 2);
  for (const std::string& media : casework::MediaNames(of_chain)) {
    EXPECT_NE(media, signal.evidence(0).media());
    EXPECT_NE(media, signal.evidence(1).media());
  }
  // And prove nothing for the case.
  ASSERT_TRUE(
      world.Call<Case>(world.Dispatcher(), "DispatchCase", world.DispatchRequest(filed->name())).ok());
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "AcceptCase", world.AcceptRequest(filed->name())).ok());
  auto feedback = world.FeedbackRequest(filed->name());
  feedback.mutable_evidence(0)->set_media(signal.evidence(0).media());
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Fixer(), "SubmitFeedback", feedback).status()),
            "PHOTO_OF_OTHER_CASE");
}

TEST_F(SignalLife, ARejectionTakesTwoPeopleWhereTheReporterIsKnown) {
  const Signal lead = Lead([](Signal& s) { s.set_reporter_identified(true); });
  const auto proposed = Reject(world.Dispatcher(), lead);
  ASSERT_TRUE(proposed.ok()) << proposed.status();
  EXPECT_EQ(proposed->state(), Signal::NEW);
  EXPECT_EQ(proposed->rejection_proposal().reason(), "现场未发现");
  EXPECT_EQ(proposed->due_time().seconds(), lead.due_time().seconds()) << "a proposal stops no clock";
  EXPECT_EQ(ReasonOf(Reject(world.Dispatcher(), lead).status()), "ANOTHER_PERSON_NEEDED");
  const auto rejected = Reject(world.CountyOffice(), lead);
  ASSERT_TRUE(rejected.ok()) << rejected.status();
  EXPECT_EQ(rejected->state(), Signal::REJECTED);
  EXPECT_EQ(rejected->rejection_proposal().person(), proposed->rejection_proposal().person());
  const std::string journal =
      world.database().Ask("SELECT GROUP_CONCAT(HEX(body) SEPARATOR '') FROM journal_stage");
  EXPECT_EQ(journal.find(absl::BytesToHexString("现场未发现")), std::string::npos);
}

TEST_F(SignalLife, OnlyALeadOfThePublicHasAReporterToName) {
  auto request = world.SignalRequest();
  request.mutable_signal()->set_reporter_identified(true);
  EXPECT_EQ(ReasonOf(world.Call<Signal>(world.Patrol(), "SubmitSignal", request).status()), "INVALID_FIELD");
  auto accused = world.LeadRequest();
  accused.mutable_signal()->set_accused_unit("units/01900000-0000-7000-8000-0000000000cc");
  EXPECT_EQ(ReasonOf(world.Call<Signal>(world.Dispatcher(), "SubmitSignal", accused).status()),
            "INVALID_FIELD");
}

TEST_F(SignalLife, WhoHadTheLastCaseOfTheSourceDoesNotLookWhetherItIsSo) {
  ASSERT_EQ(Watched().handler(), world.FixerPost());
  const Signal lead = Lead([](Signal& s) { OfSource(s); });
  const auto refused = SendCheck(world.Dispatcher(), lead, PostKind::kGridOfficer);
  EXPECT_EQ(ReasonOf(refused.status()), "ACCUSED_UNIT");
  EXPECT_TRUE(SendCheck(world.Dispatcher(), lead, PostKind::kPatrolOfficer).ok());
}

TEST_F(SignalLife, NobodyOfTheUnitThatIsComplainedAboutLooksWhetherItIsSo) {
  const Uuid bureau = City().bureaus[0];
  const Signal lead = Lead([&](Signal& s) { s.set_accused_unit(ResourceName("units", bureau)); });
  auto request = Named<casework::v1::RequestOnsiteCheckRequest>(lead.name());
  request.set_post(ResourceName("posts", City().ground->PostsOfUnit(bureau).front()->id));
  const auto refused = world.Call<Signal>(world.Dispatcher(), "RequestOnsiteCheck", request);
  EXPECT_EQ(ReasonOf(refused.status()), "ACCUSED_UNIT");
  EXPECT_EQ(FactOf(refused.status(), "unit"), City().ground->FindUnit(bureau)->display_name);
  EXPECT_TRUE(SendCheck(world.Dispatcher(), lead, PostKind::kPatrolOfficer).ok());
}

TEST_F(SignalLife, ADisputedRejectionIsTheCountysOnceAndInTime) {
  Signal lead = *SendCheck(world.Dispatcher(), Lead(), PostKind::kPatrolOfficer);
  ASSERT_TRUE(Look(PostKind::kPatrolOfficer, lead, Signal::OnsiteCheck::ABSENT).ok());
  ASSERT_TRUE(Reject(world.Dispatcher(), lead).ok());
  const auto disputed = Dispute(lead);
  ASSERT_TRUE(disputed.ok()) << disputed.status();
  EXPECT_EQ(disputed->state(), Signal::ONSITE_CHECK);
  EXPECT_EQ(disputed->dispute_count(), 1);
  EXPECT_FALSE(disputed->has_onsite_check());
  // The township decides nothing any more.
  EXPECT_EQ(SendCheck(world.Dispatcher(), lead, PostKind::kGridOfficer).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Reject(world.Dispatcher(), lead).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(lead.name())).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Merge(lead, Lead(At(5)).name()).status().code(), absl::StatusCode::kPermissionDenied);
  // Nobody looked again yet.
  EXPECT_EQ(ReasonOf(Reject(world.CountyOffice(), lead).status()), "ILLEGAL_TRANSITION");
  ASSERT_TRUE(SendCheck(world.CountyOffice(), lead, PostKind::kGridOfficer).ok());
  EXPECT_EQ(ReasonOf(SendCheck(world.CountyOffice(), lead, PostKind::kPatrolOfficer).status()),
            "ILLEGAL_TRANSITION");
  ASSERT_TRUE(Look(PostKind::kGridOfficer, lead, Signal::OnsiteCheck::ABSENT).ok());
  ASSERT_TRUE(Reject(world.CountyOffice(), lead).ok());
  EXPECT_EQ(ReasonOf(Dispute(lead).status()), "DISPUTE_USED");

  const Signal old = Lead(At(1000));
  ASSERT_TRUE(Reject(world.Dispatcher(), old).ok());
  world.clock().Advance(absl::Hours(15 * 24) + absl::Seconds(1));
  EXPECT_EQ(ReasonOf(Dispute(old).status()), "DISPUTE_TOO_LATE");
}

TEST_F(SignalLife, WhoCouldNotCheckBeforeADisputeDoesNotCountAfterIt) {
  const Signal lead = Lead();
  for (const PostKind kind : {PostKind::kPatrolOfficer, PostKind::kGridOfficer}) {
    ASSERT_TRUE(SendCheck(world.Dispatcher(), lead, kind).ok());
    ASSERT_TRUE(Look(kind, lead, Signal::OnsiteCheck::UNABLE).ok());
  }
  ASSERT_TRUE(Reject(world.Dispatcher(), lead).ok());
  ASSERT_TRUE(Dispute(lead).ok());
  ASSERT_TRUE(SendCheck(world.CountyOffice(), lead, PostKind::kPatrolOfficer).ok());
  const auto again = Look(PostKind::kPatrolOfficer, lead, Signal::OnsiteCheck::UNABLE);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->onsite_check().unable_count(), 1);
  EXPECT_EQ(ReasonOf(Reject(world.CountyOffice(), lead).status()), "ILLEGAL_TRANSITION");
}

TEST_F(SignalLife, ATransferNamesItsReceiver) {
  auto request = Named<casework::v1::TransferSignalRequest>(Lead().name());
  request.set_kind(casework::v1::Transfer::POLICE);
  request.set_document_no("移〔2026〕7号");
  EXPECT_EQ(ReasonOf(Ask<Signal>(world.CountyOffice(), "TransferSignal", request).status()), "INVALID_FIELD");
  request.set_receiver_display_name("县公安局");
  const auto sent = Ask<Signal>(world.CountyOffice(), "TransferSignal", request);
  ASSERT_TRUE(sent.ok()) << sent.status();
  EXPECT_EQ(sent->transfer().receiver_display_name(), "县公安局");
  EXPECT_EQ(casework::FromTimestamp(sent->transfer().time()), world.clock().Now());
}

TEST_F(SignalLife, TheReporterOfARejectedOrMergedLeadIsToldOnceAndInTime) {
  const Signal target = Lead(), merged = Lead(At(5)), rejected = Lead(At(1000)), open = Lead(At(2000));
  ASSERT_TRUE(Merge(merged, target.name()).ok());
  ASSERT_TRUE(Reject(world.Dispatcher(), rejected).ok());
  ASSERT_TRUE(Reject(world.Dispatcher(), Find(At(3000))).ok());
  casework::v1::ListSignalsRequest waiting;
  waiting.set_reporter_to_tell(true);
  waiting.set_page_size(1);
  const auto list = [&] {
    return *world.Call<casework::v1::ListSignalsResponse>(world.Dispatcher(), "ListSignals", waiting);
  };
  const auto first = list();
  ASSERT_EQ(first.signals_size(), 1);
  ASSERT_NE(first.next_page_token(), "");
  waiting.set_page_token(first.next_page_token());
  const auto second = list();
  ASSERT_EQ(second.signals_size(), 1);
  EXPECT_EQ(second.next_page_token(), "");
  EXPECT_EQ((std::set<std::string>{first.signals(0).name(), second.signals(0).name()}),
            (std::set<std::string>{merged.name(), rejected.name()}));
  EXPECT_TRUE(merged.has_acknowledge_due_time());
  EXPECT_EQ(merged.acknowledge_due_time().seconds(), Get(merged).acknowledge_due_time().seconds());

  const auto told = Tell(merged);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(casework::FromTimestamp(told->reporter_told_time()), world.clock().Now());
  EXPECT_EQ(ReasonOf(Tell(merged).status()), "ALREADY_DECIDED");
  waiting.clear_page_token();
  EXPECT_EQ(list().signals(0).name(), rejected.name());
  *waiting.mutable_as_of() = casework::ToTimestamp(world.clock().Now());
  EXPECT_EQ(list().signals_size(), 0) << "nothing is overdue yet";
  // What was told no longer holds once the merge is taken back.
  ASSERT_TRUE(Unmerge(merged).ok());
  EXPECT_FALSE(Get(merged).has_reporter_told_time());
}

TEST_F(SignalLife, TheStoryOfASignalSaysWhoMergedItAndWhoToldItsReporter) {
  const Signal target = Lead(), merged = Lead(At(5));
  ASSERT_TRUE(Merge(merged, target.name()).ok());
  ASSERT_TRUE(Tell(merged).ok());
  casework::v1::ListCaseEventsRequest request;
  request.set_name(merged.name());
  const auto story =
      world.Call<casework::v1::ListCaseEventsResponse>(world.Dispatcher(), "ListCaseEvents", request);
  ASSERT_TRUE(story.ok()) << story.status();
  ASSERT_EQ(story->events_size(), 3);
  EXPECT_EQ(story->events(1).action(), casework::v1::MERGE);
  EXPECT_EQ(story->events(1).reason(), "同一处扬尘，户主王某");
  EXPECT_EQ(story->events(2).action(), casework::v1::TELL_REPORTER);
  EXPECT_EQ(story->events(2).post(),
            ResourceName("posts", City().PostOf(PostKind::kCampaignOffice, world.township).id));
  const std::string elsewhere = world.Token(PostKind::kCampaignOffice, City().townships[1][1]);
  EXPECT_EQ(
      world.Call<casework::v1::ListCaseEventsResponse>(elsewhere, "ListCaseEvents", request).status().code(),
      absl::StatusCode::kPermissionDenied);
}

TEST_F(SignalLife, NobodyIsToldAboutAFindOfOurOwn) {
  const Signal find = Find();
  ASSERT_TRUE(Reject(world.Dispatcher(), find).ok());
  EXPECT_EQ(ReasonOf(Tell(find).status()), "NO_REPORTER");
}

TEST_F(SignalLife, ANewSignalAtAWatchedCaseShowsThatItsClosureDidNotHold) {
  const Case watched = Watched();
  world.clock().Advance(absl::Hours(24));
  const Signal signal = Find(At(80));
  const std::vector<MergeCandidate> candidates = Candidates(signal);
  ASSERT_EQ(candidates.size(), 1u);
  EXPECT_EQ(candidates[0].kind(), MergeCandidate::REBOUND);
  EXPECT_EQ(candidates[0].name(), watched.name());
  EXPECT_EQ(candidates[0].case_no(), watched.case_no());

  auto request = world.FileRequest(signal.name());
  request.set_rebound_of(watched.name());
  const std::string before = world.database().Ask("SELECT COUNT(*) FROM journal_stage");
  const auto filed = world.Call<Case>(world.Dispatcher(), "FileCase", request);
  ASSERT_TRUE(filed.ok()) << filed.status();
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM journal_stage"), absl::StrCat(std::stoi(before) + 3))
      << "the signal, the old case and the new one";
  EXPECT_EQ(filed->rebound_of(), watched.name());
  EXPECT_EQ(filed->chain(), watched.chain());
  const Case old = world.Get(watched.name());
  EXPECT_EQ(old.state(), Case::REBOUNDED);
  EXPECT_EQ(old.held(), Case::NOT_HELD);
  EXPECT_EQ(old.rebounded_into(), filed->name());
  EXPECT_FALSE(old.has_recheck_time());
  EXPECT_EQ(old.close_time().seconds(), watched.close_time().seconds()) << "the first closing stays";
  // Half the time to put it right.
  ASSERT_TRUE(
      world.Call<Case>(world.Dispatcher(), "DispatchCase", world.DispatchRequest(filed->name())).ok());
  const auto handling = world.Call<Case>(world.Fixer(), "AcceptCase", world.AcceptRequest(filed->name()));
  ASSERT_TRUE(handling.ok()) << handling.status();
  EXPECT_EQ(casework::FromTimestamp(handling->due_time()), world.clock().Now() + absl::Hours(36));
}

TEST_F(SignalLife, ReboundsOnlyACaseUnderWatchThatIsNearEnough) {
  const Case watched = Watched();
  const auto file = [&](const Signal& signal, const std::string& old) {
    auto request = world.FileRequest(signal.name());
    request.set_rebound_of(old);
    return world.Call<Case>(world.Dispatcher(), "FileCase", request).status();
  };
  world.clock().Advance(absl::Hours(24));
  const absl::Status far = file(Find(At(120)), watched.name());
  EXPECT_EQ(ReasonOf(far), "NOT_SAME_PROBLEM");
  EXPECT_EQ(FactOf(far, "radius_m"), "100");
  EXPECT_EQ(ReasonOf(file(Find(), world.CaseIn(Case::HANDLING).name())), "ILLEGAL_TRANSITION");
  const Signal early = Find([&](Signal& s) {
    *s.mutable_event_time() = casework::ToTimestamp(world.clock().Now() - absl::Hours(60));
  });
  EXPECT_EQ(ReasonOf(file(early, watched.name())), "EVENT_TIME_BEFORE_CASE");
  EXPECT_EQ(Get(early).state(), Signal::NEW) << "nothing is half done";
  EXPECT_EQ(world.Get(watched.name()).state(), Case::MONITORING);
}

TEST_F(SignalLife, ProposesTheNearestFirstAndOnlyWhatTheCallerMayDecide) {
  const Signal far = Lead(At(150)), near = Lead(At(20)),
               source = Lead([](Signal&s) { OfSource(s), PutAt(s, 9000); });
  Lead(At(201));
  Lead(At(3), "STRAW_BURNING");
  const Signal asked = Lead([](Signal& s) { OfSource(s); });
  std::vector<std::string> names;
  for (const MergeCandidate& candidate : Candidates(asked)) names.push_back(candidate.name());
  EXPECT_EQ(names, (std::vector<std::string>{near.name(), far.name(), source.name()}));
  EXPECT_EQ(Candidates(asked).back().kind(), MergeCandidate::SAME_SOURCE);
  EXPECT_EQ(Candidates(asked).front().why(), "同类型，相距 20 米，相隔 0.0 小时");
}

TEST_F(SignalLife, ListsOfThoseToTellAndOfThoseMergedGoThroughTheirKeys) {
  const Signal signal = Lead();
  ASSERT_TRUE(Reject(world.Dispatcher(), signal).ok());
  casework::SignalFilter waiting, merged;
  waiting.to_tell_before = world.clock().Now() + absl::Hours(1000);
  merged.merged_case = Uuid::Derive(Uuid(), "a case");
  const std::vector<PlanPart> plans =
      PlansOf(world.database().database(), [&](db::Transaction& tx) -> absl::Status {
        const auto first = casework::ListSignalFiles(tx, waiting, nullptr, 50);
        if (!first.ok()) return first.status();
        EXPECT_EQ(first->size(), 1u);
        return casework::ListSignalFiles(tx, merged, nullptr, 50).status();
      });
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[0].key, "signal_tell");
  EXPECT_EQ(plans[0].type, "range");
  EXPECT_EQ(plans[0].extra.find("filesort"), std::string::npos);
  EXPECT_EQ(plans[1].key, "signal_merged");
}

// Property: what the keys and boxes find is what a scan over everything finds.
TEST_F(SignalLife, CandidatesEqualAScanOverTwoThousandSignals) {
  const auto base = [&] {
    const Signal made = Lead();
    casework::SignalFile file;
    EXPECT_TRUE(world.database()
                    .database()
                    .Run([&](db::Transaction& tx) -> absl::Status {
                      auto read = casework::ReadSignal(tx, made.name());
                      if (read.ok()) file = *read;
                      return read.status();
                    })
                    .ok());
    return file;
  }();
  std::mt19937_64 random(11);
  std::vector<casework::SignalFile> all;
  const char* kCategories[] = {"DUST", "DUST", "DUST", "STRAW_BURNING"};
  const Signal::State kStates[] = {Signal::NEW, Signal::NEW, Signal::ONSITE_CHECK, Signal::FILED,
                                   Signal::REJECTED};
  const auto metres = [&](double span) {
    return std::uniform_real_distribution<double>(-span, span)(random);
  };
  for (int i = 0; i < 2000; ++i) {
    casework::SignalFile file = base;
    file.id = Uuid::Derive(base.id, absl::StrCat("scan", i));
    file.channel_key.clear();
    file.category = kCategories[random() % 4];
    file.state = kStates[random() % 5];
    file.source = random() % 20 == 0 ? Uuid::Derive(base.id, absl::StrCat("source", random() % 5)) : Uuid();
    file.event_time = base.event_time + absl::Minutes(static_cast<int>(random() % 12000) - 6000);
    if (random() % 30 == 0) {
      file.place.position.reset();
    } else {
      file.place.position->set_latitude(33.01 + metres(700) / 111'195.0);
      file.place.position->set_longitude(114.02 + metres(700) / (111'195.0 * 0.838));
    }
    file.subject = {.id = file.id, .seq = 1, .leaf = std::string(32, 'x')};
    all.push_back(file);
  }
  ASSERT_TRUE(world.database()
                  .database()
                  .Run([&](db::Transaction& tx) -> absl::Status {
                    for (const auto& file : all) {
                      if (const absl::Status status = casework::InsertSignal(tx, file); !status.ok())
                        return status;
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  const domain::Policy& policy = *CaseworkPolicy();
  std::vector<casework::Neighbour> everything;
  for (const auto& file : all) {
    const bool open = file.state == Signal::NEW || file.state == Signal::ONSITE_CHECK;
    if (!open) continue;
    casework::Neighbour& one = everything.emplace_back();
    one = {.id = file.id, .state = file.state, .division = file.place.division};
    one.sighting = {.category = file.category, .source = file.source, .found = file.event_time};
    if (file.place.position)
      one.sighting.point = domain::Point{file.place.position->longitude(), file.place.position->latitude()};
  }
  size_t proposed = 0;
  for (int i = 0; i < 60; ++i) {
    const casework::SignalFile& asked = all[static_cast<size_t>(i) * 33];
    std::vector<casework::Neighbour> others = everything;
    std::erase_if(others, [&](const casework::Neighbour& one) { return one.id == asked.id; });
    const std::vector<MergeCandidate> scanned = casework::JudgeNeighbours(policy, asked, others);
    std::vector<MergeCandidate> found;
    ASSERT_TRUE(world.database()
                    .database()
                    .Run([&](db::Transaction& tx) -> absl::Status {
                      const auto read = casework::ReadNeighbours(tx, policy.TypeOf(asked.category), asked);
                      if (!read.ok()) return read.status();
                      std::vector<casework::Neighbour> kept = *read;
                      std::erase_if(kept, [&](const casework::Neighbour& one) { return one.id == base.id; });
                      found = casework::JudgeNeighbours(policy, asked, kept);
                      return absl::OkStatus();
                    })
                    .ok());
    ASSERT_EQ(found.size(), scanned.size());
    for (size_t k = 0; k < found.size(); ++k)
      EXPECT_EQ(found[k].SerializeAsString(), scanned[k].SerializeAsString());
    proposed += found.size();
  }
  EXPECT_GT(proposed, 500u) << "the scan has to have something to find";
}

TEST_F(SignalLife, CandidatesAreReadThroughKeys) {
  const Signal made = Lead([](Signal& s) { OfSource(s); });
  const domain::CaseType& type = CaseworkPolicy()->TypeOf("DUST");
  const std::vector<PlanPart> plans =
      PlansOf(world.database().database(), [&](db::Transaction& tx) -> absl::Status {
        const auto signal = casework::ReadSignal(tx, made.name());
        if (!signal.ok()) return signal.status();
        return casework::ReadNeighbours(tx, type, *signal).status();
      });
  ASSERT_EQ(plans.size(), 6u);
  for (const PlanPart& part : plans) {
    EXPECT_NE(part.type, "ALL") << part.sql;
    EXPECT_NE(part.type, "index") << part.sql;
  }
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(plans[i].type, "range") << plans[i].sql;
    EXPECT_TRUE(plans[i].key == "signal_near" || plans[i].key == "case_near") << plans[i].key;
  }
  for (size_t i = 4; i < 6; ++i)
    EXPECT_TRUE(plans[i].key == "signal_source" || plans[i].key == "case_source") << plans[i].key;
}

}  // namespace
}  // namespace gridwarden::testing
