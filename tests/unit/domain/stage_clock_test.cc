#include "domain/clock/stage_clock.h"

#include "gtest/gtest.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using A = Action;
using C = CaseState;
using testing::At;

const WorkCalendar& Cal() { return testing::RealPolicy().calendar; }

// A type with easy numbers: everything around the clock.
CaseType EasyType() {
  const auto hours = [](int n) { return Limit{Calendar::kContinuous, absl::Hours(n), ""}; };
  CaseType type;
  type.limits = {.screen = hours(1),
                 .onsite = hours(2),
                 .dispatch = hours(3),
                 .accept = hours(4),
                 .handle = hours(40),
                 .check = hours(6),
                 .sign = hours(7),
                 .total = hours(100),
                 .rework_floor = absl::Hours(8)};
  type.rechecks = {absl::Hours(7 * 24), absl::Hours(30 * 24)};
  return type;
}

const absl::Time kFound = At("2026-11-02 08:00");
absl::Time In(double hours) { return kFound + absl::Hours(1) * hours; }

CaseFact Fact(A action, C to, double hours, int rework = 0) {
  return {action, to, In(hours), In(hours), rework};
}

std::vector<CaseFact> StraightCase() {
  return {Fact(A::kFile, C::kFiled, 1),
          Fact(A::kDispatch, C::kDispatched, 2),
          Fact(A::kAccept, C::kHandling, 3),
          Fact(A::kSubmitFeedback, C::kFeedback, 30),
          Fact(A::kAssignCheck, C::kChecking, 31),
          Fact(A::kPass, C::kSignOff, 34),
          Fact(A::kSign, C::kClosed, 200),
          Fact(A::kStartMonitoring, C::kMonitoring, 200)};
}

std::vector<CaseFact> First(size_t count) {
  std::vector<CaseFact> facts = StraightCase();
  facts.resize(count);
  return facts;
}

Clocks Compute(const std::vector<CaseFact>& facts, ClockLedger ledger = {}, bool rebound = false) {
  return ComputeClocks({kFound, rebound}, facts, EasyType(), Cal(), ledger);
}

TEST(StageClock, RunsTheStagesOfAStraightCaseInOrder) {
  const Clocks clocks = Compute(StraightCase());
  ASSERT_EQ(clocks.runs.size(), 6u);
  const Stage stages[] = {Stage::kDispatch, Stage::kAccept, Stage::kHandle,
                          Stage::kCheck,    Stage::kSign,   Stage::kRecheck};
  const double starts[] = {1, 2, 3, 30, 34, 200};
  const double dues[] = {4, 6, 43, 36, 41, 200 + 7 * 24};
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(clocks.runs[i].stage, stages[i]) << i;
    EXPECT_EQ(clocks.runs[i].start, In(starts[i])) << i;
    EXPECT_EQ(clocks.runs[i].due, In(dues[i])) << i;
  }
  EXPECT_EQ(clocks.running, Stage::kRecheck);
  EXPECT_TRUE(clocks.runs[4].late);
  EXPECT_FALSE(clocks.runs[3].late);
}

TEST(StageClock, StopsTheTotalAtThePassAndNotAtTheSignature) {
  const Clocks clocks = Compute(StraightCase());
  EXPECT_EQ(clocks.total_due, In(100));
  EXPECT_EQ(clocks.total_stopped, In(34));
  EXPECT_TRUE(clocks.closed);
  EXPECT_TRUE(clocks.closed_on_time);
}

TEST(StageClock, IsLateByThePassEvenWhenSignedAtOnce) {
  std::vector<CaseFact> facts = StraightCase();
  facts[5] = Fact(A::kPass, C::kSignOff, 101);
  facts[6] = Fact(A::kSign, C::kClosed, 101);
  EXPECT_FALSE(Compute(facts).closed_on_time);
}

TEST(StageClock, IsOnTimeAtTheVeryInstantOfTheDueTime) {
  std::vector<CaseFact> facts = StraightCase();
  facts[3] = Fact(A::kSubmitFeedback, C::kFeedback, 43);
  EXPECT_FALSE(Compute(facts).runs[2].late);
  facts[3].earliest += absl::Microseconds(1);
  facts[3].latest = facts[3].earliest;
  EXPECT_TRUE(Compute(facts).runs[2].late);
}

