#include "platform/rpc/admission.h"

#include "gtest/gtest.h"

namespace gridwarden::rpc {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kRead = 4;
constexpr int kThreads = 32;
constexpr int kQueue = 256;

// Moves the time and tells what happens in it.
struct Machine {
  Admission admission{kThreads, kQueue};
  Admission::Time now{std::chrono::hours(1)};

  // `ticks` tenths of a second in each of which so many calls are served, each after `took`, and refused.
  void Run(int ticks, int served, int refused, Admission::Duration took, bool alone = false) {
    for (int tick = 0; tick < ticks; ++tick) {
      for (int i = 0; i < served; ++i) admission.Served(kRead, took, alone, now);
      for (int i = 0; i < refused; ++i) admission.Refused(kRead, now);
      now += Admission::kTick;
    }
    admission.Look(now);
  }
};

TEST(Admission, LetsTheWholeQueueWaitAndAllThreadsRunWhileItIsCalm) {
  Machine machine;
  machine.Run(50, 100, 0, milliseconds(20));
  EXPECT_FALSE(machine.admission.overloaded());
  EXPECT_EQ(machine.admission.ahead_max(), kQueue);
  EXPECT_EQ(machine.admission.running_max(), kThreads);
}

TEST(Admission, LetsOnlySoManyWaitInAnOverloadAsAreServedInSomeMilliseconds) {
  Machine machine;
  machine.Run(50, 200, 0, milliseconds(1), true);  // 2,000 a second
  EXPECT_TRUE(machine.admission.QueueFull(machine.now));
  EXPECT_TRUE(machine.admission.overloaded());
  EXPECT_GE(machine.admission.ahead_max(), 11);  // 2,000 a second * 6 ms
  EXPECT_LE(machine.admission.ahead_max(), 12);
  EXPECT_FALSE(machine.admission.QueueFull(machine.now)) << "it only begins once";
}

TEST(Admission, BeginsAnOverloadWhenSomebodyHasWaitedTooLong) {
  Machine machine;
  EXPECT_FALSE(machine.admission.OldestHasWaited(Admission::kBurstWait, machine.now));
  EXPECT_TRUE(machine.admission.OldestHasWaited(Admission::kBurstWait + microseconds(1), machine.now));
}

TEST(Admission, LetsFewerRunWhileCallsTakeMuchLongerThanAlone) {
  Machine machine;
  machine.Run(10, 100, 0, milliseconds(2), true);
  machine.admission.QueueFull(machine.now);
  machine.Run(100, 100, 900, milliseconds(20));
  EXPECT_EQ(machine.admission.running_max(), kThreads / Admission::kRunningPart);
  machine.Run(10, 100, 900, milliseconds(4));
  EXPECT_GE(machine.admission.running_max(), kThreads / Admission::kRunningPart + 9)
      << "and more when they do not";
}

TEST(Admission, TakesLongCallsOfAClassThatAreLongAloneForNoSlowdown) {
  Machine machine;
  machine.Run(10, 100, 0, milliseconds(300), true);
  machine.admission.QueueFull(machine.now);
  machine.Run(20, 100, 900, milliseconds(310));
  EXPECT_EQ(machine.admission.running_max(), kThreads);
}

TEST(Admission, IsCalmAgainOnceMostIsServedForASecond) {
  Machine machine;
  machine.admission.QueueFull(machine.now);
  machine.Run(30, 100, 100, milliseconds(1));
  EXPECT_TRUE(machine.admission.overloaded()) << "half is refused";
  machine.Run(Admission::kCalmTicks - 1, 100, 20, milliseconds(1));
  EXPECT_TRUE(machine.admission.overloaded()) << "not yet a second";
  machine.Run(2, 100, 20, milliseconds(1));
  EXPECT_FALSE(machine.admission.overloaded());
  EXPECT_EQ(machine.admission.ahead_max(), kQueue);
  EXPECT_EQ(machine.admission.running_max(), kThreads);
}

// With few running less is done than could be: what was done with ease before must be taken again.
TEST(Admission, IsCalmAgainOnceNoMoreComesThanWasServedBefore) {
  Machine machine;
  machine.Run(100, 160, 0, milliseconds(2), true);
  machine.admission.QueueFull(machine.now);
  machine.Run(30, 90, 1400, milliseconds(2));
  EXPECT_TRUE(machine.admission.overloaded());
  machine.Run(Admission::kCalmTicks + 1, 80, 60, milliseconds(2));
  EXPECT_FALSE(machine.admission.overloaded()) << "140 come, 160 were served";
  machine.admission.QueueFull(machine.now);
  machine.Run(30, 90, 90, milliseconds(2));
  EXPECT_TRUE(machine.admission.overloaded()) << "180 come";
}

TEST(Admission, IsCalmAgainWhenNobodyComesAnyMore) {
  Machine machine;
  machine.admission.QueueFull(machine.now);
  machine.now += std::chrono::seconds(3);
  machine.admission.Look(machine.now);
  EXPECT_FALSE(machine.admission.overloaded());
}

TEST(Admission, StaysOverloadedWhileNothingIsServedAtAll) {
  Machine machine;
  machine.admission.QueueFull(machine.now);
  machine.Run(30, 0, 5, milliseconds(1));
  EXPECT_TRUE(machine.admission.overloaded());
  EXPECT_EQ(machine.admission.ahead_max(), Admission::kAheadMin);
}

}  // namespace
}  // namespace gridwarden::rpc
