#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <random>

#include "platform/rpc/admission.h"

// Keeps a gateway from sending an overloaded area what the area would only turn away: the probability that a
// call is refused here grows with the part of the calls that the area refused lately (the adaptive throttling
// of Google's SRE book, chapter 21), each method by itself: signing in has a narrow door of its own.
// Something always gets through, so that it is noticed when the area has room again.
namespace gridwarden::gateway {

class Throttle {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Now = std::function<Time()>;

  // So many calls are sent for each that is accepted, before some are refused here.
  static constexpr double kSentToAccepted = 2.0;
  // At most this part is refused, so that an area that took nothing at all is soon found to be back.
  static constexpr double kRefusedMax = 0.9;
  // What was counted weighs half as much after this.
  static constexpr std::chrono::milliseconds kHalfLife{500};

  explicit Throttle(Now now = std::chrono::steady_clock::now) : now_(std::move(now)) {}

  // Whether a call of this class to `method` (any address that stands for it) is refused here. Counts it.
  bool Refuses(const void* method, int call_class);
  // The area took it, whatever it answered.
  void Accepted(const void* method, int call_class);

  // Refused here since the start, by class.
  std::array<uint64_t, rpc::kCallClasses> refused() const;

 private:
  struct Lately {
    double calls = 0;
    double accepted = 0;
    Time counted{};
  };
  Lately& Of(const void* method, int call_class);

  const Now now_;
  mutable std::mutex mutex_;  // guards everything below
  std::map<std::pair<const void*, int>, Lately> lately_;
  std::array<uint64_t, rpc::kCallClasses> refused_{};
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace gridwarden::gateway
