#include "domain/policy/patrol_rules.h"

#include <algorithm>
#include <set>

#include "base/status.h"
#include "gtest/gtest.h"
#include "unit/domain/policy_files.h"

// The cadences and quotas as they are shipped.
namespace gridwarden::domain {
namespace {

const PatrolRules& Rules() { return *testing::RealPolicy().patrol; }

const Quota& QuotaOf(std::string_view code) {
  return *std::find_if(Rules().quotas.begin(), Rules().quotas.end(),
                       [&](const Quota& quota) { return quota.rule.code == code; });
}

TEST(PatrolRules, HasAllFiftyTwoFiguresOfTheDocumentsEachWithItsItem) {
  EXPECT_EQ(Rules().quotas.size(), 52U);
  std::set<QuotaKind> kinds;
  for (const Quota& quota : Rules().quotas) {
    kinds.insert(quota.kind);
    const std::string& source = quota.rule.source;
    EXPECT_TRUE(source.find("号 ") != std::string::npos || source.find("） ") != std::string::npos) << source;
    EXPECT_FALSE(quota.jurisdiction_code.empty());
    EXPECT_TRUE(Rules().MakesTasks(quota) || !quota.why_unknown.empty()) << quota.rule.code;
  }
  EXPECT_EQ(kinds.size(), static_cast<size_t>(kQuotaKinds));
}

TEST(PatrolRules, SaysByTheKindOfAQuotaWhetherItMakesTasks) {
  EXPECT_TRUE(Rules().MakesTasks(QuotaOf("Q-LH-REST-PATROL")));
  EXPECT_EQ(QuotaOf("Q-LH-REST-TEST").rule.kind, PatrolKind::kTest);
  EXPECT_EQ(QuotaOf("Q-LH-REST-TEST").rule.period, PatrolPeriod::kQuarter);
  EXPECT_FALSE(Rules().MakesTasks(QuotaOf("Q-LH-ROADSIDE")));  // the ledger knows no roadside points
  EXPECT_FALSE(Rules().MakesTasks(QuotaOf("Q-ZMD-STRAW")));    // a result, not a visit
  EXPECT_FALSE(QuotaOf("Q-ZMD-MACH-FUEL").InForce(absl::CivilDay(2026, 1, 1)));
}

TEST(PatrolRules, HasTheCadencesOfEveryLevelAndTheNight) {
  std::set<Level> levels;
  bool night = false, season = false;
  for (const Cadence& cadence : Rules().cadences) {
    levels.insert(cadence.rule.level);
    night |= cadence.rule.night;
    season |= !cadence.season.empty();
  }
  EXPECT_TRUE(levels.contains(Level::kCounty) && levels.contains(Level::kTownship) &&
              levels.contains(Level::kVillage));
  EXPECT_TRUE(night);
  EXPECT_TRUE(season);
}

TEST(PatrolRules, KnowsAHeatingSeasonThatWrapsAroundTheNewYear) {
  const PatrolSeason& heating = *Rules().FindSeason("HEATING");
  EXPECT_TRUE(heating.Contains(absl::CivilDay(2026, 11, 15)));
  EXPECT_TRUE(heating.Contains(absl::CivilDay(2027, 1, 1)));
  EXPECT_TRUE(heating.Contains(absl::CivilDay(2027, 3, 15)));
  EXPECT_FALSE(heating.Contains(absl::CivilDay(2027, 3, 16)));
  EXPECT_FALSE(heating.Contains(absl::CivilDay(2026, 11, 14)));
}

TEST(PatrolRules, AreRefusedByWhereTheyAreWrong) {
  const auto refused = [](const std::string& file, const std::string& from, const std::string& to) {
    std::map<std::string, std::string> files = testing::PolicyTexts();
    std::string& text = files[file];
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return ParsePolicy(files).status().ToString();
  };
  const auto names = [](const std::string& status, std::string_view where) {
    return status.find(where) != std::string::npos;
  };
  EXPECT_TRUE(names(refused("quotas.json", "\"RESTAURANT\"", "\"NOTHING\""), "quotas.json#/quotas/0"));
  EXPECT_TRUE(
      names(refused("quotas.json", "\"value\": 30", "\"value\": 130"), "quotas.json#/quotas/0/value"));
  EXPECT_TRUE(names(refused("quotas.json", "\"INSPECTION_RATE\",\n", "\"RATE\",\n"), "kind"));
  EXPECT_TRUE(names(refused("patrol_cadences.json", "\"WEEK\"", "\"ONCE\""), "period"));
  EXPECT_TRUE(
      names(refused("patrol_cadences.json", "\"season\": \"HEATING\"", "\"season\": \"SUMMER\""), "season"));
  EXPECT_TRUE(names(refused("patrol_cadences.json", "\"COUNTY_KEY\"", "\"TOWNSHIP_KEY\""), "twice"));
}

}  // namespace
}  // namespace gridwarden::domain
