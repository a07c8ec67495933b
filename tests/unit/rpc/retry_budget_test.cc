#include "platform/rpc/retry_budget.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace gridwarden::rpc {
namespace {

int SpendAll(RetryBudget& budget) {
  int spent = 0;
  while (budget.Spend()) ++spent;
  return spent;
}

TEST(RetryBudget, LetsABurstThroughAndThenATenth) {
  RetryBudget budget;
  EXPECT_EQ(SpendAll(budget), RetryBudget::kBurst);
  for (int i = 0; i < 9; ++i) budget.Earn();
  EXPECT_FALSE(budget.Spend());
  budget.Earn();
  EXPECT_TRUE(budget.Spend());
  EXPECT_FALSE(budget.Spend());
  for (int i = 0; i < 50; ++i) budget.Earn();
  EXPECT_EQ(SpendAll(budget), 5);
}

TEST(RetryBudget, SavesNoMoreThanABurst) {
  RetryBudget budget;
  for (int i = 0; i < 10'000; ++i) budget.Earn();
  EXPECT_EQ(SpendAll(budget), RetryBudget::kBurst);
}

TEST(RetryBudget, IsNeverOverspentByManyAtOnce) {
  RetryBudget budget;
  constexpr int kCalls = 20'000;
  std::atomic<int> spent{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < kCalls; ++call) {
        budget.Earn();
        if (budget.Spend()) ++spent;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(spent.load(), 4 * kCalls / 10 + RetryBudget::kBurst);
  EXPECT_GE(spent.load(), 4 * kCalls / 10 - 1);
}

}  // namespace
}  // namespace gridwarden::rpc
