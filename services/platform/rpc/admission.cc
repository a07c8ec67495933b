#include "platform/rpc/admission.h"

#include <algorithm>
#include <cstdint>

namespace gridwarden::rpc {
namespace {

constexpr double kRateWeight = 0.3;     // of the newest tick
constexpr double kAloneWeight = 0.02;   // of the newest call
constexpr double kBestFades = 0.9997;   // a tick: half in four minutes
constexpr double kWorkUnknown = 0.002;  // seconds of a call of a class that was never seen alone
constexpr int kServedToJudge = 10;      // calls a tick; fewer say nothing

double Seconds(Admission::Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

const char* CallClassName(int call_class) {
  static constexpr const char* kNames[kCallClasses] = {"read",     "health", "evidence",
                                                       "decision", "read",   "export"};
  return kNames[std::clamp(call_class, 0, kCallClasses - 1)];
}

Admission::Admission(int threads, int queue_limit)
    : threads_(threads), queue_limit_(queue_limit), running_max_(threads), ahead_max_(queue_limit) {}

bool Admission::QueueFull(Time now) {
  Roll(now);
  return Begin();
}

bool Admission::OldestHasWaited(Duration waited, Time now) {
  Roll(now);
  return waited > kBurstWait && Begin();
}

void Admission::Refused(int call_class, Time now) {
  Roll(now);
  if (call_class <= kHealthClass || call_class >= kExportClass) return;
  refused_ += 1;
  offered_work_ += WorkOf(call_class);
}

double Admission::WorkOf(int call_class) const {
  return alone_[call_class] > 0 ? alone_[call_class] : kWorkUnknown;
}

void Admission::Served(int call_class, Duration took, bool alone, Time now) {
  Roll(now);
  // Health has threads of its own, as it were, and exports take what they take.
  if (call_class <= kHealthClass || call_class >= kExportClass) return;
  served_ += 1;
  double& known = alone_[call_class];
  if (alone) known = known == 0 ? Seconds(took) : known + kAloneWeight * (Seconds(took) - known);
  served_work_ += WorkOf(call_class);
  offered_work_ += WorkOf(call_class);
  if (known == 0) return;
  took_ += Seconds(took);
  expected_ += known;
}

int Admission::ServedSoon() const {
  return std::min(queue_limit_, std::max(kAheadMin, static_cast<int>(rate_ * Seconds(kWaitGoal))));
}

bool Admission::Begin() {
  calm_ticks_ = 0;
  if (overloaded_) return false;
  overloaded_ = true;
  ahead_max_ = ServedSoon();
  return true;
}

void Admission::Roll(Time now) {
  if (tick_end_ == Time()) tick_end_ = now + kTick;
  if (now < tick_end_) return;
  CloseTick();
  // Ticks in which nothing at all happened were calm.
  for (auto quiet = std::min<int64_t>((now - tick_end_) / kTick, kCalmTicks); quiet > 0; --quiet) CloseTick();
  tick_end_ = now + kTick;
}

void Admission::CloseTick() {
  rate_ += kRateWeight * (served_ / Seconds(kTick) - rate_);
  work_ += kRateWeight * (served_work_ - work_);
  best_work_ = std::max(best_work_ * kBestFades, work_);
  if (overloaded_) {
    const bool calm = refused_ <= kRefusedToServed * served_ ||
                      (served_ > 0 && offered_work_ <= kOfferedToBest * best_work_);
    calm_ticks_ = calm ? calm_ticks_ + 1 : 0;
    overloaded_ = calm_ticks_ < kCalmTicks;
  }
  if (!overloaded_) {
    running_max_ = threads_;
    ahead_max_ = queue_limit_;
  } else {
    ahead_max_ = ServedSoon();
    if (served_ >= kServedToJudge && expected_ > 0) {
      const double slowdown = took_ / expected_;
      if (slowdown > kSlowdownMax) running_max_ -= std::max(1, running_max_ / 8);
      if (slowdown < kSlowdownGood) running_max_ += 1;
      running_max_ = std::clamp(running_max_, std::max(1, threads_ / kRunningPart), threads_);
    }
  }
  refused_ = served_ = took_ = expected_ = offered_work_ = served_work_ = 0;
}

}  // namespace gridwarden::rpc
