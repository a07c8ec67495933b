#include "report/score_repository.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "support/shared_database.h"
#include "support/statement_plan.h"
#include "support/test_city.h"

namespace gridwarden::report {
namespace {

using domain::score::Tally;
using testing::City;
using testing::SharedDatabase;

constexpr int64_t kGeneration = 7;

class ScoreRepository : public ::testing::Test {
 protected:
  ScoreRepository() { SharedDatabase().Clear(); }
  static absl::Status Run(const std::function<absl::Status(db::Transaction&)>& body) {
    return SharedDatabase()->Run(body);
  }
  static std::string PathOf(int i) { return City().ground->PathKey(City().villages[i % 2][i % 3][i % 4]); }
  static AppealRow NewAppeal(int i) {
    AppealRow appeal;
    appeal.id = Uuid::Derive(City().city, absl::StrCat("appeal ", i));
    appeal.division = City().villages[i % 2][i % 3][i % 4];
    appeal.ground_path = PathOf(i);
    appeal.subject = Uuid::Derive(City().city, absl::StrCat("case ", i));
    appeal.submit_us = 1000 + i;
    appeal.value.set_name(ResourceName("scoreAppeals", appeal.id));
    appeal.value.set_term("ON_TIME_RATE");
    appeal.value.set_state(i % 3 == 0 ? v1::ScoreAppeal::UPHELD : v1::ScoreAppeal::SUBMITTED);
    appeal.chain = {.id = appeal.id, .seq = 1, .leaf = std::string(32, 'l')};
    return appeal;
  }
};

TEST_F(ScoreRepository, AddsUpWhatChangesAndKeepsGenerationsApart) {
  const ScoreCell cell{PathOf(0), "ON_TIME_RATE", "posts/a", 202604};
  for (const int64_t generation : {kGeneration, kGeneration, kGeneration + 1}) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) {
                  return AddToScores(tx, generation, {{cell, Tally{1, 2, -1, 3}}});
                }).ok());
  }
  ASSERT_TRUE(
      Run([&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(const auto sums, SumScores(tx, kGeneration, {"", 16, 202601, 202612, ""}));
        EXPECT_EQ(sums.size(), 1u);
        EXPECT_EQ(sums.at(0).tally, (Tally{2, 4, -2, 6}));
        EXPECT_EQ(sums.at(0).path, PathOf(0).substr(0, 16));
        GW_ASSIGN_OR_RETURN(const auto others,
                            SumScores(tx, kGeneration, {"", 16, 202601, 202612, "posts/b,units/c"}));
        EXPECT_TRUE(others.empty());
        GW_ASSIGN_OR_RETURN(const auto earlier, SumScores(tx, kGeneration, {"", 16, 202601, 202603, ""}));
        EXPECT_TRUE(earlier.empty());
        return absl::OkStatus();
      }).ok());
}

TEST_F(ScoreRepository, RefusesASecondAppealOfACaseInATermAndAStaleOne) {
  AppealRow appeal = NewAppeal(1);
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertAppeal(tx, appeal); }).ok());
  AppealRow second = appeal;
  second.id = Uuid::Derive(City().city, "second");
  EXPECT_EQ(ReasonOf(Run([&](db::Transaction& tx) { return InsertAppeal(tx, second); })), "ALREADY_EXISTS");
  appeal.chain.seq = 2;
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return SaveAppeal(tx, appeal); }).ok());
  EXPECT_EQ(ReasonOf(Run([&](db::Transaction& tx) { return SaveAppeal(tx, appeal); })), "ETAG_MISMATCH");
}

TEST_F(ScoreRepository, NoHotStatementReadsAWholeTable) {
  ScoreChanges changes;
  ASSERT_TRUE(
      Run([&](db::Transaction& tx) -> absl::Status {
        for (int i = 0; i < 600; ++i) {
          v1::ScoreFact fact;
          fact.set_ground_path(PathOf(i));
          GW_RETURN_IF_ERROR(
              SaveScoreFact(tx, kGeneration, Uuid::Derive(City().city, absl::StrCat("case ", i)), fact));
          GW_RETURN_IF_ERROR(InsertAppeal(tx, NewAppeal(i)));
          changes[{PathOf(i), absl::StrCat("T", i % 9), absl::StrCat("posts/", i % 7), 202601 + i % 12}] +=
              Tally{1, 1, 0, 0};
        }
        return AddToScores(tx, kGeneration, changes);
      }).ok());
  for (const char* table : {"score_fact", "score_counter", "score_appeal"})
    SharedDatabase().Ask(absl::StrCat("ANALYZE TABLE ", table));
  const std::string here = City().ground->PathKey(City().townships[0][0]);
  testing::ExpectKeysServe(testing::PlansOf(*SharedDatabase(), [&](db::Transaction& tx) -> absl::Status {
    const Uuid subject = Uuid::Derive(City().city, "case 3");
    GW_RETURN_IF_ERROR(ReadScoreFact(tx, kGeneration, subject).status());
    GW_RETURN_IF_ERROR(ListScoreFacts(tx, kGeneration, here, here, subject, 50).status());
    GW_RETURN_IF_ERROR(SumScores(tx, kGeneration, {here, 64, 202601, 202603, ""}).status());
    GW_RETURN_IF_ERROR(LockAppeal(tx, NewAppeal(3).id).status());
    return ListAppeals(tx, here, "1", {here, 1003, NewAppeal(3).id}, 5).status();
  }));
}

}  // namespace
}  // namespace gridwarden::report
