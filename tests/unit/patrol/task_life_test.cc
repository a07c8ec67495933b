#include "domain/patrol/task_life.h"

#include <map>
#include <utility>

#include "base/status.h"
#include "gridwarden/patrol/v1/patrol.pb.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"
#include "gtest/gtest.h"

namespace gridwarden::domain {
namespace {

using S = TaskState;
using A = TaskAction;

// What workflow.md W8 allows, written down a second time.
const std::map<std::pair<S, A>, S>& Allowed() {
  static const auto* allowed = new std::map<std::pair<S, A>, S>{
      {{S::kUnspecified, A::kCreate}, S::kPlanned}, {{S::kPlanned, A::kAssign}, S::kIssued},
      {{S::kIssued, A::kAssign}, S::kIssued},       {{S::kStarted, A::kAssign}, S::kIssued},
      {{S::kMissed, A::kAssign}, S::kIssued},       {{S::kIssued, A::kStart}, S::kStarted},
      {{S::kMissed, A::kStart}, S::kStarted},       {{S::kIssued, A::kSubmitVisit}, S::kDone},
      {{S::kStarted, A::kSubmitVisit}, S::kDone},   {{S::kMissed, A::kSubmitVisit}, S::kDone},
      {{S::kPlanned, A::kMiss}, S::kMissed},        {{S::kIssued, A::kMiss}, S::kMissed},
      {{S::kStarted, A::kMiss}, S::kMissed},        {{S::kPlanned, A::kWaive}, S::kWaived},
      {{S::kIssued, A::kWaive}, S::kWaived},        {{S::kStarted, A::kWaive}, S::kWaived},
      {{S::kMissed, A::kWaive}, S::kWaived}};
  return *allowed;
}

TEST(TaskLife, AllowsTheListedStepsAndNoOther) {
  for (int from = 0; from <= static_cast<int>(S::kWaived); ++from) {
    for (int action = 0; action <= static_cast<int>(A::kWaive); ++action) {
      const absl::StatusOr<S> next = NextTaskState(static_cast<S>(from), static_cast<A>(action));
      const auto at = Allowed().find({static_cast<S>(from), static_cast<A>(action)});
      if (at == Allowed().end()) {
        EXPECT_EQ(ReasonOf(next.status()), "ILLEGAL_TRANSITION") << from << " " << action;
      } else {
        ASSERT_TRUE(next.ok()) << from << " " << action;
        EXPECT_EQ(*next, at->second);
      }
    }
  }
}

TEST(TaskLife, NumbersAndNamesAreThoseOfTheProto) {
  for (int number = 0; number <= static_cast<int>(S::kWaived); ++number) {
    EXPECT_EQ(NameOf(static_cast<S>(number)), patrol::v1::PatrolTask::State_Name(number));
  }
  for (int number = 0; number <= static_cast<int>(A::kWaive); ++number) {
    EXPECT_EQ(NameOf(static_cast<A>(number)), patrol::v1::TaskAction_Name(number));
  }
}

TEST(TaskLife, AllowsAPhoneTwoMinutesOfClockErrorAndNoMore) {
  const absl::Time now = absl::FromUnixSeconds(1'790'000'000);
  EXPECT_EQ(DefendEventTime(now - absl::Hours(1), now)->earliest, now - absl::Hours(1));
  EXPECT_EQ(DefendEventTime(now + absl::Minutes(2), now)->latest, now);
  EXPECT_EQ(ReasonOf(DefendEventTime(now + absl::Minutes(2) + absl::Microseconds(1), now).status()),
            "EVENT_TIME_IN_FUTURE");
}

TEST(TaskLife, IsLateOnlyAfterTheDueTime) {
  const absl::Time due = absl::FromUnixSeconds(1'790'000'000);
  EXPECT_FALSE(IsLate({due, due}, due));
  EXPECT_FALSE(IsLate({due - absl::Hours(1), due + absl::Hours(1)}, due));  // the favourable bound is in time
  EXPECT_TRUE(IsLate({due + absl::Microseconds(1), due + absl::Hours(1)}, due));
}

}  // namespace
}  // namespace gridwarden::domain
