#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
}  // namespace prometheus

// Numbers that code below the server counts by itself: the database's pool, the journal, consumers. One set
// for the process, shown at /metrics (metrics.h). Names end in their unit and counters in _total; labels are
// words of ours only, never what a caller sent.
namespace gridwarden {

using Labels = std::map<std::string, std::string>;

// Made where it is used and kept; two with the same name and labels are one number.
class Counter {
 public:
  Counter(const std::string& name, const std::string& help, const Labels& labels = {});
  void Add(double count = 1);
  double value() const;

 private:
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  Gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  void Set(double value);
  void Add(double more);
  // Unix seconds, now.
  void SetToNow();
  double value() const;

 private:
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  // `buckets`: upper bounds, ascending.
  Histogram(const std::string& name, const std::string& help, const std::vector<double>& buckets,
            const Labels& labels = {});
  void Observe(double value);

 private:
  prometheus::Histogram* histogram_;
};

// Seconds that a wait inside the process takes, from 0.1 ms to 10 s.
const std::vector<double>& WaitBuckets();

// How a part of the process that works beside rpcs is doing: "journal.sequencer", "casework.checks". Shown as
// gridwarden_part_healthy{part} and, while it is in trouble, in /readyz. The story is the log's.
void NoteHealth(std::string_view part, const absl::Status& status);
// The parts in trouble, by name.
std::vector<std::string> PartsInTrouble();

// For metrics.cc.
prometheus::Registry& InstrumentRegistry();

}  // namespace gridwarden