TEST(StageClock, LetsTheFavourableBoundDecideAndMarksWhatIsUncertain) {
  std::vector<CaseFact> facts = StraightCase();
  facts[3].earliest = In(42);
  facts[3].latest = In(50);  // fed back offline: somewhere around the due time
  const Clocks clocks = Compute(facts);
  EXPECT_FALSE(clocks.runs[2].late);
  EXPECT_TRUE(clocks.runs[2].uncertain);
  EXPECT_EQ(clocks.runs[3].start, In(50));  // the checker is not charged for the handler's dead phone
}

TEST(StageClock, MarksAClosureThatIsOnTimeByTheFavourableBoundOnly) {
  std::vector<CaseFact> facts = StraightCase();
  facts[5].earliest = In(99);
  facts[5].latest = In(101);
  const Clocks clocks = Compute(facts);
  EXPECT_TRUE(clocks.closed_on_time);
  EXPECT_TRUE(clocks.closed_uncertain);
}

TEST(StageClock, GivesAReworkHalfTheLimit) {
  std::vector<CaseFact> facts = First(5);
  facts.push_back(Fact(A::kRework, C::kHandling, 34, 1));
  EXPECT_EQ(Compute(facts).due, In(54));
  facts.push_back(Fact(A::kSubmitFeedback, C::kFeedback, 40, 1));
  facts.push_back(Fact(A::kAssignCheck, C::kChecking, 41, 1));
  facts.push_back(Fact(A::kRework, C::kHandling, 42, 2));
  EXPECT_EQ(Compute(facts).due, In(62));  // half of the first limit again, not a quarter
}

TEST(StageClock, NeverGivesAReworkLessThanTheFloorOrMoreThanTheLimit) {
  CaseType type = EasyType();
  type.limits.handle.span = absl::Hours(10);
  EXPECT_EQ(LimitOf(Stage::kHandle, type, 1, false).span, absl::Hours(8));
  type.limits.handle.span = absl::Hours(6);
  EXPECT_EQ(LimitOf(Stage::kHandle, type, 1, false).span, absl::Hours(6));
}

TEST(StageClock, GivesAReboundHalfTheHandlingLimitAndLeavesTheRest) {
  const CaseType type = EasyType();
  EXPECT_EQ(LimitOf(Stage::kHandle, type, 0, true).span, absl::Hours(20));
  EXPECT_EQ(LimitOf(Stage::kHandle, type, 1, true).span, absl::Hours(10));
  for (const Stage stage : {Stage::kDispatch, Stage::kAccept, Stage::kCheck, Stage::kSign, Stage::kNone}) {
    EXPECT_EQ(LimitOf(stage, type, 0, true).span, LimitOf(stage, type, 0, false).span);
  }
}

TEST(StageClock, KeepsTheChecksClockWhenTheCheckerIsNamed) {
  std::vector<CaseFact> facts = First(4);
  const absl::Time due = Compute(facts).due;
  facts.push_back(Fact(A::kAssignCheck, C::kChecking, 35));
  EXPECT_EQ(Compute(facts).due, due);
}

TEST(StageClock, RestartsTheChecksClockOnceAfterUnable) {
  std::vector<CaseFact> facts = First(5);
  facts.push_back(Fact(A::kUnable, C::kChecking, 33));
  EXPECT_EQ(Compute(facts).due, In(39));
  facts.push_back(Fact(A::kAssignCheck, C::kChecking, 34));
  facts.push_back(Fact(A::kUnable, C::kChecking, 38));
  EXPECT_EQ(Compute(facts).due, In(39));
}

TEST(StageClock, GivesANewCheckItsOwnRestart) {
  std::vector<CaseFact> facts = First(5);
  facts.push_back(Fact(A::kUnable, C::kChecking, 33));
  facts.push_back(Fact(A::kPass, C::kSignOff, 35));
  facts.push_back(Fact(A::kRefuseSign, C::kChecking, 36));
  EXPECT_EQ(Compute(facts).due, In(42));
  facts.push_back(Fact(A::kUnable, C::kChecking, 40));
  EXPECT_EQ(Compute(facts).due, In(46));
}

