#pragma once

#include <array>
#include <chrono>

// How many calls may wait and run just now (guarantees.md G11). Judges by what it is told, time included; no
// threads, no clock.
//
// As long as what comes can be done, everything may wait: a burst, or more clients than threads, each with
// one call. Once the queue is full or somebody has waited too long, more comes than goes and waiting helps
// nobody: then as few may wait as are served within some milliseconds, and as few run as keep a call about as
// fast as the machine can. It ends when, for a while, most of what comes has been served, or no more has come
// than was served before: with few running less is done than could be, and an overload must not feed itself.
namespace gridwarden::rpc {

// Classes in the order they are served, first the most important (type.v1.CallClass); 0 is not used.
inline constexpr int kCallClasses = 6;
inline constexpr int kHealthClass = 1;
inline constexpr int kExportClass = 5;

// "health", "evidence", "decision", "read", "export": for metrics and logs.
const char* CallClassName(int call_class);

class Admission {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // The wait that ends the calm.
  static constexpr Duration kBurstWait = std::chrono::milliseconds(250);
  // What a call may wait in an overload; whoever waited longer is refused.
  static constexpr Duration kWaitMax = std::chrono::milliseconds(12);
  // What is to be waited in an overload: so many calls may be ahead of a new one as take this long.
  static constexpr Duration kWaitGoal = std::chrono::milliseconds(6);
  static constexpr Duration kTick = std::chrono::milliseconds(100);
  // So many ticks in a row in which at most a third was refused end an overload: what the burst that follows
  // holds is found out by trying. Fewer may run now than could, so a refusal or two says nothing.
  static constexpr int kCalmTicks = 10;
  static constexpr double kRefusedToServed = 0.5;
  // The other way to an end: what comes is at most this part of the most that was done lately.
  static constexpr double kOfferedToBest = 0.95;
  // How much longer than alone a call may take in an overload before fewer run at once, and below which more
  // do.
  static constexpr double kSlowdownMax = 3.0;
  static constexpr double kSlowdownGood = 2.5;
  static constexpr int kRunningPart = 3;  // of the threads at least one in so many
  static constexpr int kAheadMin = 2;

  Admission(int threads, int queue_limit);

  bool overloaded() const { return overloaded_; }
  // How many of the classes between health and export may run at once.
  int running_max() const { return running_max_; }
  // A new call is refused when so many wait that are served before it.
  int ahead_max() const { return ahead_max_; }

  // The queue is full, or `waited` is how long its oldest has waited. True when this ends the calm.
  bool QueueFull(Time now);
  bool OldestHasWaited(Duration waited, Time now);
  void Refused(int call_class, Time now);
  // A call was served. `alone`: hardly anything else ran when it began.
  void Served(int call_class, Duration took, bool alone, Time now);
  // Nothing happened for a while, perhaps.
  void Look(Time now) { Roll(now); }

 private:
  void Roll(Time now);
  void CloseTick();
  bool Begin();
  int ServedSoon() const;
  double WorkOf(int call_class) const;

  const int threads_;
  const int queue_limit_;
  bool overloaded_ = false;
  int running_max_;
  int ahead_max_;
  Time tick_end_{};
  int calm_ticks_ = 0;
  double refused_ = 0;   // in this tick
  double served_ = 0;    // in this tick
  double rate_ = 0;      // served a second, lately
  double took_ = 0;      // in this tick, seconds of calls whose class is known alone
  double expected_ = 0;  // what the same calls would have taken alone
  // Work: the seconds calls would take alone. What class a call has matters more than that it is one.
  double offered_work_ = 0, served_work_ = 0;  // in this tick
  double work_ = 0;                            // served a tick, lately
  double best_work_ = 0;                       // the most of that, fading over minutes
  std::array<double, kCallClasses> alone_{};   // seconds of a call that runs alone, lately; 0: not known yet
};

}  // namespace gridwarden::rpc
