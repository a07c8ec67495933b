#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "platform/rpc/server.h"

// What a process tells Prometheus: its rpcs, whatever is read at each scrape, the numbers of instruments.h
// and those of the process itself. Labels are methods, codes and words of ours only: nothing that a stranger
// can invent.
namespace gridwarden {

class Metrics {
 public:
  explicit Metrics(const std::string& version = "");
  ~Metrics();

  // Counts one finished rpc: gridwarden_rpc_seconds{method,code}, gridwarden_rpc_queue_seconds{class} of
  // those that were served, gridwarden_rpc_refused_total{reason}.
  void CountCall(const rpc::CallRecord& record);
  // A number that is read at each scrape. `read` must not block.
  void AddGauge(const std::string& name, const std::string& help, std::function<double()> read);
  // The same name may be added again with other labels: {{"use", "edge"}}.
  void AddGauge(const std::string& name, const std::string& help,
                const std::map<std::string, std::string>& labels, std::function<double()> read);
  // One that only grows, with labels.
  void AddCounter(const std::string& name, const std::string& help,
                  const std::map<std::string, std::string>& labels, std::function<double()> read);

  std::string Text() const;  // the exposition format, version 0.0.4

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One log line for a finished rpc: who, what, how it ended, how long. Calls that went well are logged when
// `verbose` or when they took longer than three seconds. Of calls turned away because of overload one line in
// five seconds says how many there were.
void LogCall(const rpc::CallRecord& record, bool verbose);

}  // namespace gridwarden
