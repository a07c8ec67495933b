#include "domain/draw/draw.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "unit/draw/made_up_draw.h"

namespace gridwarden::domain::draw {
namespace {

TEST(Draw, RoundsTheRatioUpSoThatASmallStratumIsNotLeftOut) {
  EXPECT_EQ(DrawnOf(0, 25), 0);
  EXPECT_EQ(DrawnOf(1, 5), 1);
  EXPECT_EQ(DrawnOf(4, 25), 1);
  EXPECT_EQ(DrawnOf(5, 25), 2);
  EXPECT_EQ(DrawnOf(20, 5), 1);
  EXPECT_EQ(DrawnOf(21, 5), 2);
  EXPECT_EQ(DrawnOf(5000, 100), 5000);
}

TEST(Draw, TakesFromEveryStratumItsShareAndNobodyTwice) {
  for (uint32_t number = 0; number < 100; ++number) {
    const Commitment commitment = MadeUpCommitment(number);
    const std::vector<Drawn> drawn = Sample(kHashes, "a key", commitment);
    std::map<std::string, int> of_stratum;
    std::set<std::string> sources;
    for (const Drawn& one : drawn) {
      ++of_stratum[one.stratum];
      EXPECT_TRUE(sources.insert(one.source).second);
    }
    for (const Stratum& stratum : commitment.strata) {
      const auto all = std::count_if(commitment.candidates.begin(), commitment.candidates.end(),
                                     [&](const Candidate& one) { return one.stratum == stratum.code; });
      EXPECT_EQ(of_stratum[stratum.code], DrawnOf(static_cast<int>(all), stratum.ratio_percent));
    }
  }
}

// The same result however the lists were put together: only what stands in them counts.
TEST(Draw, DoesNotDependOnTheOrderOfTheCandidates) {
  Commitment commitment = MadeUpCommitment(7);
  const std::vector<Drawn> drawn = Sample(kHashes, "a key", commitment);
  std::reverse(commitment.candidates.begin(), commitment.candidates.end());
  const std::vector<Drawn> again = Sample(kHashes, "a key", commitment);
  ASSERT_EQ(again.size(), drawn.size());
  for (size_t i = 0; i < drawn.size(); ++i) EXPECT_EQ(again[i].source, drawn[i].source);
}

TEST(Draw, SendsEnoughDifferentPeopleNeverAnExcludedOneAndNobodyTwiceBeforeAllWhoCanWentOnce) {
  for (uint32_t number = 0; number < 300; ++number) {
    const Commitment commitment = MadeUpCommitment(number);
    const Outcome outcome = Perform(kHashes, commitment, "digest", MadeUpSeeds(commitment));
    ASSERT_TRUE(outcome.lacking.empty());
    const std::set<Exclusion> excluded(commitment.exclusions.begin(), commitment.exclusions.end());
    std::map<std::string, int> load;
    for (const Drawn& drawn : outcome.drawn) {
      EXPECT_EQ(std::set<std::string>(drawn.inspectors.begin(), drawn.inspectors.end()).size(),
                static_cast<size_t>(commitment.seats));
      for (const std::string& person : drawn.inspectors) {
        EXPECT_FALSE(excluded.contains({person, drawn.source}));
        ++load[person];
      }
    }
    // Nobody could take over one visit of somebody who has two more.
    for (const Drawn& drawn : outcome.drawn) {
      for (const std::string& person : drawn.inspectors) {
        for (const Inspector& other : commitment.inspectors) {
          const bool there = std::count(drawn.inspectors.begin(), drawn.inspectors.end(), other.person) > 0;
          if (!there && !excluded.contains({other.person, drawn.source})) {
            EXPECT_LE(load[person], load[other.person] + 1);
          }
        }
      }
    }
  }
}

// One inspector may go everywhere, the other only to one of two places: the first choice must be given up.
TEST(Draw, FindsAMatchingWhereTakingTheFirstFreePersonWouldNot) {
  for (int number = 0; number < 50; ++number) {
    Commitment commitment;
    commitment.seats = 1;
    commitment.strata = {{"ALL", 100}};
    for (int i = 0; i < 3; ++i) {
      commitment.candidates.push_back({MadeUpId(3, i), "ALL"});
      commitment.inspectors.push_back({MadeUpId(4, i), MadeUpId(5, i), ""});
    }
    // Inspector 0 only to 0; inspector 1 to 0 and 1; inspector 2 everywhere: one way to send each once.
    commitment.exclusions = {
        {MadeUpId(4, 0), MadeUpId(3, 1)}, {MadeUpId(4, 0), MadeUpId(3, 2)}, {MadeUpId(4, 1), MadeUpId(3, 2)}};
    const Outcome outcome = Perform(kHashes, commitment, absl::StrCat(number), {});
    ASSERT_EQ(outcome.drawn.size(), 3u);
    for (const Drawn& drawn : outcome.drawn) {
      EXPECT_EQ(drawn.inspectors, std::vector<std::string>{MadeUpId(4, drawn.source.back() - '0')});
    }
  }
}

TEST(Draw, NamesTheSourcesThatCannotHaveEnoughInspectors) {
  Commitment commitment = MadeUpCommitment(3);
  commitment.seats = 2;
  commitment.exclusions.clear();
  for (size_t i = 1; i < commitment.inspectors.size(); ++i)
    commitment.exclusions.push_back({commitment.inspectors[i].person, commitment.candidates[0].id});
  const auto lacking = Lacking(commitment);
  ASSERT_EQ(lacking.size(), 1u);
  EXPECT_EQ(lacking[0], std::pair(commitment.candidates[0].id, 1));
  for (Stratum& stratum : commitment.strata) stratum.ratio_percent = 100;
  const Outcome outcome = Perform(kHashes, commitment, "digest", {});
  EXPECT_EQ(outcome.lacking, std::vector<std::string>{commitment.candidates[0].id});
  for (const Drawn& drawn : outcome.drawn)
    EXPECT_EQ(drawn.inspectors.size(), drawn.source == commitment.candidates[0].id ? 1u : 2u);
}

TEST(Draw, EverySeedAndTheListsThemselvesDecideTheKey) {
  const std::vector<Seed> seeds = {{"1 2 3", ""}, {"4 5 6", ""}};
  const std::string key = SeedKey(kHashes, "d1", seeds);
  EXPECT_NE(SeedKey(kHashes, "d2", seeds), key);
  EXPECT_NE(SeedKey(kHashes, "d1", {seeds[1], seeds[0]}), key);
  EXPECT_NE(SeedKey(kHashes, "d1", {seeds[0]}), key);
  EXPECT_NE(SeedKey(kHashes, "d1", {seeds[0], {"4 5 7", ""}}), key);
  EXPECT_EQ(SeedKey(kHashes, "d1", {{"1 2 3", "elsewhere"}, {"4 5 6", "elsewhere"}}), key);
}

// Pearson's sum over the cells.
double ChiSquare(const std::vector<double>& expected, const std::vector<int>& seen) {
  double sum = 0;
  for (size_t i = 0; i < seen.size(); ++i)
    sum += (seen[i] - expected[i]) * (seen[i] - expected[i]) / expected[i];
  return sum;
}

constexpr int kDraws = 100'000;

// 10^5 draws of 2 out of 6, equal weights and weights 1 to 4. The cells are the 30 ordered pairs, so it is
// the order of a draw without replacement that is tested. 29 degrees of freedom; 58.30 is exceeded once in a
// thousand times. The seeds are fixed: the test always gives the same sums.
TEST(Draw, IsUniformAndHonoursWeightsIn100000Draws) {
  for (const std::vector<int>& weights : {std::vector<int>{1, 1, 1, 1, 1, 1}, {1, 2, 3, 4, 1, 2}}) {
    Commitment commitment;
    commitment.strata = {{"ALL", 33}};
    double total = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      commitment.candidates.push_back({MadeUpId(3, static_cast<int>(i)), "ALL", weights[i]});
      total += weights[i];
    }
    std::vector<double> expected(36);
    for (int i = 0; i < 6; ++i) {
      for (int k = 0; k < 6; ++k)
        expected[i * 6 + k] = kDraws * weights[i] / total * weights[k] / (total - weights[i]);
    }
    std::vector<int> seen(36);
    for (int n = 0; n < kDraws; ++n) {
      const std::vector<Drawn> drawn = Sample(kHashes, crypto::Sha256(absl::StrCat("seed ", n)), commitment);
      ASSERT_EQ(drawn.size(), 2u);
      ++seen[(drawn[0].source.back() - '0') * 6 + drawn[1].source.back() - '0'];
    }
    for (int i = 5; i >= 0; --i) {
      ASSERT_EQ(seen[i * 6 + i], 0);
      expected.erase(expected.begin() + i * 6 + i);
      seen.erase(seen.begin() + i * 6 + i);
    }
    const double sum = ChiSquare(expected, seen);
    RecordProperty(absl::StrCat("chi_square_", weights[1]), absl::StrCat(sum));
    EXPECT_LT(sum, 58.30);
    EXPECT_GT(sum, 8.0);  // too good to be true is as suspicious
  }
}

// Who is sent is uniform too: one place, five inspectors, 4 degrees of freedom, 18.47 once in a thousand.
TEST(Draw, SendsEveryInspectorAlikeIn100000Draws) {
  Commitment commitment;
  commitment.seats = 1;
  commitment.strata = {{"ALL", 100}};
  commitment.candidates.push_back({MadeUpId(3, 0), "ALL"});
  for (int i = 0; i < 5; ++i) commitment.inspectors.push_back({MadeUpId(4, i), MadeUpId(5, i), ""});
  std::vector<int> seen(5);
  for (int n = 0; n < kDraws; ++n) {
    std::vector<Drawn> drawn = {{"ALL", MadeUpId(3, 0), "", {}}};
    Match(kHashes, crypto::Sha256(absl::StrCat("seed ", n)), commitment, drawn);
    ++seen[drawn[0].inspectors.at(0).back() - '0'];
  }
  EXPECT_LT(ChiSquare(std::vector<double>(5, kDraws / 5.0), seen), 18.47);
}

// Another language, other code: tests/support/redraw.py gives the same in every one of 400 draws, and says so
// when one result was changed.
TEST(Draw, IsTheSameWhenPythonRecomputesIt) {
  const std::string folder = ::testing::TempDir() + absl::StrCat("gw_draws_", getpid());
  std::filesystem::create_directories(folder);
  const auto write = [&](int number, const Bundle& bundle) {
    std::ofstream(absl::StrCat(folder, "/", number, ".json")) << WriteBundle(kHashes, bundle);
  };
  for (int number = 0; number < 400; ++number)
    write(number, MadeUpBundle(MadeUpCommitment(static_cast<uint32_t>(number))));
  const std::string redraw = absl::StrCat("python3 ", GW_SOURCE_DIR, "/tests/support/redraw.py ", folder,
                                          "/*.json >", folder, "/out");
  EXPECT_EQ(std::system(redraw.c_str()), 0);
  Bundle changed = MadeUpBundle(MadeUpCommitment(5));
  const size_t place = changed.outcome.rfind("sent\t") + 5;
  changed.outcome.replace(place, 8, "ffffffff");
  write(5, changed);
  EXPECT_NE(std::system(redraw.c_str()), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gridwarden::domain::draw