TEST(StageClock, CountsThePassThatTheSignatureRestsOn) {
  std::vector<CaseFact> facts = First(6);
  facts.push_back(Fact(A::kRefuseSign, C::kChecking, 36));
  EXPECT_EQ(Compute(facts).total_stopped, std::nullopt);
  facts.push_back(Fact(A::kPass, C::kSignOff, 120));
  facts.push_back(Fact(A::kSign, C::kClosed, 121));
  EXPECT_EQ(Compute(facts).total_stopped, In(120));
  EXPECT_FALSE(Compute(facts).closed_on_time);
}

TEST(StageClock, KeepsTheFirstClosingWhenItIsDisputedLater) {
  std::vector<CaseFact> facts = First(7);
  facts.push_back(Fact(A::kDispute, C::kChecking, 300));
  facts.push_back(Fact(A::kPass, C::kSignOff, 310));
  facts.push_back(Fact(A::kSign, C::kClosed, 320));
  const Clocks clocks = Compute(facts);
  EXPECT_EQ(clocks.total_stopped, In(34));
  EXPECT_TRUE(clocks.closed_on_time);
}

TEST(StageClock, HasNoRunningClockForNoEventsAndAfterTheArchive) {
  EXPECT_EQ(Compute({}).running, std::nullopt);
  EXPECT_EQ(Compute({}).due, absl::InfiniteFuture());
  std::vector<CaseFact> facts = StraightCase();
  facts.push_back(Fact(A::kRecheckHeld, C::kArchived, 400));
  EXPECT_EQ(Compute(facts).running, std::nullopt);
  EXPECT_TRUE(Compute(facts).runs.back().late);
}

TEST(StageClock, ExtendsHandlingAndTheTotalByALedgerEntryAndGivesThemBackWithoutIt) {
  const std::vector<CaseFact> facts = First(3);
  const ClockAdjustment ledger[] = {{.extend = {Calendar::kContinuous, absl::Hours(24), ""}}};
  EXPECT_EQ(Compute(facts, ledger).due, In(67));
  EXPECT_EQ(Compute(facts, ledger).total_due, In(124));
  EXPECT_EQ(Compute(facts).due, In(43));
  EXPECT_EQ(Compute(facts).total_due, In(100));
}

TEST(StageClock, ExtendsOnlyTheCycleThatTheLedgerNames) {
  const ClockAdjustment ledger[] = {{.cycle = 1, .extend = {Calendar::kContinuous, absl::Hours(24), ""}}};
  EXPECT_EQ(StageDue(Stage::kHandle, In(0), EasyType(), Cal(), 0, false, ledger), In(40));
  EXPECT_EQ(StageDue(Stage::kHandle, In(0), EasyType(), Cal(), 1, false, ledger), In(44));
  EXPECT_EQ(StageDue(Stage::kCheck, In(0), EasyType(), Cal(), 1, false, ledger), In(6));
}

ClockAdjustment Pause(double from, double to) {
  return {.kind = ClockAdjustment::Kind::kPause, .pause = {In(from), In(to)}};
}

TEST(StageClock, DoesNotCountSuspendedTime) {
  const ClockAdjustment ledger[] = {Pause(20, 30), Pause(10, 15)};
  EXPECT_EQ(StageDue(Stage::kHandle, In(0), EasyType(), Cal(), 0, false, ledger), In(55));
  EXPECT_EQ(StageDue(Stage::kHandle, In(12), EasyType(), Cal(), 0, false, ledger), In(65));
  EXPECT_EQ(StageDue(Stage::kHandle, In(40), EasyType(), Cal(), 0, false, ledger), In(80));
}

TEST(StageClock, CountsOverlappingSuspensionsOnce) {
  const ClockAdjustment ledger[] = {Pause(10, 20), Pause(15, 25)};
  EXPECT_EQ(StageDue(Stage::kHandle, In(0), EasyType(), Cal(), 0, false, ledger), In(55));
}

