#include "domain/workflow/closing.h"

#include <gtest/gtest.h>

#include "base/status.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using Seats = std::vector<std::string>;

const CaseType& TypeOf(std::string_view category) { return testing::RealPolicy().TypeOf(category); }

TEST(SigningOf, IsTheLevelThatFiledUnlessTheRulesSayMore) {
  for (const bool polluter : {false, true}) {
    for (const Disposition disposition :
         {Disposition::kUnspecified, Disposition::kShutDown, Disposition::kRelocate, Disposition::kUpgrade}) {
      for (int reworks = 0; reworks < 4; ++reworks) {
        for (const bool disputed : {false, true}) {
          for (const bool listed : {false, true}) {
            const SigningRule rule =
                SigningOf(TypeOf(polluter ? "SMALL_POLLUTER" : "ROAD"), {.disposition = disposition,
                                                                         .rework_count = reworks,
                                                                         .disputed = disputed,
                                                                         .listed = listed});
            EXPECT_EQ(rule.county_centre, listed || (polluter && disposition == Disposition::kShutDown));
            EXPECT_EQ(rule.one_level_up, disputed || reworks >= 2);
          }
        }
      }
    }
  }
}

TEST(CosignSeats, AreThoseOfThePolicyForTheDisposition) {
  const Seats units = {"units/a", "units/b"};
  EXPECT_EQ(CosignSeats(TypeOf("SMALL_POLLUTER"), Disposition::kUpgrade, units, {}),
            (Seats{"units/a", "units/b", "COUNTY_LEADER"}));
  EXPECT_EQ(CosignSeats(TypeOf("SMALL_POLLUTER"), Disposition::kShutDown, units, {.county_centre = true}),
            Seats());
  EXPECT_EQ(CosignSeats(TypeOf("SMALL_POLLUTER_CLUSTER"), Disposition::kUnspecified, {}, {}),
            (Seats{"COUNTY_CENTRE", "COUNTY_LEADER"}));
  EXPECT_EQ(CosignSeats(TypeOf("ROAD"), Disposition::kUnspecified, units, {}), Seats());
}

TEST(CosignSeats, DoNotAskTheSignerForASecondSignature) {
  EXPECT_EQ(
      CosignSeats(TypeOf("SMALL_POLLUTER_CLUSTER"), Disposition::kUnspecified, {}, {.county_centre = true}),
      (Seats{"COUNTY_LEADER"}));
}

TEST(ReporterMayDispute, OnceAndWithinFifteenDays) {
  const absl::Time closed = absl::FromUnixSeconds(1'770'000'000);
  EXPECT_TRUE(ReporterMayDispute(false, closed, closed).ok());
  EXPECT_TRUE(ReporterMayDispute(false, closed, closed + absl::Hours(15 * 24)).ok());
  EXPECT_EQ(ReasonOf(ReporterMayDispute(false, closed, closed + absl::Hours(15 * 24) + absl::Seconds(1))),
            "DISPUTE_TOO_LATE");
  EXPECT_EQ(ReasonOf(ReporterMayDispute(true, closed, closed)), "DISPUTE_USED");
}

}  // namespace
}  // namespace gridwarden::domain
