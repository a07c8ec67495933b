#include "domain/sync/claimed_time.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace gridwarden::domain {
namespace {

absl::Time At(double minutes) { return absl::FromUnixSeconds(1'790'000'000) + absl::Minutes(minutes); }

// A phone whose clock is right, that had a token at 0, made something at `made` and sent it at `sent`.
struct Story {
  TimeClaim claim;
  TimeEvidence evidence;

  Story(double made, double sent) {
    claim.made = {At(made), static_cast<int64_t>(made * 60'000), "boot"};
    claim.at_token = {At(0), 0, "boot"};
    evidence.received = At(sent);
    evidence.token = At(0);
    evidence.anchor = At(-1000);
    evidence.at_push = {At(sent), static_cast<int64_t>(sent * 60'000), "boot"};
  }
  TimeJudgement Judge() const { return JudgeTime(claim, evidence); }
};

TEST(ClaimedTime, GradesByWhatIsKnown) {
  struct Row {
    const char* what;
    void (*change)(Story&);
    TimeGrade grade;
    OperationFlags flags;
  };
  const OperationFlags wide = Bit(OperationFlag::kWideInterval);
  const Row rows[] = {
      {"sent at once", [](Story& s) { s = Story(3, 4); }, TimeGrade::kA, 0},
      {"sent after five minutes", [](Story& s) { s = Story(3, 8); }, TimeGrade::kA, 0},
      {"sent after six", [](Story& s) { s = Story(3, 9); }, TimeGrade::kC, 0},
      {"offline for hours", [](Story& s) { s = Story(100, 500); }, TimeGrade::kC, wide},
      {"with a satellite's time",
       [](Story& s) {
         s = Story(100, 500);
         s.claim.fix = At(101);
       },
       TimeGrade::kB, 0},
      {"whose satellite says otherwise",
       [](Story& s) {
         s = Story(100, 500);
         s.claim.fix = At(103);
       },
       TimeGrade::kC, wide | Bit(OperationFlag::kFixTimeDiffers)},
      {"with a clock that is a day wrong all along",
       [](Story& s) {
         s = Story(100, 500);
         for (ClockReading* reading : {&s.claim.made, &s.claim.at_token, &s.evidence.at_push})
           *reading->wall += absl::Hours(24);
       },
       TimeGrade::kC, wide},
      {"without a token",
       [](Story& s) {
         s = Story(3, 4);
         s.evidence.token.reset();
       },
       TimeGrade::kC, wide | Bit(OperationFlag::kNoToken)},
      {"a clock put back before it was made",
       [](Story& s) {
         s = Story(100, 500);
         *s.claim.made.wall -= absl::Minutes(50);
       },
       TimeGrade::kD, Bit(OperationFlag::kClockMoved)},
      {"a clock put back in another boot",
       [](Story& s) {
         s = Story(100, 500);
         *s.claim.made.wall -= absl::Minutes(50);
         s.claim.made.boot = "other";
         *s.evidence.at_push.wall -= absl::Minutes(50);
         s.evidence.at_push.boot = "other";
       },
       TimeGrade::kD, Bit(OperationFlag::kClockMoved)},
      {"a claim from before its token",
       [](Story& s) {
         s = Story(100, 500);
         s.claim.made = {At(-60), 0, ""};
       },
       TimeGrade::kD, Bit(OperationFlag::kOutsideBounds)},
      {"a claim from after its receipt",
       [](Story& s) {
         s = Story(100, 500);
         s.claim.made = {At(510), 0, ""};
       },
       TimeGrade::kD, Bit(OperationFlag::kOutsideBounds)},
      {"no clock at all",
       [](Story& s) {
         s = Story(100, 500);
         s.claim.made.wall.reset();
       },
       TimeGrade::kD, Bit(OperationFlag::kOutsideBounds)},
      {"what names a predecessor that has not come",
       [](Story& s) {
         s = Story(3, 4);
         s.evidence.chain_gap = true;
       },
       TimeGrade::kD, Bit(OperationFlag::kChainGap)},
      {"a fork",
       [](Story& s) {
         s = Story(3, 4);
         s.evidence.chain_fork = true;
       },
       TimeGrade::kD, Bit(OperationFlag::kChainFork)},
  };
  for (const Row& row : rows) {
    Story story(0, 0);
    row.change(story);
    const TimeJudgement judged = story.Judge();
    EXPECT_EQ(judged.grade, row.grade) << row.what;
    EXPECT_EQ(judged.flags, row.flags) << row.what;
  }
}

TEST(ClaimedTime, CountsTheClaimWhereItIsGoodAndTheReceiptWhereItIsNot) {
  const TimeJudgement a = Story(10, 11).Judge();
  EXPECT_EQ(Counted(a).earliest, At(8));
  EXPECT_EQ(Counted(a).latest, At(11)) << "never after the receipt";
  const TimeJudgement c = Story(100, 500).Judge();
  EXPECT_EQ(c.estimate, At(100));
  EXPECT_EQ(Counted(c).earliest, At(0));
  EXPECT_EQ(Counted(c).latest, At(500));
  Story moved(100, 500);
  *moved.claim.made.wall -= absl::Minutes(50);
  EXPECT_EQ(Counted(moved.Judge()).earliest, At(500));
  EXPECT_EQ(Counted(moved.Judge()).latest, At(500));
  EXPECT_EQ(moved.Judge().earliest, At(0)) << "the interval is stated all the same";
}

TEST(ClaimedTime, AClockOfOursThatWentBackStillGivesAnInterval) {
  Story story(3, 4);
  story.evidence.received = At(-5);
  const TimeJudgement judged = story.Judge();
  EXPECT_LE(judged.earliest, judged.latest);
  EXPECT_EQ(judged.latest, At(-5));
}

// G20. Phones that are online, offline, asleep, wrong, moved, or lie about everything they can.
TEST(ClaimedTime, TheTrueTimeIsAlwaysInsideTheInterval) {
  std::mt19937_64 random(20);
  const auto number = [&](int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(random);
  };
  const absl::Time begin = At(0);
  std::vector<absl::Duration> online_widths;
  int accepted_before_anchor = 0, beyond_bounds = 0;
  for (int i = 0; i < 200'000; ++i) {
    const bool online = number(0, 1) == 0;
    const bool lies = number(0, 3) == 0;
    // Seconds of the true clock: registered, got its token, made it, sent it.
    const int64_t token = number(0, 30 * 86'400);
    const int64_t made = token + (online ? number(0, 90) : number(0, 30 * 86'400));
    const int64_t sent = made + (online ? number(0, 20) : number(0, 30 * 86'400));
    const absl::Duration skew = absl::Seconds(number(-400 * 86'400, 400 * 86'400) * number(0, 1));
    const auto reading = [&](int64_t true_second) {
      return ClockReading{begin + absl::Seconds(true_second) + skew, true_second * 1000, "boot"};
    };
    TimeClaim claim{reading(made), reading(token), std::nullopt};
    TimeEvidence evidence{.received = begin + absl::Seconds(sent),
                          .token = begin + absl::Seconds(token),
                          .anchor = begin - absl::Hours(1),
                          .at_push = reading(sent)};
    if (number(0, 9) == 0) evidence.token.reset();
    if (number(0, 2) == 0) claim.fix = begin + absl::Seconds(made + number(-300, 300));
    if (lies) {
      const auto lie = [&](ClockReading& r) {
        if (number(0, 1) == 0) r.wall = begin + absl::Seconds(number(-400 * 86'400, 400 * 86'400));
        if (number(0, 1) == 0) r.mono_ms = number(0, int64_t{60} * 86'400'000);
        if (number(0, 1) == 0) r.boot = number(0, 1) == 0 ? "boot" : "another";
        if (number(0, 5) == 0) r.wall.reset();
      };
      lie(claim.made);
      lie(claim.at_token);
      lie(evidence.at_push);
      // It may carry an older token, never a later one than it had.
      if (evidence.token) *evidence.token -= absl::Seconds(number(0, token));
      if (number(0, 1) == 0) claim.fix = begin + absl::Seconds(number(-86'400, 86'400 * 60));
    }
    const TimeJudgement judged = JudgeTime(claim, evidence);
    const absl::Time truth = begin + absl::Seconds(made);
    ASSERT_LE(judged.earliest, truth) << i;
    ASSERT_GE(judged.latest, truth) << i;
    const CountedTime counted = Counted(judged);
    beyond_bounds += counted.earliest < judged.earliest || counted.latest > judged.latest ||
                     judged.estimate < judged.earliest || judged.estimate > judged.latest ||
                     counted.earliest > counted.latest;
    accepted_before_anchor += evidence.token && counted.earliest < *evidence.token;
    if (online && !lies && evidence.token) online_widths.push_back(judged.latest - judged.earliest);
    // An honest phone whose clock was never moved is never told that it was.
    if (!lies) {
      ASSERT_FALSE(Has(judged.flags, OperationFlag::kClockMoved)) << i;
      if (evidence.token) {
        ASSERT_FALSE(Has(judged.flags, OperationFlag::kOutsideBounds)) << i;
        ASSERT_EQ(judged.estimate, truth) << i;
      }
    }
  }
  EXPECT_EQ(accepted_before_anchor, 0);
  EXPECT_EQ(beyond_bounds, 0);
  std::nth_element(online_widths.begin(), online_widths.begin() + online_widths.size() / 2,
                   online_widths.end());
  EXPECT_LE(online_widths[online_widths.size() / 2], absl::Seconds(60));
}

}  // namespace
}  // namespace gridwarden::domain
