#include "gateway/throttle.h"

#include <algorithm>
#include <cmath>

namespace gridwarden::gateway {

Throttle::Lately& Throttle::Of(const void* method, int call_class) {
  Lately& lately = lately_[{method, call_class}];
  const Time now = now_();
  const double half_lives = std::chrono::duration<double>(now - lately.counted) / kHalfLife;
  const double left = lately.counted == Time() ? 0 : std::exp2(-half_lives);
  lately.calls *= left;
  lately.accepted *= left;
  lately.counted = now;
  return lately;
}

bool Throttle::Refuses(const void* method, int call_class) {
  call_class = std::clamp(call_class, 1, rpc::kCallClasses - 1);
  if (call_class == rpc::kHealthClass) return false;
  const std::lock_guard lock(mutex_);
  Lately& lately = Of(method, call_class);
  const double refuse =
      std::min(kRefusedMax, (lately.calls - kSentToAccepted * lately.accepted - 1) / (lately.calls + 1));
  lately.calls += 1;
  // Few calls say nothing: those under way are not answered yet.
  if (lately.calls < 20 || std::uniform_real_distribution<double>(0, 1)(random_) >= refuse) return false;
  ++refused_[call_class];
  return true;
}

void Throttle::Accepted(const void* method, int call_class) {
  const std::lock_guard lock(mutex_);
  Of(method, std::clamp(call_class, 1, rpc::kCallClasses - 1)).accepted += 1;
}

std::array<uint64_t, rpc::kCallClasses> Throttle::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace gridwarden::gateway
