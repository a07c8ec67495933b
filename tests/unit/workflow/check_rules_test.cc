#include "domain/policy/check_rules.h"

#include "base/status.h"
#include "gtest/gtest.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

// The policy with a piece of check_rules.json replaced.
absl::Status ParseWith(const std::string& from, const std::string& to) {
  std::map<std::string, std::string> files = testing::PolicyTexts();
  std::string& text = files.at("check_rules.json");
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  return ParsePolicy(files).status();
}

TEST(CheckRules, AreReadFromTheirFile) {
  const CheckRules& rules = CheckRulesOf(testing::RealPolicy());
  EXPECT_EQ(rules.alternation, 2);
  EXPECT_EQ(rules.same_hours, absl::Hours(2));
  EXPECT_EQ(rules.position_slack_m, 300);
  EXPECT_TRUE(rules.checks_position);
}

TEST(CheckRules, AskForNothingInAPolicyWithoutThem) {
  const CheckRules& none = CheckRulesOf(Policy());
  EXPECT_EQ(none.alternation, 0);
  EXPECT_FALSE(none.checks_position);
}

TEST(CheckRules, AreRefusedWithoutASourceWithAnUnknownKeyAndOutOfRange) {
  EXPECT_TRUE(ParseWith("\"checks\": 2", "\"checks\": 3").ok());
  for (const auto& [from, to] :
       std::map<std::string, std::string>{{"\"checks\": 2", "\"checks\": -1"},
                                          {"\"checks\": 2", "\"checks\": 21"},
                                          {"\"metres_beyond_accuracy\"", "\"metres\""},
                                          {"\"same_hours\"", "\"hours\""},
                                          {"\"alternation\"", "\"turns\""}}) {
    const absl::Status refused = ParseWith(from, to);
    ASSERT_FALSE(refused.ok()) << to;
    EXPECT_NE(refused.ToString().find("check_rules.json#/"), std::string::npos) << refused;
  }
}

TEST(CheckRules, WantSmallPollutersCheckedAtTheHoursOfTheFind) {
  EXPECT_TRUE(testing::RealPolicy().TypeOf("SMALL_POLLUTER").check_same_hours);
}

}  // namespace
}  // namespace gridwarden::domain
