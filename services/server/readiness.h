#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// Whether this process may be sent traffic, and in words why not. Asked often, so the answer is kept and
// renewed once a second.
namespace gridwarden::server {

class Readiness {
 public:
  Readiness() = default;
  ~Readiness();

  // Why not; empty when ready.
  std::vector<std::string> Reasons() const;
  // Says it by hand, while starting and stopping.
  void Set(std::vector<std::string> reasons);

  // Renews the answer by `check` once a second from now on; tells `changed` each time it turns.
  void Watch(std::function<std::vector<std::string>()> check, std::function<void(bool ready)> changed);
  // Ends the watch for good: not ready because of `reason`.
  void StopWatch(const std::string& reason);

 private:
  mutable std::mutex mutex_;  // guards reasons_, stopping_
  std::vector<std::string> reasons_{"starting"};
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace gridwarden::server
