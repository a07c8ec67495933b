#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "platform/rpc/server.h"

// What a process tells Prometheus. Labels are methods and codes only: nothing that a stranger can invent.
namespace gridwarden {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // Counts one finished rpc: gridwarden_rpc_seconds{method,code}, gridwarden_rpc_refused_total{reason}.
  void CountCall(const rpc::CallRecord& record);
  // A number that is read at each scrape. `read` must not block.
  void AddGauge(const std::string& name, const std::string& help, std::function<double()> read);
  // The same name may be added again with other labels: {{"use", "edge"}}.
  void AddGauge(const std::string& name, const std::string& help,
                const std::map<std::string, std::string>& labels, std::function<double()> read);

  std::string Text() const;  // the exposition format, version 0.0.4

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One log line for a finished rpc: who, what, how it ended, how long. Calls that went well are logged when
// `verbose` or when they took longer than three seconds.
void LogCall(const rpc::CallRecord& record, bool verbose);

}  // namespace gridwarden
