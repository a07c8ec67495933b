#include "domain/score/score.h"

#include "absl/time/time.h"
#include "domain/policy/score_rules.h"
#include "gtest/gtest.h"
#include "support/test_policy.h"

namespace gridwarden::domain::score {
namespace {

int64_t At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", text, absl::FixedTimeZone(8 * 3600), &time, &error)) << error;
  return absl::ToUnixMicros(time);
}

Fact ClosedCase() {
  Fact fact;
  fact.is_case = true;
  fact.handler = "posts/a";
  fact.file_us = At("2026-03-02 09:00");
  fact.total_due_us = At("2026-04-10 18:00");
  fact.close_us = At("2026-04-09 10:00");
  fact.closed_on_time = true;
  return fact;
}
Tally Of(const Fact& fact, Kind kind, const std::string& party, int month) {
  const auto tallies = TalliesOf(fact, kind, "T");
  const auto found = tallies.find({party, month});
  return found == tallies.end() ? Tally() : found->second;
}
Tally Ratio(int64_t numerator, int64_t denominator) {
  return {.numerator = numerator, .denominator = denominator};
}

TEST(Score, CountsACaseInTheMonthThatEachTermIsAbout) {
  const Fact fact = ClosedCase();
  EXPECT_EQ(Of(fact, Kind::kFiled, "posts/a", 202603), Ratio(1, 0));
  EXPECT_EQ(Of(fact, Kind::kDue, "posts/a", 202604), Ratio(1, 0));
  EXPECT_EQ(Of(fact, Kind::kClosed, "posts/a", 202604), Ratio(1, 0));
  EXPECT_EQ(Of(fact, Kind::kClosedOfDue, "posts/a", 202604), Ratio(1, 1));
  EXPECT_EQ(Of(fact, Kind::kOnTimeOfDue, "posts/a", 202604), Ratio(1, 1));
  EXPECT_EQ(Of(fact, Kind::kOnTimeOfDue, "posts/a", 202603), Tally());
  EXPECT_EQ(Of(fact, Kind::kOnTimeOfDue, "posts/b", 202604), Tally());
}

// The last minute of a month in China is still the afternoon of that day in UTC.
TEST(Score, MonthsAreLocal) {
  EXPECT_EQ(MonthOf(At("2026-03-31 23:59")), 202603);
  EXPECT_EQ(MonthOf(At("2026-04-01 00:00")), 202604);
}

TEST(Score, AForcedClosingIsInNoNumeratorButWasDue) {
  Fact fact = ClosedCase();
  fact.forced = true;
  EXPECT_EQ(Of(fact, Kind::kClosed, "posts/a", 202604), Tally());
  EXPECT_EQ(Of(fact, Kind::kClosedOfDue, "posts/a", 202604), Ratio(0, 1));
  EXPECT_EQ(Of(fact, Kind::kOnTimeOfDue, "posts/a", 202604), Ratio(0, 1));
  EXPECT_EQ(Of(fact, Kind::kForced, "posts/a", 202604), Ratio(1, 0));
  EXPECT_EQ(Of(fact, Kind::kRebound, "posts/a", 202604), Tally());
}

TEST(Score, AVoidedCaseIsInNoDenominatorAndShows) {
  Fact fact = ClosedCase();
  fact.void_us = At("2026-05-01 09:00");
  for (const Kind kind : {Kind::kFiled, Kind::kDue, Kind::kClosed, Kind::kClosedOfDue, Kind::kOnTimeOfDue,
                          Kind::kPostponedOfDue, Kind::kRebound}) {
    EXPECT_TRUE(TalliesOf(fact, kind, "T").empty()) << NameOf(kind);
  }
  EXPECT_EQ(Of(fact, Kind::kVoided, "posts/a", 202605), Ratio(1, 0));
}

TEST(Score, AnUncertainTimeTellsAgainstNobodyAndShows) {
  Fact fact = ClosedCase();
  fact.time_uncertain = true;
  EXPECT_EQ(Of(fact, Kind::kOnTimeOfDue, "posts/a", 202604), Tally{.uncertain = 1});
  EXPECT_EQ(Of(fact, Kind::kClosedOfDue, "posts/a", 202604), Ratio(1, 1));
  fact.checks = {{At("2026-04-08 09:00"), "posts/c", true, true, true, false},
                 {At("2026-04-09 09:00"), "posts/c", true, false, true, false}};
  EXPECT_EQ(Of(fact, Kind::kCheckOnTime, "posts/c", 202604), (Tally{0, 1, 1, 0}));
}

TEST(Score, AnUpheldAppealTakesTheCaseOutOfThatTermOnly) {
  Fact fact = ClosedCase();
  fact.excluded = {"T"};
  EXPECT_EQ(Of(fact, Kind::kOnTimeOfDue, "posts/a", 202604), Tally{.adjusted = 1});
  EXPECT_EQ(TalliesOf(fact, Kind::kOnTimeOfDue, "OTHER").begin()->second, Ratio(1, 1));
}

TEST(Score, ADispatchThatCameBackRightlyTellsAgainstWhoDispatched) {
  Fact fact = ClosedCase();
  fact.dispatches = {{At("2026-03-03 09:00"), "posts/office", "posts/x", true},
                     {At("2026-03-04 09:00"), "posts/office", "posts/a", false}};
  EXPECT_EQ(Of(fact, Kind::kDispatchAccuracy, "posts/office", 202603), Ratio(1, 2));
  fact.void_us = At("2026-05-01 09:00");
  EXPECT_EQ(Of(fact, Kind::kDispatchAccuracy, "posts/office", 202603), Ratio(1, 2));
}

TEST(Score, ReworkCountsOncePerCaseFromItsFirstVerdict) {
  Fact fact = ClosedCase();
  fact.checks = {{At("2026-03-30 09:00"), "posts/c", false, false, false, false},  // unable
                 {At("2026-04-02 09:00"), "posts/c", false, false, true, true},
                 {At("2026-04-05 09:00"), "posts/d", false, false, true, true},
                 {At("2026-04-09 09:00"), "posts/c", false, false, true, false}};
  EXPECT_EQ(Of(fact, Kind::kRework, "posts/a", 202604), Ratio(1, 1));
  EXPECT_EQ(Of(fact, Kind::kRework, "posts/a", 202603), Tally());
  EXPECT_EQ(Of(fact, Kind::kCheckOnTime, "posts/c", 202604), Ratio(2, 2));
}

TEST(Score, HeldAtNinetyDaysNeedsToHaveBeenSeenThen) {
  Fact fact = ClosedCase();
  const int64_t day = int64_t{24} * 3600 * 1'000'000;
  fact.held_us = fact.close_us + 89 * day;
  EXPECT_TRUE(TalliesOf(fact, Kind::kHeld90, "T").empty());
  fact.held_us = fact.close_us + 90 * day;
  EXPECT_EQ(Of(fact, Kind::kHeld90, "posts/a", 202604), Ratio(1, 1));
  fact.not_held_us = fact.close_us + 120 * day;  // held at 90 days, rebounded later
  EXPECT_EQ(Of(fact, Kind::kHeld90, "posts/a", 202604), Ratio(1, 1));
  EXPECT_EQ(Of(fact, Kind::kRebound, "posts/a", 202604), Ratio(1, 1));
  fact.not_held_us = fact.close_us + 30 * day;
  EXPECT_EQ(Of(fact, Kind::kHeld90, "posts/a", 202604), Ratio(0, 1));
}

TEST(Score, SignalsCountByTheMonthTheyWereFound) {
  Fact fact;
  fact.found_us = At("2026-03-02 09:00");
  fact.state = 4;  // MERGED
  EXPECT_EQ(Of(fact, Kind::kDuplicate, "", 202603), Ratio(1, 1));
  EXPECT_TRUE(TalliesOf(fact, Kind::kFiling, "T").empty());
  fact.state = 3;  // FILED
  EXPECT_EQ(Of(fact, Kind::kDuplicate, "", 202603), Ratio(0, 1));
  EXPECT_EQ(Of(fact, Kind::kFiling, "", 202603), Ratio(1, 1));
  EXPECT_TRUE(TalliesOf(fact, Kind::kFiled, "T").empty());
}

TEST(ScoreRules, EveryTermHasAFormulaASourceAndAKindOfItsOwn) {
  const auto policy = testing::TestPolicy();
  ASSERT_NE(policy->scores, nullptr);
  std::set<Kind> kinds;
  for (const ScoreTerm& term : policy->scores->terms) {
    EXPECT_TRUE(kinds.insert(term.kind).second) << term.code;
    EXPECT_FALSE(term.formula_zh.empty());
    EXPECT_FALSE(term.source.empty());
    EXPECT_EQ(ParseKind(NameOf(term.kind)), term.kind);
  }
  EXPECT_EQ(kinds.size(), static_cast<size_t>(kKinds));
  EXPECT_FALSE(ParseKind("NOTHING").has_value());
}

}  // namespace
}  // namespace gridwarden::domain::score
