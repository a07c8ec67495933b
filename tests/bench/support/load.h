#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

// Closed-loop load: N clients, each with one request under way, for a fixed time.
namespace gridwarden::bench {

struct Sample {
  double seconds = 0;
  std::vector<float> latencies_ms;  // of what succeeded
  uint64_t errors = 0;
  std::string first_error;

  double rate() const { return seconds > 0 ? static_cast<double>(latencies_ms.size()) / seconds : 0; }
  double Percentile(double p) const;  // ms; 0 when empty
};

// Runs `act(client)` again and again on `clients` threads until `length` is over; what is under way then
// still counts. `act` answers the outcome of one operation.
Sample RunClients(int clients, absl::Duration length, const std::function<absl::Status(int client)>& act);

// CPU seconds, user and system, that the processes have used so far.
double CpuSeconds(const std::vector<int>& pids);

double Median(std::vector<double> values);

// One line for run.py: {"measure": ..., ...}.
void Print(const nlohmann::json& line);

}  // namespace gridwarden::bench
