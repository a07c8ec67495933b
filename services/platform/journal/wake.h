#pragma once

#include <cstdint>

#include "absl/time/time.h"

// Wakes the sequencer and the readers of the feed that live in this process, so that they need not poll fast.
// Across processes they poll: waking saves time and is never needed for correctness.
namespace gridwarden::journal {

// A place to wait for the next event of one kind.
class Bell {
 public:
  // The number of rings so far; take it before looking whether there is work.
  static uint64_t Staged();
  static uint64_t Sequenced();

  static void RingStaged();
  static void RingSequenced();

  // Waits until the count differs from `seen` or `wait` is over.
  static void WaitStaged(uint64_t seen, absl::Duration wait);
  static void WaitSequenced(uint64_t seen, absl::Duration wait);
};

}  // namespace gridwarden::journal
