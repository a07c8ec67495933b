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

// The threads that rpc bodies run on, and the bounded queue before them (D12, guarantees.md G11). Free of
// gRPC and Abseil, so that the thread sanitizer can judge it.
namespace gridwarden::rpc {

// Classes in the order they are served, first the most important (type.v1.CallClass); 0 is not used.
inline constexpr int kCallClasses = 6;
inline constexpr int kExportClass = 5;

class Executor {
 public:
  // Exactly one of the two is called, once: `run` on a thread of the executor; or `refuse`, which must be
  // quick, on the thread whose Submit made the queue overflow.
  struct Job {
    int call_class = 4;
    std::function<void()> run;
    std::function<void()> refuse;
  };

  // `queue_limit` jobs may wait. Jobs of the export class take at most a quarter of the threads, so that long
  // work never holds up short work.
  Executor(int threads, int queue_limit);
  ~Executor();  // drains without a limit

  // Takes a job. When the queue is full, the youngest waiting job of the lowest class below this one is
  // refused in its place; if there is none, this one is.
  void Submit(Job job);

  // Refuses what is submitted from now on and waits until nothing waits or runs, at most `grace`; then
  // refuses what still waits. True when everything was done in time.
  bool Drain(std::chrono::milliseconds grace);

  int waiting() const;
  int running() const;
  uint64_t shed() const;  // refused since the start

 private:
  void Work();
  bool TakeLocked(Job& job);

  const int queue_limit_;
  const int exports_max_;
  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable work_;
  std::condition_variable idle_;
  std::array<std::deque<Job>, kCallClasses> queues_;
  int waiting_ = 0;
  int running_ = 0;
  int exports_running_ = 0;
  uint64_t shed_ = 0;
  bool draining_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace gridwarden::rpc
