#include "domain/workflow/same_problem.h"

#include "base/status.h"
#include "domain/policy/signal_rules.h"
#include "gtest/gtest.h"
#include "support/test_policy.h"

namespace gridwarden::domain {
namespace {

const absl::Time kNine =
    absl::FromCivil(absl::CivilSecond(2026, 9, 1, 9, 0, 0), absl::FixedTimeZone(8 * 3600));
const Uuid kYard = Uuid::Derive(Uuid(), "yard");

Policy SmallPolicy() {
  Policy policy;
  policy.categories["FIRM"] = {.code = "FIRM"};
  policy.categories["CEMENT"] = {.code = "CEMENT", .parent = "FIRM"};
  policy.categories["FOUNDRY"] = {.code = "FOUNDRY", .parent = "FIRM"};
  return policy;
}

// So many metres north of one point.
Sighting At(double metres, absl::Time found = kNine, std::string category = "CEMENT", Uuid source = Uuid()) {
  return {.category = std::move(category),
          .source = source,
          .point = Point{114.02, 33.01 + metres / 111'195.0},
          .found = found};
}

TEST(SameProblem, NeedsTheSameTypeWithinRadiusAndWindow) {
  const Policy policy = SmallPolicy();
  const CaseType type{.merge_radius_m = 200, .merge_window = absl::Hours(72)};
  const auto same = [&](const Sighting& other) { return IsSameProblem(type, Compare(policy, At(0), other)); };
  EXPECT_TRUE(same(At(199)));
  EXPECT_FALSE(same(At(201)));
  EXPECT_TRUE(same(At(0, kNine - absl::Hours(72))));
  EXPECT_TRUE(same(At(0, kNine + absl::Hours(72))));
  EXPECT_FALSE(same(At(0, kNine + absl::Hours(72) + absl::Seconds(1))));
  EXPECT_TRUE(same(At(0, kNine, "FIRM"))) << "the parent";
  EXPECT_FALSE(same(At(0, kNine, "FOUNDRY"))) << "a sibling";
  EXPECT_TRUE(IsSameProblem(type, Compare(policy, At(0, kNine, "FIRM"), At(0)))) << "the child";
  Sighting nowhere = At(0);
  nowhere.point.reset();
  EXPECT_FALSE(same(nowhere)) << "without a point nothing is near";
}

TEST(SameProblem, IsTheSameSourceWhateverElse) {
  const Policy policy = SmallPolicy();
  const Likeness likeness =
      Compare(policy, At(0, kNine, "CEMENT", kYard), At(90'000, kNine + absl::Hours(9000), "FOUNDRY", kYard));
  EXPECT_TRUE(IsSameProblem({}, likeness));
  EXPECT_TRUE(IsRebound({}, likeness));
  EXPECT_FALSE(Compare(policy, At(0), At(0)).same_source) << "two unknown sources are not one";
}

TEST(SameProblem, ComesBackAtTheSamePlaceHoweverLate) {
  const Policy policy = SmallPolicy();
  const CaseType type{.merge_radius_m = 200, .rebound_radius_m = 100};
  EXPECT_TRUE(IsRebound(type, Compare(policy, At(0), At(99, kNine + absl::Hours(4000)))));
  EXPECT_FALSE(IsRebound(type, Compare(policy, At(0), At(150))));
}

TEST(SameProblem, SaysTheNumbersItWasRefusedFor) {
  const CaseType type{.merge_radius_m = 200, .merge_window = absl::Hours(72)};
  const auto facts =
      FactsOf(CheckSameProblem(type, Compare(SmallPolicy(), At(0), At(350, kNine + absl::Hours(5)))));
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->reason, "NOT_SAME_PROBLEM");
  EXPECT_EQ(facts->metadata.at("distance_m"), "350");
  EXPECT_EQ(facts->metadata.at("gap_hours"), "5.0");
  EXPECT_EQ(facts->metadata.at("why"), "相距 350 米，相隔 5.0 小时（上限 200 米、72 小时）");
}

TEST(SignalRules, AreThoseOfThePolicyAndOwnDefaultsWithoutOne) {
  const SignalRules& own = SignalRulesOf(Policy());
  const SignalRules& read = SignalRulesOf(*testing::TestPolicy());
  EXPECT_NE(&own, &read);
  EXPECT_EQ(read.unmerge, absl::Hours(7 * 24));
  EXPECT_EQ(read.dispute, absl::Hours(15 * 24));
  EXPECT_EQ(read.tell_reporter.source.substr(0, 11), "own default");
  EXPECT_GT(read.owner_radius_m, read.trade_radius_m);
}

}  // namespace
}  // namespace gridwarden::domain
