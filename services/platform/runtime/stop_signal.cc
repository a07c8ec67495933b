#include "platform/runtime/stop_signal.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

namespace gridwarden {
namespace {

sigset_t Stops() {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  return stops;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t stops = Stops();
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int StopSignal::Wait() const {
  const sigset_t stops = Stops();
  int number = 0;
  while (sigwait(&stops, &number) != 0) {
  }
  return number;
}

int StopSignal::WaitFor(std::chrono::milliseconds time) const {
  const sigset_t stops = Stops();
  const timespec limit{.tv_sec = static_cast<time_t>(time.count() / 1000),
                       .tv_nsec = static_cast<long>(time.count() % 1000) * 1'000'000};
  const int number = sigtimedwait(&stops, nullptr, &limit);
  return number > 0 ? number : 0;
}

}  // namespace gridwarden