TEST(StageClock, IsNeverDueWhileTheCaseRests) {
  const ClockAdjustment ledger[] = {
      {.kind = ClockAdjustment::Kind::kPause, .pause = {In(10), absl::InfiniteFuture()}}};
  EXPECT_EQ(StageDue(Stage::kHandle, In(0), EasyType(), Cal(), 0, false, ledger), absl::InfiniteFuture());
  EXPECT_EQ(StageDue(Stage::kAccept, In(0), EasyType(), Cal(), 0, false, ledger), In(4));
}

TEST(StageClock, TakesSuspendedDaysOutOfAWorkingDayLimit) {
  CaseType type = EasyType();
  type.limits.handle = {Calendar::kWorkingDays, absl::Hours(24) * 3, ""};
  const ClockAdjustment ledger[] = {
      {.kind = ClockAdjustment::Kind::kPause, .pause = {At("2026-11-03 10:00"), At("2026-11-05 10:00")}}};
  EXPECT_EQ(StageDue(Stage::kHandle, At("2026-11-02 10:00"), type, Cal()), At("2026-11-05 10:00"));
  EXPECT_EQ(StageDue(Stage::kHandle, At("2026-11-02 10:00"), type, Cal(), 0, false, ledger),
            At("2026-11-09 10:00"));
}

// Taken on at 3, suspended at 10, looked at again at 500, resumed at 600: 33 hours of handling are left.
std::vector<CaseFact> SuspendedCase() {
  std::vector<CaseFact> facts = First(3);
  facts.push_back(Fact(A::kSuspend, C::kSuspended, 10));
  facts.push_back(Fact(A::kReviewSuspension, C::kSuspended, 500));
  facts.push_back(Fact(A::kResume, C::kHandling, 600));
  return facts;
}

TEST(StageClock, LetsTheReviewsClockRunWhileTheCaseRests) {
  std::vector<CaseFact> facts = SuspendedCase();
  const ClockAdjustment resting[] = {
      {.kind = ClockAdjustment::Kind::kPause, .pause = {In(10), absl::InfiniteFuture()}}};
  facts.resize(4);
  Clocks clocks = Compute(facts, resting);
  EXPECT_EQ(clocks.running, Stage::kReview);
  EXPECT_EQ(clocks.due, In(10 + 30 * 24));
  EXPECT_EQ(clocks.total_due, absl::InfiniteFuture());
  facts = SuspendedCase();
  facts.resize(5);
  clocks = Compute(facts, resting);
  EXPECT_EQ(clocks.due, In(500 + 30 * 24));  // the review is not itself suspended
  EXPECT_EQ(clocks.start, In(500));
}

TEST(StageClock, GoesOnWithTheHandlingThatASuspensionInterrupted) {
  const ClockAdjustment ledger[] = {Pause(10, 600)};
  const Clocks clocks = Compute(SuspendedCase(), ledger);
  EXPECT_EQ(clocks.running, Stage::kHandle);
  EXPECT_EQ(clocks.start, In(3));
  EXPECT_EQ(clocks.due, In(600 + 33));
  EXPECT_EQ(clocks.total_due, In(100 + 590));
  // Two reviews and one handling, which has not ended.
  ASSERT_EQ(clocks.runs.size(), 5u);
  EXPECT_EQ(clocks.runs[2].stage, Stage::kHandle);
  EXPECT_EQ(clocks.runs[2].end, std::nullopt);
  EXPECT_EQ(clocks.runs[3].end, In(500));
  EXPECT_EQ(clocks.runs[4].end, In(600));
}

TEST(StageClock, EndsAlsoTheRestingHandlingWhenASuspendedCaseIsHandedOver) {
  std::vector<CaseFact> facts = SuspendedCase();
  facts.resize(4);
  facts.push_back(Fact(A::kTransfer, C::kTracked, 50));
  const ClockAdjustment ledger[] = {Pause(10, 50)};
  const Clocks clocks = Compute(facts, ledger);
  EXPECT_EQ(clocks.running, Stage::kResult);
  EXPECT_EQ(clocks.due, In(50 + 30 * 24));
  EXPECT_EQ(clocks.runs[2].end, In(50));
  EXPECT_FALSE(clocks.runs[2].late);
}

