#include <gtest/gtest.h>

#include "domain/policy/score_rules.h"
#include "report/score_fold.h"
#include "report/score_repository.h"
#include "service/casework/casework_world.h"
#include "support/test_policy.h"

// What real cases count in the evaluation terms: the entries that casework writes, folded as the report area
// folds them.
namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::SubmitCheckRequest;
using domain::PostKind;
using domain::score::Tally;

class CaseScores : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  // Everything staged so far, counted; the sums of the whole city by term.
  std::map<std::string, Tally> Terms() {
    const domain::ScoreRules& rules = *TestPolicy()->scores;
    std::map<std::string, Tally> terms;
    const std::vector<journal::FeedEntry> entries = world.Entries();
    const absl::Status done = world.database()->Run([&](db::Transaction& tx) -> absl::Status {
      for (size_t i = folded; i < entries.size(); ++i)
        GW_RETURN_IF_ERROR(report::FoldScore(rules, *City().ground, tx, entries[i]));
      GW_ASSIGN_OR_RETURN(const auto sums, report::SumScores(tx, report::ScoreGeneration(rules),
                                                             {"", 16, 200001, 220012, ""}));
      for (const report::ScoreSum& sum : sums) terms[sum.term] += sum.tally;
      return absl::OkStatus();
    });
    EXPECT_TRUE(done.ok()) << done;
    folded = entries.size();
    return terms;
  }
  Case Dispatch(const std::string& name, const std::string& handler) {
    casework::v1::DispatchCaseRequest request = world.DispatchRequest(name);
    request.set_handler(handler);
    const auto sent = world.Call<Case>(world.Dispatcher(), "DispatchCase", request);
    EXPECT_TRUE(sent.ok()) << sent.status();
    return sent.value_or(Case());
  }
  static Tally Ratio(int64_t numerator, int64_t denominator) {
    return {.numerator = numerator, .denominator = denominator};
  }

  size_t folded = 0;
};

TEST_F(CaseScores, ACaseThatWentWellCountsWellEverywhere) {
  const Case closed = world.CaseIn(Case::MONITORING);
  ASSERT_TRUE(closed.closed_on_time());
  std::map<std::string, Tally> terms = Terms();
  EXPECT_EQ(terms["FILED"], Ratio(1, 0));
  EXPECT_EQ(terms["DUE_TO_CLOSE"], Ratio(1, 0));
  EXPECT_EQ(terms["CLOSED"], Ratio(1, 0));
  EXPECT_EQ(terms["CLOSURE_RATE"], Ratio(1, 1));
  EXPECT_EQ(terms["ON_TIME_RATE"], Ratio(1, 1));
  EXPECT_EQ(terms["HANDLED_ON_TIME_RATE"], Ratio(1, 1));
  EXPECT_EQ(terms["CHECKED_ON_TIME_RATE"], Ratio(1, 1));
  EXPECT_EQ(terms["REWORK_RATE"], Ratio(0, 1));
  EXPECT_EQ(terms["DISPATCH_ACCURACY"], Ratio(1, 1));
  EXPECT_EQ(terms["FILING_RATE"], Ratio(1, 1));
  EXPECT_EQ(terms["DUPLICATE_RATE"], Ratio(0, 1));
  EXPECT_EQ(terms["REBOUND_RATE"], Ratio(0, 1));
  EXPECT_EQ(terms["FORCED"], Tally());
  EXPECT_EQ(terms["VOIDED"], Tally());
}

TEST_F(CaseScores, AReworkAndWhatIsLateTellAgainstTheCase) {
  Case file = world.CaseIn(Case::CHECKING);
  const auto reworked = world.Call<Case>(world.CheckerOf(file), "SubmitCheck",
                                         world.CheckRequest(file.name(), SubmitCheckRequest::FAIL));
  ASSERT_TRUE(reworked.ok()) << reworked.status();
  std::map<std::string, Tally> terms = Terms();
  EXPECT_EQ(terms["REWORK_RATE"], Ratio(1, 1));
  EXPECT_EQ(terms["CLOSED"], Tally());
  world.clock().Advance(absl::Hours(24 * 60));
  const auto fed_back = world.Call<Case>(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(file.name()));
  ASSERT_TRUE(fed_back.ok()) << fed_back.status();
  EXPECT_EQ(Terms()["HANDLED_ON_TIME_RATE"], Ratio(1, 2));
}

TEST_F(CaseScores, AReturnThatWasUpheldTellsAgainstTheDispatchAndOneThatWasNotDoesNot) {
  for (const bool upheld : {false, true}) {
    const Case sent = world.CaseIn(Case::DISPATCHED);
    casework::v1::ReturnCaseRequest request;
    request.set_request_id(CaseworkWorld::NewId());
    request.set_name(sent.name());
    request.set_reason("不属本单位职责");
    const auto returned = world.Call<Case>(world.Fixer(), "ReturnCase", request);
    ASSERT_TRUE(returned.ok()) << returned.status();
    world.clock().Advance(absl::Minutes(5));
    Dispatch(sent.name(), upheld
                              ? ResourceName("posts", City().PostOf(PostKind::kGridLeader, world.village).id)
                              : world.FixerPost());
    EXPECT_EQ(Terms()["DISPATCH_ACCURACY"], upheld ? Ratio(3, 4) : Ratio(2, 2));
  }
}

}  // namespace
}  // namespace gridwarden::testing
