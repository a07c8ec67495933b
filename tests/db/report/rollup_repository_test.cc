// The SQL of the board on the real MariaDB.
#include "report/rollup_repository.h"

#include <gtest/gtest.h>

#include <set>

#include "base/status.h"
#include "support/shared_database.h"
#include "support/statement_plan.h"
#include "support/test_city.h"

namespace gridwarden::report {
namespace {

using domain::CaseFactState;
using domain::Fact;
using testing::City;
using testing::SharedDatabase;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);
constexpr int64_t kFirst = 1;  // generation

class RollupRepository : public ::testing::Test {
 protected:
  RollupRepository() {
    SharedDatabase().Clear();
    EXPECT_TRUE(Run([](db::Transaction& tx) { return EnsureGeneration(tx, kNow); }).ok());
  }

  static absl::Status Run(const std::function<absl::Status(db::Transaction&)>& body) {
    return SharedDatabase()->Run(body);
  }
  static Fact NewFact(uint64_t index, const Uuid& division, CaseFactState state = CaseFactState::kHandling) {
    Fact fact;
    fact.kind = domain::FactKind::kCase;
    fact.subject = Uuid::Make(kNow);
    fact.index = index;
    fact.division = division;
    fact.path = City().ground->PathKey(division);
    fact.category = "DUST";
    fact.state = static_cast<int>(state);
    fact.case_no = "甲-2026-1";
    fact.event_us = 1'790'000'000'000'000;
    fact.due_us = 1'790'000'360'000'000;
    fact.rework = 2;
    return fact;
  }
  static void Save(const std::vector<Fact>& facts) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) { return SaveFacts(tx, kFirst, facts); }).ok());
  }

  const Uuid village = City().villages[0][0][0];
  const Uuid foreign = City().villages[1][0][0];
};

TEST_F(RollupRepository, HasOneActiveGenerationHoweverOftenItIsEnsured) {
  ASSERT_TRUE(Run([](db::Transaction& tx) { return EnsureGeneration(tx, kNow); }).ok());
  ASSERT_TRUE(Run([](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const auto active, ReadGeneration(tx, GenerationState::kActive));
                EXPECT_TRUE(active.has_value());
                if (!active) return Internal("none");
                EXPECT_EQ(active->generation, kFirst);
                EXPECT_EQ(active->next_index, 0u);
                GW_RETURN_IF_ERROR(SaveCursor(tx, kFirst, 17));
                GW_ASSIGN_OR_RETURN(const Generation locked, LockGeneration(tx, kFirst));
                EXPECT_EQ(locked.next_index, 17u);
                EXPECT_TRUE(absl::IsNotFound(LockGeneration(tx, 99).status()));
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM report_generation"), "1");
}

TEST_F(RollupRepository, ReadsBackTheFactsItWroteAndReplacesThem) {
  Fact wrote = NewFact(4, village);
  Save({wrote});
  wrote.index = 9;
  wrote.state = static_cast<int>(CaseFactState::kClosed);
  wrote.due_us.reset();
  wrote.close_us = 1'790'000'100'000'000;
  wrote.closed_on_time = true;
  Save({wrote});
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                const std::vector<Uuid> subjects = {wrote.subject, Uuid::Make(kNow)};
                GW_ASSIGN_OR_RETURN(const auto facts, ReadFacts(tx, kFirst, subjects));
                EXPECT_EQ(facts.size(), 1u);
                EXPECT_EQ(facts.at(wrote.subject), wrote);
                return absl::OkStatus();
              }).ok());
}

TEST_F(RollupRepository, TheDifferenceToAnEarlierIndexIsWhatCameAndWhatItReplaced) {
  const Fact before = NewFact(2, village, CaseFactState::kFiled);
  Fact after = before;
  after.index = 8;
  after.state = static_cast<int>(CaseFactState::kHandling);
  const Fact untouched = NewFact(3, village);
  const Fact elsewhere = NewFact(9, foreign);
  Save({after, untouched, elsewhere});
  ASSERT_TRUE(Run([&](db::Transaction& tx) {
                const std::vector<Version> versions = {{before, 8}};
                return SaveVersions(tx, kFirst, versions);
              }).ok());
  const auto difference = [&](uint64_t from, const GroundRange& range, int64_t rows_max) {
    std::multiset<std::pair<int64_t, int>> seen;  // (n, state)
    const absl::Status status = Run([&](db::Transaction& tx) {
      seen.clear();
      return ReadDifference(tx, kFirst, from, range, rows_max, [&](const Fact& fact, int64_t n) {
        seen.insert({n, fact.state});
      });
    });
    EXPECT_TRUE(status.ok() || absl::IsOutOfRange(status)) << status;
    return status.ok() ? std::optional(seen) : std::nullopt;
  };
  const GroundRange here = GroundRange::Below(City().ground->PathKey(City().counties[0]));
  const auto at_five = difference(5, here, 100);
  ASSERT_TRUE(at_five.has_value());
  // Somebody else's ground and what was there before play no part; one fact goes, what it replaced comes back
  // (or the reverse).
  EXPECT_EQ(at_five->size(), 2u);
  int64_t sum = 0;
  for (const auto& [n, state] : *at_five) sum += n;
  EXPECT_EQ(sum, 0);
  EXPECT_EQ(difference(5, GroundRange::Everything(), 100)->size(), 3u);
  EXPECT_TRUE(difference(9, here, 100)->empty());
  EXPECT_FALSE(difference(5, GroundRange::Everything(), 1).has_value()) << "a limit is a limit";

  std::set<int> states;
  ASSERT_TRUE(Run([&](db::Transaction& tx) {
                return ReadFactsAt(tx, kFirst, 5, here, 100, [&](const Fact& fact, int64_t n) {
                  EXPECT_EQ(n, 1);
                  states.insert(fact.state);
                });
              }).ok());
  EXPECT_EQ(states, (std::set<int>{static_cast<int>(CaseFactState::kFiled),
                                   static_cast<int>(CaseFactState::kHandling)}));
}

