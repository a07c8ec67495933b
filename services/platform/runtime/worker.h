#pragma once

namespace gridwarden {

// Work that goes on beside rpcs: the sequencer, consumers of the feed. Started after the rpcs are served,
// stopped before.
class Worker {
 public:
  virtual ~Worker() = default;
  virtual void Start() = 0;
  virtual void Stop() = 0;  // joins its threads
};

}  // namespace gridwarden
