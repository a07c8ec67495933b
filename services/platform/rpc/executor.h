#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/rpc/admission.h"

// The threads that rpc bodies run on, and the bounded queue before them (D12, guarantees.md G11). Free of
// gRPC and Abseil, so that the thread sanitizer can judge it.
namespace gridwarden::rpc {

class Executor {
 public:
  // Exactly one of the two is called, once: `run` on a thread of the executor; or `refuse`, which must be
  // quick, on the thread whose Submit made the queue overflow.
  struct Job {
    int call_class = 4;
    std::function<void()> run;
    std::function<void()> refuse;
    Admission::Time came{};  // set by Submit
  };
  using Now = std::function<Admission::Time()>;

  // `queue_limit` jobs may wait; in an overload as many as admission.h says. Jobs of the export class take at
  // most a quarter of the threads, so that long work never holds up short work; those of the health class
  // take any.
  Executor(int threads, int queue_limit, Now now = std::chrono::steady_clock::now);
  ~Executor();  // drains without a limit

  // Takes a job, or refuses it. When the queue is full, the youngest waiting job of the lowest class below
  // this one is refused in its place; if there is none, this one is. In an overload who has waited too long
  // is refused too.
  void Submit(Job job);

  // Whether a job of this class would be refused now; counts it as refused if so. For turning calls away
  // before any work went into them.
  bool RefusesNow(int call_class);

  // Refuses what is submitted from now on and waits until nothing waits or runs, at most `grace`; then
  // refuses what still waits. True when everything was done in time.
  bool Drain(std::chrono::milliseconds grace);

  int waiting() const;
  int running() const;
  int running_max() const;  // of the classes between health and export
  bool overloaded() const;
  uint64_t shed() const;  // refused since the start
  std::array<uint64_t, kCallClasses> shed_by_class() const;

 private:
  void Work();
  bool TakeLocked(Job& job);
  bool MayRunLocked(int call_class) const;
  bool SomeMayRunLocked() const;
  int AheadLocked(int call_class) const;
  void ExpireLocked(Admission::Time now, std::vector<Job>& refused);
  void TrimLocked(std::vector<Job>& refused);
  bool MakeRoomLocked(int call_class, Admission::Time now, std::vector<Job>& refused);

  const int queue_limit_;
  const int exports_max_;
  const Now now_;
  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable work_;
  std::condition_variable idle_;
  Admission admission_;
  std::array<std::deque<Job>, kCallClasses> queues_;
  int waiting_ = 0;
  std::array<int, kCallClasses> running_{};
  int running_all_ = 0;
  std::array<uint64_t, kCallClasses> shed_{};
  bool draining_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace gridwarden::rpc
