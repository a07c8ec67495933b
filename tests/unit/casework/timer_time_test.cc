#include "casework/timer_time.h"

#include "gtest/gtest.h"

namespace gridwarden::casework {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'790'000'000);

// Three clocks that pass together until one is set.
struct Clocks {
  FakeClock own{kStart};
  absl::Time database = kStart;
  std::chrono::nanoseconds steady{0};
  AgreedTime agreed{own, [this] { return steady; }};

  void Pass(absl::Duration time) {
    own.Advance(time);
    database += time;
    steady += absl::ToChronoNanoseconds(time);
  }
  absl::Time Now() { return agreed.Agree(database); }
};

TEST(AgreedTime, IsTheOwnClockWhileBothAgree) {
  Clocks clocks;
  clocks.own.Advance(absl::Seconds(1));
  EXPECT_EQ(clocks.Now(), kStart + absl::Seconds(1));
}

TEST(AgreedTime, DoesNotFollowAnOwnClockThatIsSetForwardOrBack) {
  for (const absl::Duration step : {absl::Hours(1), -absl::Hours(1)}) {
    Clocks clocks;
    clocks.Now();
    clocks.Pass(absl::Seconds(10));
    clocks.own.Advance(step);
    EXPECT_EQ(clocks.Now(), kStart + absl::Seconds(10)) << step;
    clocks.Pass(absl::Minutes(5));
    EXPECT_EQ(clocks.Now(), kStart + absl::Seconds(310)) << step;
    clocks.own.Advance(-step);
    EXPECT_EQ(clocks.Now(), kStart + absl::Seconds(310)) << step;
    EXPECT_EQ(clocks.agreed.apart(), absl::ZeroDuration());
  }
}

TEST(AgreedTime, DoesNotFollowADatabaseThatIsSet) {
  Clocks clocks;
  clocks.Now();
  clocks.database += absl::Hours(1);
  clocks.Pass(absl::Seconds(10));
  EXPECT_EQ(clocks.Now(), kStart + absl::Seconds(10));
  EXPECT_EQ(clocks.agreed.apart(), absl::Hours(1));
}

TEST(AgreedTime, IsTheDatabasesBeforeBothEverAgreed) {
  Clocks clocks;
  clocks.own.Advance(absl::Hours(1));
  EXPECT_EQ(clocks.Now(), kStart);
  clocks.Pass(absl::Seconds(5));
  EXPECT_EQ(clocks.Now(), kStart + absl::Seconds(5));
}

TEST(AgreedTime, FollowsBothWhenBothWereSet) {
  Clocks clocks;
  clocks.Now();
  clocks.own.Advance(absl::Hours(1));
  clocks.database += absl::Hours(1);
  EXPECT_EQ(clocks.Now(), kStart + absl::Hours(1));
}

}  // namespace
}  // namespace gridwarden::casework