TEST_F(RollupRepository, CountersAddUpAndSumUpTheTree) {
  const std::string path = City().ground->PathKey(village);
  const int handling = static_cast<int>(domain::Count::kState) + static_cast<int>(CaseFactState::kHandling);
  for (const int64_t n : {3, -1}) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) {
                  return AddToCounters(tx, kFirst, {{{path, "DUST", handling}, n}});
                }).ok());
  }
  EXPECT_EQ(SharedDatabase().Ask("SELECT n FROM report_counter"), "2");
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return LoadRollup(tx, kFirst).status(); }).ok());
}

TEST_F(RollupRepository, PagesGoThroughEveryFactOfACellOnceInTheOrderOfGround) {
  std::vector<Fact> facts;
  for (int i = 0; i < 25; ++i) facts.push_back(NewFact(i, City().villages[0][i % 3][i % 4]));
  facts.push_back(NewFact(30, foreign));
  Save(facts);
  FactPage page{.kind = domain::FactKind::kCase,
                .state = static_cast<int>(CaseFactState::kHandling),
                .range = GroundRange::Below(City().ground->PathKey(City().counties[0])),
                .limit = 7};
  std::vector<std::pair<std::string, std::string>> seen;
  while (true) {
    std::vector<Fact> read;
    ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                  GW_ASSIGN_OR_RETURN(read, ReadFactPage(tx, kFirst, page));
                  return absl::OkStatus();
                }).ok());
    for (const Fact& fact : read) seen.emplace_back(fact.path, fact.subject.Bytes());
    if (static_cast<int>(read.size()) < page.limit) break;
    page.after_path = seen.back().first;
    page.after_subject = seen.back().second;
  }
  EXPECT_EQ(seen.size(), 25u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 25u);
}

TEST_F(RollupRepository, AnEmptiedGenerationLeavesTheOtherAlone) {
  Save({NewFact(1, village)});
  int64_t second = 0;
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const Generation started, StartGeneration(tx, kNow));
                second = started.generation;
                return SaveFacts(tx, second, std::vector{NewFact(1, village), NewFact(2, village)});
              }).ok());
  uint64_t gone = 1, all = 0;
  while (gone > 0) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                  GW_ASSIGN_OR_RETURN(gone, EmptyGeneration(tx, second));
                  return absl::OkStatus();
                }).ok());
    all += gone;
  }
  EXPECT_EQ(all, 2u);
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM report_fact"), "1");
}

TEST_F(RollupRepository, NoHotStatementReadsAWholeTable) {
  std::vector<Fact> facts;
  std::vector<Version> versions;
  for (int i = 0; i < 600; ++i) {
    facts.push_back(
        NewFact(1000 + i, City().villages[i % 2][i % 3][i % 4], static_cast<CaseFactState>(1 + i % 14)));
    Fact old = facts.back();
    old.index = i;
    versions.push_back({old, 1000u + i});
  }
  Save(facts);
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return SaveVersions(tx, kFirst, versions); }).ok());
  SharedDatabase().Ask("ANALYZE TABLE report_fact");
  SharedDatabase().Ask("ANALYZE TABLE report_version");
  const auto nothing = [](const Fact&, int64_t) {};
  testing::ExpectKeysServe(testing::PlansOf(*SharedDatabase(), [&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(ReadFacts(tx, kFirst, std::vector{facts[3].subject, facts[4].subject}).status());
    const GroundRange here = GroundRange::Below(City().ground->PathKey(City().townships[0][0]));
    GW_RETURN_IF_ERROR(ReadDifference(tx, kFirst, 1590, here, 1000, nothing));
    return ReadFactPage(tx, kFirst,
                        {.kind = domain::FactKind::kCase,
                         .state = static_cast<int>(CaseFactState::kHandling),
                         .range = here,
                         .limit = 5})
        .status();
  }));
}

}  // namespace
}  // namespace gridwarden::report
