#include "domain/workflow/case_workflow.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/status.h"
#include "gridwarden/casework/v1/casework.pb.h"
#include "gtest/gtest.h"

namespace gridwarden::domain {
namespace {

namespace v1 = gridwarden::casework::v1;
using A = Action;
using C = CaseState;
using S = SignalState;

// The diagram of the workflow written down once more, by state, so that a slip in the table does not repeat
// itself here.
std::map<C, std::map<A, C>> CaseMap() {
  std::map<C, std::map<A, C>> map = {
      {C::kUnspecified, {{A::kFile, C::kFiled}}},
      {C::kFiled,
       {{A::kDispatch, C::kDispatched}, {A::kSetDisposition, C::kFiled}, {A::kStopProduction, C::kFiled}}},
      {C::kDispatched,
       {{A::kReturn, C::kReturned},
        {A::kAccept, C::kHandling},
        {A::kSilentAccept, C::kHandling},
        {A::kSetDisposition, C::kDispatched},
        {A::kStopProduction, C::kDispatched},
        {A::kSubmitPart, C::kDispatched},
        {A::kExcusePart, C::kDispatched}}},
      {C::kReturned,
       {{A::kDispatch, C::kDispatched},
        {A::kSetDisposition, C::kReturned},
        {A::kStopProduction, C::kReturned}}},
      {C::kHandling,
       {{A::kSubmitFeedback, C::kFeedback},
        {A::kSetDisposition, C::kHandling},
        {A::kStopProduction, C::kHandling},
        {A::kSubmitPart, C::kHandling},
        {A::kExcusePart, C::kHandling},
        {A::kPostpone, C::kHandling},
        {A::kSuspend, C::kSuspended}}},
      {C::kSuspended, {{A::kReviewSuspension, C::kSuspended}, {A::kResume, C::kHandling}}},
      {C::kFeedback, {{A::kAssignCheck, C::kChecking}, {A::kWaitForChecker, C::kFeedback}}},
      {C::kChecking,
       {{A::kPass, C::kSignOff},
        {A::kRework, C::kHandling},
        {A::kUnable, C::kChecking},
        {A::kAssignCheck, C::kChecking},
        {A::kWaitForChecker, C::kChecking}}},
      {C::kSignOff, {{A::kCosign, C::kSignOff}, {A::kSign, C::kClosed}, {A::kRefuseSign, C::kChecking}}},
      {C::kClosed, {{A::kStartMonitoring, C::kMonitoring}, {A::kDispute, C::kChecking}}},
      {C::kMonitoring,
       {{A::kRecheckHeld, C::kArchived},
        {A::kRecheckNotObservable, C::kArchived},
        {A::kRecheckHeldSoFar, C::kMonitoring},
        {A::kRecheckNotObservableSoFar, C::kMonitoring},
        {A::kRecheckRebounded, C::kRebounded},
        {A::kContradict, C::kRebounded},
        {A::kDispute, C::kChecking}}},
      {C::kTracked, {{A::kSubmitResult, C::kChecking}}},
  };
  // What W4 allows from every open state.
  for (C open : {C::kFiled, C::kDispatched, C::kReturned, C::kHandling, C::kSuspended, C::kFeedback,
                 C::kChecking, C::kSignOff, C::kTracked}) {
    map[open][A::kForceClose] = C::kClosed;
    map[open][A::kVoid] = C::kVoided;
    map[open][A::kApply] = open;
    map[open][A::kDecide] = open;
    if (open != C::kTracked) map[open][A::kTransfer] = C::kTracked;
  }
  // A link to an older case is told in the history of any case but a void one.
  for (int i = 1; i < kCaseStateMax; ++i) map[static_cast<C>(i)][A::kLink] = static_cast<C>(i);
  return map;
}

const std::map<S, std::map<A, S>> kSignalMap = {
    {S::kUnspecified, {{A::kSubmit, S::kNew}}},
    {S::kNew,
     {{A::kRequestOnsiteCheck, S::kOnsiteCheck},
      {A::kFile, S::kFiled},
      {A::kProposeReject, S::kNew},
      {A::kReject, S::kRejected},
      {A::kMerge, S::kMerged},
      {A::kTransfer, S::kTransferred}}},
    {S::kOnsiteCheck,
     {{A::kRequestOnsiteCheck, S::kOnsiteCheck},
      {A::kSubmitOnsiteCheck, S::kOnsiteCheck},
      {A::kFile, S::kFiled},
      {A::kProposeReject, S::kOnsiteCheck},
      {A::kReject, S::kRejected},
      {A::kMerge, S::kMerged},
      {A::kTransfer, S::kTransferred}}},
    {S::kFiled, {{A::kTellReporter, S::kFiled}}},
    {S::kMerged, {{A::kUnmerge, S::kNew}, {A::kTellReporter, S::kMerged}}},
    {S::kRejected, {{A::kDispute, S::kOnsiteCheck}, {A::kTellReporter, S::kRejected}}},
    {S::kTransferred, {{A::kTellReporter, S::kTransferred}}},
};

template <typename State>
void ExpectExactly(const std::map<State, std::map<A, State>>& wanted, uint8_t state_max) {
  for (int s = 0; s <= state_max; ++s) {
    for (int a = 0; a <= kActionMax; ++a) {
      const auto from = static_cast<State>(s);
      const auto action = static_cast<A>(a);
      SCOPED_TRACE(std::string(NameOf(from)) + " " + std::string(NameOf(action)));
      const auto got = Next(from, action);
      const auto row = wanted.find(from);
      if (row != wanted.end() && row->second.contains(action)) {
        ASSERT_TRUE(got.ok());
        EXPECT_EQ(*got, row->second.at(action));
        continue;
      }
      ASSERT_EQ(got.status().code(), absl::StatusCode::kFailedPrecondition);
      const auto facts = FactsOf(got.status());
      ASSERT_TRUE(facts.has_value());
      EXPECT_EQ(facts->reason, "ILLEGAL_TRANSITION");
      EXPECT_EQ(facts->metadata.at("state"), ZhOf(from));
      EXPECT_EQ(facts->metadata.at("action"), ZhOf(action));
      EXPECT_EQ(facts->metadata.at("state_name"), NameOf(from));
      EXPECT_EQ(facts->metadata.at("action_name"), NameOf(action));
    }
  }
}

TEST(CaseWorkflow, AllowsExactlyTheStepsOfTheDiagramAndRefusesEveryOtherPair) {
  ExpectExactly(CaseMap(), kCaseStateMax);
}

TEST(SignalWorkflow, AllowsExactlyTheStepsOfTheDiagramAndRefusesEveryOtherPair) {
  ExpectExactly(kSignalMap, kSignalStateMax);
}

TEST(CaseWorkflow, HasNoPairTwiceInItsTables) {
  std::set<std::pair<C, A>> cases;
  for (const CaseStep& step : CaseSteps()) EXPECT_TRUE(cases.insert({step.from, step.action}).second);
  std::set<std::pair<S, A>> signals;
  for (const SignalStep& step : SignalSteps()) EXPECT_TRUE(signals.insert({step.from, step.action}).second);
}

TEST(CaseWorkflow, RefusesNumbersThatNoVersionKnows) {
  EXPECT_FALSE(Next(static_cast<C>(200), A::kSign).ok());
  EXPECT_FALSE(Next(C::kSignOff, static_cast<A>(200)).ok());
  EXPECT_EQ(NameOf(static_cast<C>(200)), "UNKNOWN");
}

TEST(CaseWorkflow, CarriesTheNumbersAndNamesOfTheProto) {
  ASSERT_EQ(v1::Case::State_MAX, kCaseStateMax);
  ASSERT_EQ(v1::Signal::State_MAX, kSignalStateMax);
  ASSERT_EQ(v1::Action_MAX, kActionMax);
  for (int i = 0; i <= kCaseStateMax; ++i) EXPECT_EQ(v1::Case::State_Name(i), NameOf(static_cast<C>(i)));
  for (int i = 0; i <= kSignalStateMax; ++i) EXPECT_EQ(v1::Signal::State_Name(i), NameOf(static_cast<S>(i)));
  for (int i = 0; i <= kActionMax; ++i) EXPECT_EQ(v1::Action_Name(i), NameOf(static_cast<A>(i)));
  for (int i = 0; i <= v1::Signal::Channel_MAX; ++i)
    EXPECT_EQ(v1::Signal::Channel_Name(i), NameOf(static_cast<Channel>(i)));
  for (int i = 0; i <= v1::Case::Disposition_MAX; ++i) {
    EXPECT_EQ(v1::Case::Disposition_Name(i), NameOf(static_cast<Disposition>(i)));
  }
}

TEST(CaseWorkflow, NamesEveryStateAndActionInChinese) {
  for (int i = 0; i <= kCaseStateMax; ++i) EXPECT_FALSE(ZhOf(static_cast<C>(i)).empty()) << i;
  for (int i = 0; i <= kActionMax; ++i) EXPECT_FALSE(ZhOf(static_cast<A>(i)).empty()) << i;
  EXPECT_EQ(ZhOf(C::kHandling), "处置");
  EXPECT_EQ(ZhOf(A::kSubmitFeedback), "反馈");
}

TEST(CaseWorkflow, FindsDispositionsByNameAndNothingElse) {
  EXPECT_EQ(ParseDisposition("SHUT_DOWN"), Disposition::kShutDown);
  EXPECT_EQ(ParseDisposition("UPGRADE"), Disposition::kUpgrade);
  EXPECT_EQ(ParseDisposition("DISPOSITION_UNSPECIFIED"), std::nullopt);
  EXPECT_EQ(ParseDisposition("shut_down"), std::nullopt);
}

TEST(CaseWorkflow, TurnsResultsIntoActions) {
  EXPECT_EQ(ActionOf(CheckResult::kPass), A::kPass);
  EXPECT_EQ(ActionOf(CheckResult::kFail), A::kRework);
  EXPECT_EQ(ActionOf(CheckResult::kUnable), A::kUnable);
  EXPECT_EQ(ActionOf(CheckResult::kUnspecified), A::kUnspecified);
  EXPECT_EQ(ActionOf(RecheckResult::kHeld), A::kRecheckHeld);
  EXPECT_EQ(ActionOf(RecheckResult::kRebounded), A::kRecheckRebounded);
  EXPECT_EQ(ActionOf(RecheckResult::kNotObservable), A::kRecheckNotObservable);
}

TEST(CaseWorkflow, CountsACaseAsOpenFromFilingUntilItIsClosed) {
  const std::set<C> open = {C::kFiled,    C::kDispatched, C::kReturned, C::kHandling, C::kSuspended,
                            C::kFeedback, C::kChecking,   C::kSignOff,  C::kTracked};
  for (int i = 0; i <= kCaseStateMax; ++i)
    EXPECT_EQ(IsOpen(static_cast<C>(i)), open.contains(static_cast<C>(i))) << i;
  EXPECT_TRUE(IsOpen(S::kNew));
  EXPECT_TRUE(IsOpen(S::kOnsiteCheck));
  EXPECT_FALSE(IsOpen(S::kFiled));
}

TEST(CaseWorkflow, HandsTheSecondReturnAndTheSecondUnableToTheCounty) {
  EXPECT_FALSE(NeedsCounty(1, 1));
  EXPECT_TRUE(NeedsCounty(2, 0));
  EXPECT_TRUE(NeedsCounty(0, 2));
}

std::string ReasonOfStep(const SignalFacts& facts, A action) {
  return ReasonOf(NextSignal(facts, action).status());
}

TEST(SignalWorkflow, FilesOutsideLeadsOnlyOnTheResultExists) {
  for (const Channel channel :
       {Channel::kPublic, Channel::kHotline, Channel::kSatellite, Channel::kCamera, Channel::kMediaReport}) {
    EXPECT_TRUE(NeedsOnsiteCheck(channel));
    EXPECT_EQ(ReasonOfStep({S::kNew, channel}, A::kFile), "FILING_CONDITION_UNMET");
    for (const OnsiteResult result :
         {OnsiteResult::kUnspecified, OnsiteResult::kAbsent, OnsiteResult::kUnable}) {
      EXPECT_EQ(ReasonOfStep({S::kOnsiteCheck, channel, result}, A::kFile), "FILING_CONDITION_UNMET");
    }
    EXPECT_EQ(NextSignal({S::kOnsiteCheck, channel, OnsiteResult::kExists}, A::kFile).value(), S::kFiled);
  }
}

TEST(SignalWorkflow, FilesStaffFindsAndAssignedSignalsAtOnce) {
  EXPECT_EQ(NextSignal({S::kNew, Channel::kPatrol}, A::kFile).value(), S::kFiled);
  EXPECT_EQ(NextSignal({S::kNew, Channel::kAssigned}, A::kFile).value(), S::kFiled);
}

TEST(SignalWorkflow, IsBoundByACheckThatFoundNothingEvenForAStaffFind) {
  EXPECT_EQ(ReasonOfStep({S::kOnsiteCheck, Channel::kPatrol, OnsiteResult::kAbsent}, A::kFile),
            "FILING_CONDITION_UNMET");
}

TEST(SignalWorkflow, TreatsAChannelItDoesNotKnowAsAnOutsideLead) {
  EXPECT_TRUE(NeedsOnsiteCheck(Channel::kUnspecified));
  EXPECT_TRUE(NeedsOnsiteCheck(static_cast<Channel>(99)));
}

TEST(SignalWorkflow, RejectsACheckedSignalOnlyWhenAbsentOrTwiceUnable) {
  const auto reject = [](OnsiteResult result, int unable) {
    return NextSignal({S::kOnsiteCheck, Channel::kPublic, result, unable}, A::kReject).ok();
  };
  EXPECT_TRUE(reject(OnsiteResult::kAbsent, 0));
  EXPECT_TRUE(reject(OnsiteResult::kUnable, 2));
  EXPECT_FALSE(reject(OnsiteResult::kUnable, 1));
  EXPECT_FALSE(reject(OnsiteResult::kExists, 0));
  EXPECT_FALSE(reject(OnsiteResult::kUnspecified, 0));
  EXPECT_TRUE(NextSignal({S::kNew, Channel::kPublic}, A::kReject).ok());
}

// Found by the random walk: two *unable* checks let a third one that found the problem be rejected all the
// same.
TEST(SignalWorkflow, DoesNotRejectWhatAThirdCheckFoundOrIsStillLookingFor) {
  EXPECT_EQ(ReasonOfStep({S::kOnsiteCheck, Channel::kPublic, OnsiteResult::kExists, 2}, A::kReject),
            "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOfStep({S::kOnsiteCheck, Channel::kPublic, OnsiteResult::kUnspecified, 2}, A::kReject),
            "ILLEGAL_TRANSITION");
}

TEST(SignalWorkflow, AsksAgainOnlyAfterUnableAndTakesOneAnswerPerCheck) {
  EXPECT_TRUE(NextSignal({S::kNew, Channel::kPublic}, A::kRequestOnsiteCheck).ok());
  EXPECT_TRUE(
      NextSignal({S::kOnsiteCheck, Channel::kPublic, OnsiteResult::kUnable, 1}, A::kRequestOnsiteCheck).ok());
  EXPECT_EQ(ReasonOfStep({S::kOnsiteCheck, Channel::kPublic}, A::kRequestOnsiteCheck), "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOfStep({S::kOnsiteCheck, Channel::kPublic, OnsiteResult::kExists}, A::kRequestOnsiteCheck),
            "ILLEGAL_TRANSITION");
  EXPECT_TRUE(NextSignal({S::kOnsiteCheck, Channel::kPublic}, A::kSubmitOnsiteCheck).ok());
  EXPECT_EQ(ReasonOfStep({S::kOnsiteCheck, Channel::kPublic, OnsiteResult::kAbsent}, A::kSubmitOnsiteCheck),
            "ILLEGAL_TRANSITION");
}

TEST(SignalWorkflow, BindsByWhatACheckFoundAlsoAfterAMergeWasTakenBack) {
  for (const A reject : {A::kReject, A::kProposeReject}) {
    EXPECT_FALSE(NextSignal({S::kNew, Channel::kPublic, OnsiteResult::kExists}, reject).ok());
    EXPECT_TRUE(NextSignal({S::kNew, Channel::kPublic, OnsiteResult::kAbsent}, reject).ok());
    EXPECT_FALSE(NextSignal({S::kOnsiteCheck, Channel::kPublic}, reject).ok());
  }
  EXPECT_FALSE(NextSignal({S::kNew, Channel::kPatrol, OnsiteResult::kAbsent}, A::kFile).ok());
  EXPECT_TRUE(NextSignal({S::kNew, Channel::kPublic, OnsiteResult::kExists}, A::kFile).ok());
}

TEST(SignalWorkflow, AsksSomebodyFirstAfterADisputedRejection) {
  const SignalFacts disputed{.state = S::kOnsiteCheck, .channel = Channel::kPublic, .check_asked = false};
  EXPECT_TRUE(NextSignal(disputed, A::kRequestOnsiteCheck).ok());
  EXPECT_FALSE(NextSignal(disputed, A::kSubmitOnsiteCheck).ok());
  EXPECT_FALSE(NextSignal(disputed, A::kFile).ok());
  EXPECT_FALSE(NextSignal(disputed, A::kReject).ok());
}

}  // namespace
}  // namespace gridwarden::domain
