#include "platform/rpc/executor.h"

#include <algorithm>

namespace gridwarden::rpc {

Executor::Executor(int threads, int queue_limit)
    : queue_limit_(queue_limit), exports_max_(std::max(1, threads / 4)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

Executor::~Executor() {
  {
    std::unique_lock lock(mutex_);
    draining_ = true;
    idle_.wait(lock, [this] { return waiting_ == 0 && running_ == 0; });
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Executor::Submit(Job job) {
  job.call_class = std::clamp(job.call_class, 1, kCallClasses - 1);
  Job refused;
  {
    std::lock_guard lock(mutex_);
    bool accept = !draining_;
    if (accept && waiting_ >= queue_limit_) {
      int lowest = kCallClasses - 1;
      while (lowest > job.call_class && queues_[lowest].empty()) --lowest;
      accept = lowest > job.call_class;
      if (accept) {
        refused = std::move(queues_[lowest].back());
        queues_[lowest].pop_back();
        --waiting_;
      }
    }
    if (accept) {
      const int call_class = job.call_class;
      queues_[call_class].push_back(std::move(job));
      ++waiting_;
    } else {
      refused = std::move(job);
    }
    if (refused.refuse) ++shed_;
  }
  work_.notify_one();
  if (refused.refuse) refused.refuse();
}

bool Executor::TakeLocked(Job& job) {
  for (int call_class = 1; call_class < kCallClasses; ++call_class) {
    std::deque<Job>& queue = queues_[call_class];
    if (queue.empty() || (call_class == kExportClass && exports_running_ >= exports_max_)) continue;
    job = std::move(queue.front());
    queue.pop_front();
    return true;
  }
  return false;
}

void Executor::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    Job job;
    work_.wait(lock, [&] { return stopping_ || TakeLocked(job); });
    if (!job.run) return;
    --waiting_;
    ++running_;
    exports_running_ += job.call_class == kExportClass ? 1 : 0;
    lock.unlock();
    job.run();
    const bool was_export = job.call_class == kExportClass;
    job = Job();  // what it holds is released before it counts as done
    lock.lock();
    --running_;
    exports_running_ -= was_export ? 1 : 0;
    if (was_export) work_.notify_one();  // the next export had to wait for this one
    if (waiting_ == 0 && running_ == 0) idle_.notify_all();
  }
}

bool Executor::Drain(std::chrono::milliseconds grace) {
  std::vector<Job> refused;
  bool done;
  {
    std::unique_lock lock(mutex_);
    draining_ = true;
    done = idle_.wait_for(lock, grace, [this] { return waiting_ == 0 && running_ == 0; });
    for (std::deque<Job>& queue : queues_) {
      for (Job& job : queue) refused.push_back(std::move(job));
      queue.clear();
    }
    waiting_ = 0;
    shed_ += refused.size();
    if (running_ == 0) idle_.notify_all();
  }
  for (Job& job : refused) job.refuse();
  return done;
}

int Executor::waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_;
}

int Executor::running() const {
  std::lock_guard lock(mutex_);
  return running_;
}

uint64_t Executor::shed() const {
  std::lock_guard lock(mutex_);
  return shed_;
}

}  // namespace gridwarden::rpc
