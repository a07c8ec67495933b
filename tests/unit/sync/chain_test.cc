#include "domain/sync/chain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

namespace gridwarden::domain {
namespace {

TEST(SeqLog, KnowsWhatNeverCame) {
  SeqLog log;
  TakeSeq(log, 1);
  EXPECT_EQ(log.Contiguous(), 1);
  TakeSeq(log, 6);
  EXPECT_EQ(log.gaps, (std::vector<SeqGap>{{2, 5}}));
  EXPECT_EQ(log.Missing(), 4);
  TakeSeq(log, 4);
  EXPECT_EQ(log.gaps, (std::vector<SeqGap>{{2, 3}, {5, 5}}));
  TakeSeq(log, 5);
  TakeSeq(log, 2);
  EXPECT_EQ(log.gaps, (std::vector<SeqGap>{{3, 3}}));
  EXPECT_EQ(log.Contiguous(), 2);
  TakeSeq(log, 3);
  EXPECT_EQ(log.Contiguous(), 6);
  TakeSeq(log, 3);
  EXPECT_EQ(log.Contiguous(), 6);
}

TEST(SeqLog, InAnyOrderAndTwiceSaysTheSameAsASet) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::vector<int64_t> order(40);
    std::iota(order.begin(), order.end(), 1);
    std::shuffle(order.begin(), order.end(), random);
    order.resize(1 + random() % 60 % 40);
    SeqLog log;
    std::set<int64_t> came;
    for (const int64_t seq : order) {
      TakeSeq(log, seq);
      if (random() % 3 == 0) TakeSeq(log, seq);
      came.insert(seq);
      std::vector<int64_t> missing, wanted;
      for (const SeqGap& gap : log.gaps)
        for (int64_t at = gap.from; at <= gap.to; ++at) missing.push_back(at);
      for (int64_t at = 1; at < *came.rbegin(); ++at)
        if (!came.contains(at)) wanted.push_back(at);
      ASSERT_EQ(missing, wanted);
      ASSERT_EQ(log.last, *came.rbegin());
      ASSERT_EQ(log.Missing(), static_cast<int64_t>(wanted.size()));
    }
  }
}

TEST(SeqLog, KeepsNoMoreGapsThanMeanAnything) {
  SeqLog log;
  for (int64_t seq = 2; seq < 10'000; seq += 2) TakeSeq(log, seq);
  EXPECT_EQ(log.gaps.size(), kGapsMax);
  EXPECT_EQ(log.last, 9998);
}

TEST(ChainLink, IsWholeBrokenOrForked) {
  const auto link = [](int64_t seq, std::string_view prev, std::optional<std::string> before,
                       std::optional<std::string> after = std::nullopt, bool twin = false) {
    const ChainLink found = LinkOf(seq, prev, "me", before, after, twin);
    return std::pair(found.gap, found.fork);
  };
  using Pair = std::pair<bool, bool>;
  EXPECT_EQ(link(1, "", std::nullopt), Pair(false, false));
  EXPECT_EQ(link(1, "x", std::nullopt), Pair(false, true)) << "the first names nothing";
  EXPECT_EQ(link(2, "x", "x"), Pair(false, false));
  EXPECT_EQ(link(2, "x", "y"), Pair(false, true));
  EXPECT_EQ(link(2, "x", std::nullopt), Pair(true, false));
  EXPECT_EQ(link(2, "x", "x", "me"), Pair(false, false)) << "came after its successor";
  EXPECT_EQ(link(2, "x", "x", "another"), Pair(false, true));
  EXPECT_EQ(link(2, "x", "x", std::nullopt, true), Pair(false, true));
}

TEST(Fixes, AreComparedForWhatNobodyCanDo) {
  const absl::Time at = absl::FromUnixSeconds(1'790'000'000);
  const Fix here{114.02, 32.98, at};
  EXPECT_EQ(CompareFixes(here, {114.02, 32.98, at + absl::Hours(3)}), Bit(OperationFlag::kSameCoordinates));
  EXPECT_EQ(CompareFixes(here, {114.03, 32.98, at + absl::Minutes(5)}), 0u);
  EXPECT_EQ(CompareFixes(here, {114.025, 32.98, at}), 0u) << "half a kilometre: a receiver may jump";
  EXPECT_EQ(CompareFixes(here, {114.32, 32.98, at + absl::Minutes(5)}), Bit(OperationFlag::kImpossibleSpeed));
  EXPECT_EQ(CompareFixes(here, {114.32, 32.98, at + absl::Minutes(20)}), 0u);
}

}  // namespace
}  // namespace gridwarden::domain
