#pragma once

#include <chrono>

namespace gridwarden {

// SIGTERM and SIGINT as an event instead of an interruption. Make one in main before any thread is started,
// so that every thread leaves the two signals to it. SIGPIPE is ignored from then on.
class StopSignal {
 public:
  StopSignal();
  // Blocks until the process is asked to stop; answers the signal's number.
  int Wait() const;
  // The same for at most `time`; 0 when nobody asked.
  int WaitFor(std::chrono::milliseconds time) const;
};

}  // namespace gridwarden
