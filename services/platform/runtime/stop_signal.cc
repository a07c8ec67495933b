#include "platform/runtime/stop_signal.h"

#include <pthread.h>
#include <signal.h>

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

}  // namespace gridwarden