TEST(StageClock, DoesNotExcuseHandlingThatWasLateBeforeItWasSuspended) {
  std::vector<CaseFact> facts = First(3);
  facts.push_back(Fact(A::kSuspend, C::kSuspended, 50));  // due at 43
  facts.push_back(Fact(A::kResume, C::kHandling, 60));
  facts.push_back(Fact(A::kSubmitFeedback, C::kFeedback, 61));
  const ClockAdjustment ledger[] = {Pause(50, 60)};
  const Clocks clocks = Compute(facts, ledger);
  EXPECT_EQ(clocks.runs[2].due, In(43));
  EXPECT_TRUE(clocks.runs[2].late);
}

TEST(StageClock, DoesNotMoveAnEndedHandlingByALaterSuspension) {
  std::vector<CaseFact> facts = First(5);
  facts.push_back(Fact(A::kRework, C::kHandling, 34, 1));
  facts.push_back(Fact(A::kSuspend, C::kSuspended, 35, 1));
  facts.push_back(Fact(A::kResume, C::kHandling, 45, 1));
  const ClockAdjustment ledger[] = {Pause(35, 45)};
  const Clocks clocks = Compute(facts, ledger);
  EXPECT_EQ(clocks.runs[2].due, In(43));
  EXPECT_EQ(clocks.due, In(34 + 20 + 10));
}

TEST(StageClock, RunsTheReceiversClockAndThenACheckOfItsOwn) {
  std::vector<CaseFact> facts = First(3);
  facts.push_back(Fact(A::kTransfer, C::kTracked, 20));
  EXPECT_EQ(Compute(facts).running, Stage::kResult);
  EXPECT_EQ(Compute(facts).due, In(20 + 30 * 24));
  facts.push_back(Fact(A::kSubmitResult, C::kChecking, 400));
  EXPECT_EQ(Compute(facts).running, Stage::kCheck);
  EXPECT_EQ(Compute(facts).due, In(406));
}

TEST(StageClock, ClosesByForceWithoutAPassAndNeverOnTime) {
  std::vector<CaseFact> facts = First(3);
  facts.push_back(Fact(A::kForceClose, C::kClosed, 20));
  const Clocks clocks = Compute(facts);
  EXPECT_TRUE(clocks.closed);
  EXPECT_TRUE(clocks.forced);
  EXPECT_FALSE(clocks.closed_on_time);
  EXPECT_EQ(clocks.total_stopped, In(20));
  EXPECT_EQ(clocks.running, std::nullopt);
}

TEST(StageClock, KeepsAFirstClosingOnTimeWhenTheDisputedCaseIsClosedByForce) {
  std::vector<CaseFact> facts = First(7);
  facts.push_back(Fact(A::kDispute, C::kChecking, 300));
  EXPECT_EQ(Compute(facts).due, In(306));
  facts.push_back(Fact(A::kForceClose, C::kClosed, 310));
  const Clocks clocks = Compute(facts);
  EXPECT_TRUE(clocks.forced);
  EXPECT_TRUE(clocks.closed_on_time);
  EXPECT_EQ(clocks.total_stopped, In(34));
}

TEST(StageClock, ClosesAForcedCaseForTheFirstTimeWhenItIsDisputedAndPasses) {
  std::vector<CaseFact> facts = First(3);
  facts.push_back(Fact(A::kForceClose, C::kClosed, 20));
  facts.push_back(Fact(A::kDispute, C::kChecking, 30));
  facts.push_back(Fact(A::kPass, C::kSignOff, 50));
  facts.push_back(Fact(A::kSign, C::kClosed, 60));
  const Clocks clocks = Compute(facts);
  EXPECT_FALSE(clocks.forced);
  EXPECT_TRUE(clocks.closed_on_time);
  EXPECT_EQ(clocks.total_stopped, In(50));
}

TEST(StageClock, DoesNotMakeALateClosingTimelyByAPostponementAfterADispute) {
  std::vector<CaseFact> facts = First(7);
  facts[5] = Fact(A::kPass, C::kSignOff, 110);
  const ClockAdjustment ledger[] = {
      {.cycle = 1, .extend = {Calendar::kContinuous, absl::Hours(24), ""}, .recorded = In(400)}};
  EXPECT_EQ(Compute(facts, ledger).total_due, In(124));
  EXPECT_FALSE(Compute(facts, ledger).closed_on_time);
}

