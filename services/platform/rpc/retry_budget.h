#pragma once

#include <atomic>

// How much of what a channel sends may be sent again: a tenth. When everything fails, ten calls bring eleven
// and not thirty, so that a process that comes back is not met by three times its load. Free of gRPC and
// Abseil, for the thread sanitizer.
namespace gridwarden::rpc {

class RetryBudget {
 public:
  static constexpr int kPercent = 10;
  static constexpr int kBurst = 10;  // retries a channel may make at once after a quiet time

  // A call goes out for the first time.
  void Earn() {
    int cents = cents_.load(std::memory_order_relaxed);
    while (cents < kMax &&
           !cents_.compare_exchange_weak(cents, cents + kPercent, std::memory_order_relaxed)) {
    }
  }
  // A call wants to go out again; false when it may not.
  bool Spend() {
    int cents = cents_.load(std::memory_order_relaxed);
    while (cents >= kRetry) {
      if (cents_.compare_exchange_weak(cents, cents - kRetry, std::memory_order_relaxed)) return true;
    }
    return false;
  }

 private:
  static constexpr int kRetry = 100;
  static constexpr int kMax = kBurst * kRetry;

  std::atomic<int> cents_{kMax};
};

}  // namespace gridwarden::rpc
