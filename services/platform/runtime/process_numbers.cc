#include "platform/runtime/process_numbers.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace gridwarden {
namespace {

// Fields of /proc/self/stat behind the name, which may hold spaces: 0 is the state.
std::vector<std::string> StatFields() {
  std::ifstream in("/proc/self/stat");
  std::string line;
  std::getline(in, line);
  std::istringstream rest(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

// Seconds since 1970 at which the machine started.
double BootTime() {
  std::ifstream in("/proc/stat");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("btime ", 0) == 0) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessNumbers() {
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](const char* name, const char* help, prometheus::MetricType type, double value) {
    prometheus::ClientMetric metric;
    if (type == prometheus::MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families.push_back({name, help, type, {metric}});
  };
  constexpr auto kGauge = prometheus::MetricType::Gauge;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const std::vector<std::string> stat = StatFields();
  if (stat.size() > 21) {
    const auto number = [&](size_t at) { return std::strtod(stat[at].c_str(), nullptr); };
    add("process_cpu_seconds_total", "User and system CPU time.", prometheus::MetricType::Counter,
        (number(11) + number(12)) / ticks);
    add("process_threads", "Threads.", kGauge, number(17));
    add("process_start_time_seconds", "When the process started, Unix time.", kGauge,
        BootTime() + number(19) / ticks);
    add("process_resident_memory_bytes", "Resident memory.", kGauge,
        number(21) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  std::error_code error;
  auto fds = std::filesystem::directory_iterator("/proc/self/fd", error);
  if (!error) {
    add("process_open_fds", "Open file descriptors.", kGauge,
        static_cast<double>(std::distance(begin(fds), end(fds))));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    add("process_max_fds", "File descriptors this process may open.", kGauge,
        static_cast<double>(limit.rlim_cur));
  }
  return families;
}

}  // namespace gridwarden