TEST(StageClock, StopsNothingForWhatIsDoneBesideTheWork) {
  const std::vector<CaseFact> plain = First(3);
  for (const Action action : {A::kApply, A::kDecide, A::kSubmitPart, A::kExcusePart, A::kStopProduction,
                              A::kSetDisposition, A::kPostpone}) {
    std::vector<CaseFact> facts = plain;
    facts.push_back(Fact(action, C::kHandling, 20));
    EXPECT_EQ(Compute(facts).due, Compute(plain).due) << NameOf(action);
    EXPECT_EQ(Compute(facts).start, In(3)) << NameOf(action);
  }
  std::vector<CaseFact> facts = First(6);
  facts.push_back(Fact(A::kCosign, C::kSignOff, 35));
  EXPECT_EQ(Compute(facts).due, In(41));
  facts = First(2);
  facts.push_back(Fact(A::kSilentAccept, C::kHandling, 6));
  EXPECT_EQ(Compute(facts).due, In(46));
}

TEST(StageClock, CallsOnlyAnIntervalWiderThanTheLimitWide) {
  EXPECT_FALSE(IsWide(In(1), In(1), absl::Minutes(10)));
  EXPECT_FALSE(IsWide(In(1), In(1) + absl::Minutes(10), absl::Minutes(10)));
  EXPECT_TRUE(IsWide(In(1), In(1) + absl::Minutes(10) + absl::Microseconds(1), absl::Minutes(10)));
}

TEST(StageClock, PlansNoRecheckForATypeWithoutOne) {
  CaseType type = EasyType();
  EXPECT_EQ(StageDue(Stage::kRecheck, In(0), type, Cal()), In(7 * 24));
  type.rechecks.clear();
  EXPECT_EQ(StageDue(Stage::kRecheck, In(0), type, Cal()), std::nullopt);
  EXPECT_EQ(StageDue(Stage::kNone, In(0), type, Cal()), std::nullopt);
}

TEST(StageClock, KnowsTheStageOfEveryState) {
  EXPECT_EQ(StageOf(SignalState::kNew), Stage::kScreen);
  EXPECT_EQ(StageOf(SignalState::kOnsiteCheck), Stage::kOnsite);
  EXPECT_EQ(StageOf({SignalState::kOnsiteCheck, Channel::kPublic, OnsiteResult::kExists}), Stage::kScreen);
  EXPECT_EQ(StageOf({SignalState::kOnsiteCheck, Channel::kPublic}), Stage::kOnsite);
  EXPECT_EQ(StageOf({SignalState::kFiled, Channel::kPublic, OnsiteResult::kExists}), Stage::kNone);
  EXPECT_EQ(StageOf(C::kReturned), Stage::kDispatch);
  for (int i = 0; i <= kCaseStateMax; ++i) {
    const auto state = static_cast<C>(i);
    const bool timed = IsOpen(state) || state == C::kMonitoring;
    EXPECT_EQ(StageOf(state) != Stage::kNone, timed) << NameOf(state);
  }
}

TEST(StageClock, GivesAStrawFireItsMinutesOnAHolidayNight) {
  const Policy& policy = testing::RealPolicy();
  const CaseType& straw = policy.TypeOf("STRAW_BURNING");
  const absl::Time seen = At("2026-10-03 02:00");
  EXPECT_EQ(StageDue(Stage::kScreen, seen, straw, policy.calendar), At("2026-10-03 02:05"));
  EXPECT_EQ(StageDue(Stage::kOnsite, seen, straw, policy.calendar), At("2026-10-03 02:30"));
}

TEST(StageClock, LetsALooseCoalCaseRestOverTheHoliday) {
  const Policy& policy = testing::RealPolicy();
  const CaseType& coal = policy.TypeOf("LOOSE_COAL_SALES");
  EXPECT_EQ(StageDue(Stage::kScreen, At("2026-10-03 02:00"), coal, policy.calendar), At("2026-10-08 10:30"));
}

}  // namespace
}  // namespace gridwarden::domain
