#include "support/load.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "absl/time/clock.h"

namespace gridwarden::bench {

double Sample::Percentile(double p) const {
  if (latencies_ms.empty()) return 0;
  std::vector<float> sorted = latencies_ms;
  const size_t at = std::min(sorted.size() - 1, static_cast<size_t>(p * static_cast<double>(sorted.size())));
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
  return sorted[at];
}

Sample RunClients(int clients, absl::Duration length, const std::function<absl::Status(int client)>& act) {
  Sample all;
  std::mutex mutex;  // guards all
  std::vector<std::thread> threads;
  const absl::Time begin = absl::Now(), end = begin + length;
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      std::vector<float> latencies;
      uint64_t errors = 0;
      std::string first_error;
      for (absl::Time start = absl::Now(); start < end;) {
        const absl::Status status = act(client);
        const absl::Time done = absl::Now();
        if (status.ok()) {
          latencies.push_back(static_cast<float>(absl::ToDoubleMilliseconds(done - start)));
        } else {
          if (errors++ == 0) first_error = status.ToString(absl::StatusToStringMode::kWithNoExtraData);
          absl::SleepFor(absl::Milliseconds(1));
        }
        start = absl::Now();
      }
      const std::lock_guard lock(mutex);
      all.latencies_ms.insert(all.latencies_ms.end(), latencies.begin(), latencies.end());
      all.errors += errors;
      if (all.first_error.empty()) all.first_error = first_error;
    });
  }
  for (std::thread& thread : threads) thread.join();
  all.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  return all;
}

double CpuSeconds(const std::vector<int>& pids) {
  double ticks = 0;
  for (const int pid : pids) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(in, line);
    // After the name, which may hold spaces: the 12th and 13th field are user and system time.
    std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    ticks += user + system;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void Print(const nlohmann::json& line) {
  std::printf("%s\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

}  // namespace gridwarden::bench
