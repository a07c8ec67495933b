#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

// What is measured of a morning.
namespace gridwarden::sim {

using SteadyClock = std::chrono::steady_clock;

inline double Seconds(SteadyClock::duration span) { return std::chrono::duration<double>(span).count(); }

// Milliseconds of what succeeded.
struct Times {
  std::vector<float> ms;
  double At(double part) {
    if (ms.empty()) return 0;
    std::sort(ms.begin(), ms.end());
    return ms[std::min(ms.size() - 1, static_cast<size_t>(part * static_cast<double>(ms.size())))];
  }
  nlohmann::json ToJson() {
    return {{"count", ms.size()}, {"p50_ms", At(0.5)}, {"p99_ms", At(0.99)}, {"max_ms", At(1)}};
  }
};

struct Figures {
  std::mutex mutex;  // guards all below
  std::map<std::string, Times> times;
  std::map<std::string, int> told_to_wait, errors;
  int finished = 0, failed = 0, waited = 0;
  Times whole;
  SteadyClock::time_point last;

  void Took(const std::string& what, SteadyClock::duration time) {
    const std::lock_guard lock(mutex);
    times[what].ms.push_back(static_cast<float>(1000 * Seconds(time)));
  }
};

}  // namespace gridwarden::sim
