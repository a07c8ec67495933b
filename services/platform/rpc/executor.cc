#include "platform/rpc/executor.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace gridwarden::rpc {
namespace {

// A call that began beside at most one other ran as good as alone.
constexpr int kAlone = 2;

}  // namespace

Executor::Executor(int threads, int queue_limit, Now now)
    : queue_limit_(queue_limit),
      exports_max_(std::max(1, threads / 4)),
      now_(std::move(now)),
      admission_(threads, queue_limit) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

Executor::~Executor() {
  {
    std::unique_lock lock(mutex_);
    draining_ = true;
    idle_.wait(lock, [this] { return waiting_ == 0 && running_all_ == 0; });
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

int Executor::AheadLocked(int call_class) const {
  int ahead = 0;
  for (int c = 1; c <= call_class; ++c) ahead += static_cast<int>(queues_[c].size());
  return ahead;
}

// In an overload nobody is served late who would better be told early.
void Executor::ExpireLocked(Admission::Time now, std::vector<Job>& refused) {
  if (waiting_ == 0) return;
  Admission::Duration longest{};  // exports wait for other exports: that is no overload
  for (int c = 2; c < kExportClass; ++c) {
    if (!queues_[c].empty()) longest = std::max(longest, now - queues_[c].front().came);
  }
  if (admission_.OldestHasWaited(longest, now)) TrimLocked(refused);
  if (!admission_.overloaded()) return;
  for (int c = 2; c < kCallClasses; ++c) {
    while (!queues_[c].empty() && now - queues_[c].front().came > Admission::kWaitMax) {
      refused.push_back(std::move(queues_[c].front()));
      queues_[c].pop_front();
      --waiting_;
    }
  }
}

// The calm is over: only so many stay as an overload lets wait, the oldest of the most important classes.
void Executor::TrimLocked(std::vector<Job>& refused) {
  for (int c = kCallClasses - 1; c > kHealthClass; --c) {
    while (!queues_[c].empty() && AheadLocked(c) > admission_.ahead_max()) {
      refused.push_back(std::move(queues_[c].back()));
      queues_[c].pop_back();
      --waiting_;
    }
  }
}

bool Executor::MakeRoomLocked(int call_class, Admission::Time now, std::vector<Job>& refused) {
  if (waiting_ >= queue_limit_ && admission_.QueueFull(now)) TrimLocked(refused);
  const bool overloaded = admission_.overloaded() && call_class != kHealthClass;
  if (overloaded && AheadLocked(call_class) >= admission_.ahead_max()) return false;
  if (waiting_ < queue_limit_) return true;
  int lowest = kCallClasses - 1;
  while (lowest > call_class && queues_[lowest].empty()) --lowest;
  if (lowest == call_class) return false;
  refused.push_back(std::move(queues_[lowest].back()));
  queues_[lowest].pop_back();
  --waiting_;
  return true;
}

void Executor::Submit(Job job) {
  job.call_class = std::clamp(job.call_class, 1, kCallClasses - 1);
  std::vector<Job> refused;
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    job.came = now_();
    ExpireLocked(job.came, refused);
    const int call_class = job.call_class;
    if (!draining_ && MakeRoomLocked(call_class, job.came, refused)) {
      queues_[call_class].push_back(std::move(job));
      ++waiting_;
      wake = MayRunLocked(call_class);
    } else {
      refused.push_back(std::move(job));
    }
    for (const Job& one : refused) {
      ++shed_[one.call_class];
      admission_.Refused(one.call_class, one.came);
    }
  }
  if (wake) work_.notify_one();
  for (Job& one : refused) one.refuse();
}

bool Executor::RefusesNow(int call_class) {
  call_class = std::clamp(call_class, 1, kCallClasses - 1);
  std::lock_guard lock(mutex_);
  if (draining_ || call_class == kHealthClass || !admission_.overloaded()) return false;
  const Admission::Time now = now_();
  admission_.Look(now);
  if (!admission_.overloaded() || AheadLocked(call_class) < admission_.ahead_max()) return false;
  ++shed_[call_class];
  admission_.Refused(call_class, now);
  return true;
}

bool Executor::MayRunLocked(int call_class) const {
  if (call_class == kHealthClass) return true;
  if (call_class == kExportClass && running_[kExportClass] >= exports_max_) return false;
  return running_all_ - running_[kHealthClass] - running_[kExportClass] < admission_.running_max();
}

bool Executor::SomeMayRunLocked() const {
  for (int call_class = 1; call_class < kCallClasses; ++call_class) {
    if (!queues_[call_class].empty() && MayRunLocked(call_class)) return true;
  }
  return false;
}

bool Executor::TakeLocked(Job& job) {
  for (int call_class = 1; call_class < kCallClasses; ++call_class) {
    std::deque<Job>& queue = queues_[call_class];
    if (queue.empty() || !MayRunLocked(call_class)) continue;
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
    const int call_class = job.call_class;
    --waiting_;
    ++running_[call_class];
    const bool alone = ++running_all_ <= kAlone;
    // One thread wakes the next as long as there is something to take.
    if (SomeMayRunLocked()) work_.notify_one();
    const Admission::Time began = now_();
    lock.unlock();
    job.run();
    job = Job();  // what it holds is released before it counts as done
    lock.lock();
    const Admission::Time ended = now_();
    admission_.Served(call_class, ended - began, alone, ended);
    --running_[call_class];
    --running_all_;
    if (waiting_ == 0 && running_all_ == 0) idle_.notify_all();
  }
}

bool Executor::Drain(std::chrono::milliseconds grace) {
  std::vector<Job> refused;
  bool done;
  {
    std::unique_lock lock(mutex_);
    draining_ = true;
    done = idle_.wait_for(lock, grace, [this] { return waiting_ == 0 && running_all_ == 0; });
    for (int c = 1; c < kCallClasses; ++c) {
      shed_[c] += queues_[c].size();
      std::move(queues_[c].begin(), queues_[c].end(), std::back_inserter(refused));
      queues_[c].clear();
    }
    waiting_ = 0;
    if (running_all_ == 0) idle_.notify_all();
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
  return running_all_;
}

int Executor::running_max() const {
  std::lock_guard lock(mutex_);
  return admission_.running_max();
}

bool Executor::overloaded() const {
  std::lock_guard lock(mutex_);
  return admission_.overloaded();
}

uint64_t Executor::shed() const {
  const std::array<uint64_t, kCallClasses> shed = shed_by_class();
  return std::accumulate(shed.begin(), shed.end(), uint64_t{0});
}

std::array<uint64_t, kCallClasses> Executor::shed_by_class() const {
  std::lock_guard lock(mutex_);
  return shed_;
}

}  // namespace gridwarden::rpc
