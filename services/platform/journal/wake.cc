#include "platform/journal/wake.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace gridwarden::journal {
namespace {

struct Count {
  std::mutex mutex;  // guards rings
  std::condition_variable rung;
  uint64_t rings = 0;

  uint64_t Now() {
    const std::lock_guard lock(mutex);
    return rings;
  }
  void Ring() {
    {
      const std::lock_guard lock(mutex);
      ++rings;
    }
    rung.notify_all();
  }
  void Wait(uint64_t seen, absl::Duration wait) {
    std::unique_lock lock(mutex);
    rung.wait_for(lock, absl::ToChronoMicroseconds(wait), [&] { return rings != seen; });
  }
};

// Never destroyed: workers may still wait while the process ends.
Count& StagedCount() {
  static auto* count = new Count;
  return *count;
}
Count& SequencedCount() {
  static auto* count = new Count;
  return *count;
}

}  // namespace

uint64_t Bell::Staged() { return StagedCount().Now(); }
uint64_t Bell::Sequenced() { return SequencedCount().Now(); }
void Bell::RingStaged() { StagedCount().Ring(); }
void Bell::RingSequenced() { SequencedCount().Ring(); }
void Bell::WaitStaged(uint64_t seen, absl::Duration wait) { StagedCount().Wait(seen, wait); }
void Bell::WaitSequenced(uint64_t seen, absl::Duration wait) { SequencedCount().Wait(seen, wait); }

}  // namespace gridwarden::journal
