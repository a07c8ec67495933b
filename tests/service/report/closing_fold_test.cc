// What the board makes of the entries of a case that was closed, doubted and closed again (W9.8, T24).
#include <gtest/gtest.h>

#include <optional>

#include "domain/rollup/fact.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "report/fold_feed.h"
#include "support/test_city.h"

namespace gridwarden::report {
namespace {

using casework::v1::Case;
using casework::v1::CaseEvent;
using testing::City;

class ClosingFold : public ::testing::Test {
 protected:
  const Uuid subject = Uuid::Make(absl::FromUnixSeconds(1'790'000'000));
  std::optional<domain::Fact> fact;
  uint64_t index = 0;
  Case file;

  ClosingFold() {
    file.set_division(ResourceName("divisions", City().villages[0][0][0]));
    file.set_category("DUST");
    file.set_closed_on_time(true);
  }
  // One entry more.
  void Append(casework::v1::Action action, Case::State state) {
    CaseEvent event;
    event.set_action(action);
    file.set_state(state);
    *event.mutable_after() = file;
    journal::v1::Entry entry;
    entry.set_kind("case.transition");
    entry.set_subject(subject.Bytes());
    entry.set_event(event.SerializeAsString());
    entry.set_received_us(1'790'000'000'000'000);
    const auto step = StepOf(++index, entry, *City().ground);
    ASSERT_TRUE(step.ok() && step->has_value()) << step.status();
    fact = domain::Succeed(fact, (*step)->next, (*step)->forced_now);
  }
  bool Counts(domain::Measure measure) const { return domain::CountsIn(*fact, measure, {}); }
};

TEST_F(ClosingFold, ADisputeOpensTheCaseAndTakesNoClosingBack) {
  file.mutable_close_time()->set_seconds(1'790'000'000);
  Append(casework::v1::SIGN, Case::CLOSED);
  Append(casework::v1::DISPUTE, Case::CHECKING);
  EXPECT_TRUE(Counts(domain::Measure::kClosed) && Counts(domain::Measure::kClosedOnTime));
  EXPECT_TRUE(Counts(domain::Measure::kOpen));
  file.mutable_reclose_time()->set_seconds(1'790'100'000);
  Append(casework::v1::SIGN, Case::CLOSED);
  EXPECT_TRUE(Counts(domain::Measure::kClosedOnTime));
  EXPECT_FALSE(Counts(domain::Measure::kOpen));
}

TEST_F(ClosingFold, AClosingByForceIsNoneAndEndsWhenTheCaseIsOpenedAgain) {
  file.mutable_close_time()->set_seconds(1'790'000'000);
  file.set_forced(true);
  Append(casework::v1::FORCE_CLOSE, Case::CLOSED);
  EXPECT_TRUE(Counts(domain::Measure::kForced));
  EXPECT_FALSE(Counts(domain::Measure::kClosed));
  Append(casework::v1::DISPUTE, Case::CHECKING);
  EXPECT_FALSE(Counts(domain::Measure::kForced));
  EXPECT_FALSE(Counts(domain::Measure::kClosed));
  file.set_forced(false);
  Append(casework::v1::SIGN, Case::CLOSED);
  EXPECT_TRUE(Counts(domain::Measure::kClosed));
}

TEST_F(ClosingFold, AFirstClosingStaysWhenTheDisputedCaseIsClosedByForceInTheEnd) {
  file.mutable_close_time()->set_seconds(1'790'000'000);
  Append(casework::v1::SIGN, Case::CLOSED);
  Append(casework::v1::DISPUTE, Case::CHECKING);
  file.set_forced(true);
  file.mutable_reclose_time()->set_seconds(1'790'100'000);
  Append(casework::v1::FORCE_CLOSE, Case::CLOSED);
  EXPECT_TRUE(Counts(domain::Measure::kClosed) && Counts(domain::Measure::kClosedOnTime));
}

}  // namespace
}  // namespace gridwarden::report
