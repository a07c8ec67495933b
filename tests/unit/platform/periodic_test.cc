#include "platform/runtime/periodic.h"

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace gridwarden {
namespace {

using std::chrono::milliseconds;

bool Eventually(const std::function<bool()>& holds) {
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (!holds() && absl::Now() < end) std::this_thread::sleep_for(milliseconds(1));
  return holds();
}

TEST(Periodic, GoesOnAfterARoundThatFailed) {
  std::atomic<int> rounds = 0;
  Periodic periodic("round_failed", milliseconds(1),
                    [&] { return ++rounds == 1 ? absl::UnavailableError("once") : absl::OkStatus(); });
  periodic.Start();
  periodic.Start();  // it runs already
  EXPECT_TRUE(Eventually([&] { return rounds >= 3; }));
  periodic.Stop();
  const int at_stop = rounds;
  std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(rounds, at_stop);
}

TEST(Periodic, StopsAtOnceWhileAsleepAndNeverBeganARound) {
  int rounds = 0;
  Periodic periodic("round_failed", std::chrono::hours(1), [&] {
    ++rounds;
    return absl::OkStatus();
  });
  periodic.Start();
  const absl::Time asked = absl::Now();
  periodic.Stop();
  EXPECT_LT(absl::Now() - asked, absl::Seconds(5));
  EXPECT_EQ(rounds, 0);
}

TEST(Periodic, ALongRoundSeesThatItIsToStop) {
  std::atomic<bool> begun = false;
  Periodic* self = nullptr;
  Periodic periodic("round_failed", milliseconds(1), [&] {
    begun = true;
    while (!self->stopping()) std::this_thread::sleep_for(milliseconds(1));
    return absl::OkStatus();
  });
  self = &periodic;
  periodic.Start();
  EXPECT_TRUE(Eventually([&] { return begun.load(); }));
  periodic.Stop();
  EXPECT_TRUE(periodic.stopping());
}

}  // namespace
}  // namespace gridwarden
