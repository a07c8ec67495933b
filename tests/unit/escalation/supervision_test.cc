#include "domain/escalation/supervision.h"

#include <map>

#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "gtest/gtest.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using testing::At;
using S = OrderState;
using A = OrderAct;

const OrderRules& Rules() { return testing::RealPolicy().escalation->orders; }

TEST(Supervision, AllowsExactlyTheStepsOfItsLifeAndRefusesEveryOtherPair) {
  const std::map<S, std::map<A, S>> life = {
      {S::kUnspecified, {{A::kPropose, S::kProposed}, {A::kIssue, S::kIssued}}},
      {S::kProposed, {{A::kIssue, S::kIssued}, {A::kDecline, S::kDeclined}}},
      {S::kIssued,
       {{A::kReply, S::kReplied}, {A::kApplyExtension, S::kIssued}, {A::kDecideExtension, S::kIssued}}},
      {S::kReplied,
       {{A::kAccept, S::kAccepted},
        {A::kRefuse, S::kIssued},
        {A::kApplyExtension, S::kReplied},
        {A::kDecideExtension, S::kReplied}}},
      {S::kAccepted, {{A::kLift, S::kLifted}}}};
  for (int from = 0; from <= static_cast<int>(S::kLifted); ++from) {
    for (int act = 0; act <= static_cast<int>(A::kLift); ++act) {
      const auto got = Next(static_cast<S>(from), static_cast<A>(act));
      const auto row = life.find(static_cast<S>(from));
      const bool allowed = row != life.end() && row->second.contains(static_cast<A>(act));
      EXPECT_EQ(got.ok(), allowed) << from << " " << act;
      if (allowed) EXPECT_EQ(*got, row->second.at(static_cast<A>(act)));
      if (!allowed) EXPECT_EQ(ReasonOf(got.status()), "ILLEGAL_TRANSITION");
    }
  }
}

TEST(Supervision, AMonthLaterThanTheLastDayOfALongMonthIsTheLastDayOfAShortOne) {
  EXPECT_EQ(AddMonths(At("2026-08-31 09:30"), 6), At("2027-02-28 09:30"));
  EXPECT_EQ(AddMonths(At("2026-03-31 09:30"), -1), At("2026-02-28 09:30"));
  EXPECT_EQ(AddMonths(At("2026-11-22 00:00"), 12), At("2027-11-22 00:00"));
}

TEST(Supervision, AListedOrderSetsSixMonthsAtMost) {
  const absl::Time issued = At("2026-11-22 10:00");
  EXPECT_TRUE(CheckOrderLimit(Rules(), OrderKind::kListed, issued, At("2027-05-22 10:00")).ok());
  EXPECT_EQ(ReasonOf(CheckOrderLimit(Rules(), OrderKind::kListed, issued, At("2027-05-22 10:01"))),
            "ORDER_LIMIT_TOO_LONG");
  EXPECT_EQ(ReasonOf(CheckOrderLimit(Rules(), OrderKind::kListed, issued, std::nullopt)), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(CheckOrderLimit(Rules(), OrderKind::kListed, issued, issued)), "INVALID_FIELD");
}

TEST(Supervision, AnOrderThatIsOnlyAnsweredHasNoLimit) {
  const absl::Time issued = At("2026-11-22 10:00");
  EXPECT_TRUE(CheckOrderLimit(Rules(), OrderKind::kPress, issued, std::nullopt).ok());
  EXPECT_EQ(ReasonOf(CheckOrderLimit(Rules(), OrderKind::kPress, issued, issued + absl::Hours(48))),
            "INVALID_FIELD");
}

TEST(Supervision, AnExtensionIsAppliedForAMonthBeforeTheEnd) {
  const absl::Time issued = At("2026-11-22 10:00"), limit = At("2027-05-22 10:00");
  const auto asked = [&](const std::string& now) {
    return ReasonOf(
        CheckExtension(Rules(), OrderKind::kListed, issued, limit, limit + absl::Hours(24), At(now)));
  };
  EXPECT_EQ(asked("2027-04-22 10:00"), "");
  EXPECT_EQ(asked("2027-04-22 10:01"), "EXTENSION_TOO_LATE");
}

TEST(Supervision, AnExtensionAddsSixMonthsAtMostAndNeverPassesAYear) {
  const absl::Time issued = At("2026-11-22 10:00");
  const auto asked = [&](const std::string& limit, const std::string& until) {
    return ReasonOf(CheckExtension(Rules(), OrderKind::kListed, issued, At(limit), At(until), issued));
  };
  EXPECT_EQ(asked("2027-02-22 10:00", "2027-08-22 10:00"), "");
  EXPECT_EQ(asked("2027-02-22 10:00", "2027-08-22 10:01"), "EXTENSION_TOO_LONG");
  EXPECT_EQ(asked("2027-08-22 10:00", "2027-11-22 10:00"), "");
  EXPECT_EQ(asked("2027-08-22 10:00", "2027-11-22 10:01"), "EXTENSION_TOO_LONG");
  EXPECT_EQ(asked("2027-02-22 10:00", "2027-02-22 10:00"), "INVALID_FIELD");
}

}  // namespace
}  // namespace gridwarden::domain
