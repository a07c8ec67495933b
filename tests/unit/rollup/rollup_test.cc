#include "domain/rollup/rollup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace gridwarden::domain {
namespace {

constexpr int64_t kHour = int64_t{3600} * 1000000;
constexpr Instant kAt{.us = 1000 * kHour + 17, .day_end_us = 1010 * kHour};

Uuid Id(uint8_t level, uint8_t n) {
  std::string bytes(16, '\x01');
  bytes[14] = static_cast<char>(level);
  bytes[15] = static_cast<char>(n);
  return *Uuid::FromBytes(bytes);
}

// City 0, counties 0-2, each with villages 0-3.
struct Place {
  Uuid division;
  std::string path;
};
Place PlaceOf(int county, int village) {
  const Uuid city = Id(1, 0), in = Id(2, county), at = Id(3, county * 10 + village);
  return {at, city.Bytes() + in.Bytes() + at.Bytes()};
}

struct Step {
  Fact next;
  bool forced = false;
};

// A random life of many subjects, in log order; every subject stays where it was found.
std::vector<Step> RandomLog(uint32_t seed, int entries) {
  std::mt19937 random(seed);
  std::vector<Step> log;
  for (int i = 0; i < entries; ++i) {
    Step step;
    Fact& fact = step.next;
    const int subject = static_cast<int>(random() % 60);
    const Place place = PlaceOf(subject % 3, subject % 4);
    fact.kind = subject % 5 == 0 ? FactKind::kSignal : FactKind::kCase;
    fact.subject = Id(9, subject);
    fact.index = i;
    fact.division = place.division;
    fact.path = place.path;
    fact.category = random() % 2 == 0 ? "DUST" : "STRAW_BURNING";
    fact.state = 1 + static_cast<int>(random() % (fact.kind == FactKind::kSignal ? 6 : 14));
    fact.rework = static_cast<int>(random() % 3);
    fact.closed_on_time = random() % 2 == 0;
    // A dispute opens a case again no earlier than at its handling.
    if (fact.state >= static_cast<int>(CaseFactState::kHandling) && random() % 2 == 0)
      fact.close_us = 900 * kHour;
    fact.held = static_cast<FactHeld>(random() % 5);
    if (random() % 3 != 0) fact.due_us = 990 * kHour + static_cast<int64_t>(random() % 40) * (kHour / 2);
    step.forced = random() % 7 == 0;
    log.push_back(step);
  }
  return log;
}

using Facts = absl::flat_hash_map<Uuid, Fact>;

void Fold(const std::vector<Step>& log, Facts& facts, Rollup& rollup) {
  for (const Step& step : log) {
    const auto known = facts.find(step.next.subject);
    const std::optional<Fact> before = known == facts.end() ? std::nullopt : std::optional(known->second);
    const std::optional<Fact> after = Succeed(before, step.next, step.forced);
    if (!after) continue;
    if (before) rollup.Add(*before, -1);
    rollup.Add(*after, 1);
    facts[after->subject] = *after;
  }
}

Rollup Recount(const Facts& facts) {
  Rollup rollup;
  for (const auto& [id, fact] : facts) rollup.Add(fact, 1);
  return rollup;
}

TEST(Rollup, FoldingTwiceWhatWasFoldedOnceChangesNothing) {
  const std::vector<Step> log = RandomLog(1, 2000);
  Facts facts;
  Rollup once, twice;
  Fold(log, facts, once);
  Facts again;
  Fold(log, again, twice);
  Fold(log, again, twice);
  EXPECT_EQ(again, facts);
  EXPECT_TRUE(Rollup::Compare(once, twice).empty());
}

TEST(Rollup, AParentIsTheSumOfItsChildrenAtEveryEntry) {
  const std::vector<Step> log = RandomLog(2, 600);
  Facts facts;
  Rollup rollup;
  for (const Step& step : log) {
    Fold({step}, facts, rollup);
    Numbers counties;
    for (int county = 0; county < 3; ++county) {
      const Numbers one = rollup.Read(Id(2, county), {}, kAt);
      counties += one;
      Numbers villages;
      for (int village = 0; village < 4; ++village)
        villages += rollup.Read(PlaceOf(county, village).division, {}, kAt);
      ASSERT_EQ(villages, one);
    }
    ASSERT_EQ(counties, rollup.Read(Id(1, 0), {}, kAt));
  }
}

TEST(Rollup, CategoriesAddUpToTheWhole) {
  Facts facts;
  Rollup rollup;
  Fold(RandomLog(3, 1500), facts, rollup);
  Numbers sum = rollup.Read(Id(1, 0), {"DUST"}, kAt);
  sum += rollup.Read(Id(1, 0), {"STRAW_BURNING"}, kAt);
  EXPECT_EQ(sum, rollup.Read(Id(1, 0), {}, kAt));
  EXPECT_EQ(sum, rollup.Read(Id(1, 0), {"STRAW_BURNING", "DUST"}, kAt));
  EXPECT_TRUE(rollup.Read(Id(1, 0), {"UNHEARD_OF"}, kAt).IsZero());
}

TEST(Rollup, TheOrderOfIndependentEventsDoesNotMatter) {
  const std::vector<Step> log = RandomLog(4, 1500);
  Facts facts;
  Rollup in_order;
  Fold(log, facts, in_order);
  // Subjects one after the other: every subject's own order is kept.
  std::vector<Step> regrouped = log;
  std::stable_sort(regrouped.begin(), regrouped.end(),
                   [](const Step& a, const Step& b) { return b.next.subject < a.next.subject; });
  Facts other;
  Rollup out_of_order;
  Fold(regrouped, other, out_of_order);
  EXPECT_EQ(other, facts);
  EXPECT_TRUE(Rollup::Compare(in_order, out_of_order).empty());
}

TEST(Rollup, WhatRemainsAfterManyEntriesEqualsARecount) {
  for (uint32_t seed = 10; seed < 20; ++seed) {
    Facts facts;
    Rollup rollup;
    Fold(RandomLog(seed, 1000), facts, rollup);
    EXPECT_TRUE(Rollup::Compare(rollup, Recount(facts)).empty()) << seed;
  }
}

TEST(Rollup, TakingEverythingOutLeavesNothing) {
  Facts facts;
  Rollup rollup;
  Fold(RandomLog(5, 1000), facts, rollup);
  for (const auto& [id, fact] : facts) rollup.Add(fact, -1);
  EXPECT_TRUE(Rollup::Compare(rollup, Rollup()).empty());
}

TEST(Rollup, EveryCellIsTheNumberOfCasesBehindIt) {
  Facts facts;
  Rollup rollup;
  Fold(RandomLog(6, 3000), facts, rollup);
  for (int county = 0; county < 3; ++county) {
    const Numbers numbers = rollup.Read(Id(2, county), {}, kAt);
    for (int m = 1; m < kMeasures; ++m) {
      const Measure measure = static_cast<Measure>(m);
      int64_t behind = 0;
      for (const auto& [id, fact] : facts) {
        if (fact.path.find(Id(2, county).Bytes()) == std::string::npos || !CountsIn(fact, measure, kAt))
          continue;
        ++behind;
        const std::vector<int> states = StatesOf(measure);
        EXPECT_NE(std::find(states.begin(), states.end(), fact.state), states.end()) << m;
      }
      EXPECT_EQ(numbers.Of(measure), behind) << m;
    }
  }
}

TEST(Rollup, ASliceAnswersAsTheWholeDoes) {
  Facts facts;
  Rollup rollup;
  const std::vector<Step> log = RandomLog(7, 1000);
  Fold({log.begin(), log.begin() + 500}, facts, rollup);
  Rollup slice = rollup.Slice({Id(2, 1)});
  Facts too = facts;
  Fold({log.begin() + 500, log.end()}, facts, rollup);
  Fold({log.begin() + 500, log.end()}, too, slice);
  EXPECT_EQ(slice.Read(Id(2, 1), {}, kAt), rollup.Read(Id(2, 1), {}, kAt));
  EXPECT_TRUE(slice.Read(Id(2, 0), {}, kAt).IsZero());
}

TEST(Rollup, TwoRollupsThatDifferNameTheCell) {
  Facts facts;
  Rollup rollup;
  Fold(RandomLog(8, 200), facts, rollup);
  Rollup other = Recount(facts);
  Fact extra;
  extra.kind = FactKind::kCase;
  extra.division = PlaceOf(0, 0).division;
  extra.path = PlaceOf(0, 0).path;
  extra.category = "DUST";
  extra.state = static_cast<int>(CaseFactState::kHandling);
  extra.due_us = 5 * kHour;
  other.Add(extra, 1);
  const std::vector<CellDifference> differences = Rollup::Compare(rollup, other);
  // State and due time, at three levels, in the category and in all.
  ASSERT_EQ(differences.size(), 12u);
  EXPECT_EQ(differences[0].what, "state HANDLING");
  EXPECT_EQ(differences[0].right - differences[0].left, 1);
}

TEST(DueTimes, CountExactlyAtTheMicrosecond) {
  DueTimes due;
  const int64_t t = 77 * kHour + 123;
  due.Add(t, 2);
  due.Add(t + 1, 1);
  due.Add(t - 2 * kHour, 1);
  due.Add(-5, 1);
  EXPECT_EQ(due.Before(t), 2);
  EXPECT_EQ(due.Before(t + 1), 4);
  EXPECT_EQ(due.Before(t + 2), 5);
  EXPECT_EQ(due.Before(-5), 0);
  EXPECT_EQ(due.Before(-4), 1);
  due.Add(t, -2);
  EXPECT_EQ(due.Before(t + 1), 2);
  EXPECT_EQ(due.size(), 3);
}

Fact CaseIn(CaseFactState state, uint64_t index) {
  Fact fact;
  fact.kind = FactKind::kCase;
  fact.subject = Id(9, 1);
  fact.index = index;
  fact.division = PlaceOf(0, 0).division;
  fact.path = PlaceOf(0, 0).path;
  fact.state = static_cast<int>(state);
  return fact;
}

TEST(Fact, AForcedClosureIsCountedApartUntilTheCaseIsOpenedAgain) {
  const Fact handling = *Succeed(std::nullopt, CaseIn(CaseFactState::kHandling, 1), false);
  const Fact forced = *Succeed(handling, CaseIn(CaseFactState::kClosed, 2), true);
  EXPECT_TRUE(CountsIn(forced, Measure::kForced, kAt));
  EXPECT_FALSE(CountsIn(forced, Measure::kClosed, kAt));
  const Fact monitoring = *Succeed(forced, CaseIn(CaseFactState::kMonitoring, 3), false);
  EXPECT_TRUE(monitoring.forced);
  const Fact checking = *Succeed(monitoring, CaseIn(CaseFactState::kChecking, 4), false);
  EXPECT_FALSE(checking.forced);
  const Fact closed = *Succeed(checking, CaseIn(CaseFactState::kClosed, 5), false);
  EXPECT_TRUE(CountsIn(closed, Measure::kClosed, kAt));
}

// W9.8 and T24: what was counted once as closed in time stays so, whatever becomes of the chain.
TEST(Fact, AClosingStaysInTheStatisticsThroughDisputeReworkAndRebound) {
  Fact closed = CaseIn(CaseFactState::kClosed, 1);
  closed.close_us = 900 * kHour;
  closed.closed_on_time = true;
  Rollup rollup;
  std::optional<Fact> fact = Succeed(std::nullopt, closed, false);
  rollup.Add(*fact, 1);
  uint64_t index = 1;
  for (const CaseFactState state :
       {CaseFactState::kMonitoring, CaseFactState::kChecking, CaseFactState::kHandling,
        CaseFactState::kFeedback, CaseFactState::kChecking, CaseFactState::kSignOff, CaseFactState::kClosed,
        CaseFactState::kMonitoring, CaseFactState::kRebounded}) {
    Fact next = closed;
    next.index = ++index;
    next.state = static_cast<int>(state);
    next.held = state == CaseFactState::kRebounded ? FactHeld::kNotHeld : FactHeld::kNotRechecked;
    rollup.Add(*fact, -1);
    fact = Succeed(fact, next, false);
    rollup.Add(*fact, 1);
    const Numbers numbers = rollup.Read(Id(1, 0), {}, kAt);
    EXPECT_EQ(numbers.Get(Count::kClosed), 1) << CaseStateName(fact->state);
    EXPECT_EQ(numbers.Get(Count::kClosedOnTime), 1) << CaseStateName(fact->state);
    EXPECT_EQ(numbers.Get(Count::kForced), 0);
    EXPECT_TRUE(CountsIn(*fact, Measure::kClosed, kAt));
  }
  EXPECT_EQ(rollup.Read(Id(1, 0), {}, kAt).Get(Count::kNotHeld), 1);
}

TEST(Fact, AVoidedCaseIsNoClosing) {
  Fact voided = CaseIn(CaseFactState::kVoided, 2);
  voided.close_us = 900 * kHour;
  EXPECT_FALSE(CountsIn(*Succeed(std::nullopt, voided, false), Measure::kClosed, kAt));
}

TEST(Fact, ATransferredCaseIsOpenUntilTheReceiverAnswers) {
  Fact tracked = CaseIn(CaseFactState::kTracked, 1);
  tracked.due_us = kAt.us - 1;
  const Fact fact = *Succeed(std::nullopt, tracked, false);
  EXPECT_TRUE(CountsIn(fact, Measure::kOpen, kAt));
  EXPECT_TRUE(CountsIn(fact, Measure::kOverdue, kAt));
  Rollup rollup;
  rollup.Add(fact, 1);
  EXPECT_EQ(rollup.Read(Id(1, 0), {}, kAt).Open(), 1);
  EXPECT_EQ(rollup.Read(Id(1, 0), {}, kAt).overdue, 1);
}

TEST(Fact, ADueTimeOfClosedWorkIsNeverOverdue) {
  Fact closed = CaseIn(CaseFactState::kClosed, 1);
  closed.due_us = 1;
  EXPECT_FALSE(Succeed(std::nullopt, closed, false)->due_us);
}

TEST(Fact, ALaterMoveOfTheGroundChangesNoCountAlreadyMade) {
  const Fact first = CaseIn(CaseFactState::kFiled, 1);
  Fact moved = CaseIn(CaseFactState::kDispatched, 2);
  moved.path = PlaceOf(2, 0).path;
  EXPECT_EQ(Succeed(first, moved, false)->path, first.path);
  Fact elsewhere = CaseIn(CaseFactState::kDispatched, 2);
  elsewhere.division = PlaceOf(2, 0).division;
  elsewhere.path = PlaceOf(2, 0).path;
  EXPECT_EQ(Succeed(first, elsewhere, false)->path, elsewhere.path);
}

TEST(Fact, ReboundedCasesStayAmongTheClosed) {
  for (CaseFactState state : {CaseFactState::kClosed, CaseFactState::kMonitoring, CaseFactState::kRebounded,
                              CaseFactState::kArchived}) {
    EXPECT_TRUE(CountsIn(CaseIn(state, 1), Measure::kClosed, kAt));
  }
  for (CaseFactState state : {CaseFactState::kSignOff, CaseFactState::kTracked, CaseFactState::kVoided}) {
    EXPECT_FALSE(CountsIn(CaseIn(state, 1), Measure::kClosed, kAt));
  }
}

}  // namespace
}  // namespace gridwarden::domain
