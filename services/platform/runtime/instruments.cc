#include "platform/runtime/instruments.h"

#include <mutex>
#include <set>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace gridwarden {
namespace {

struct Troubles {
  std::mutex mutex;  // guards parts
  std::set<std::string, std::less<>> parts;
};

Troubles& TroublesOfProcess() {
  static auto* const troubles = new Troubles();  // threads that stop late still note
  return *troubles;
}

}  // namespace

prometheus::Registry& InstrumentRegistry() {
  // Merged by name: whoever comes first brings the help.
  static auto* const registry = new prometheus::Registry(prometheus::Registry::InsertBehavior::Merge);
  return *registry;
}

Counter::Counter(const std::string& name, const std::string& help, const Labels& labels)
    : counter_(&prometheus::BuildCounter().Name(name).Help(help).Register(InstrumentRegistry()).Add(labels)) {
}
void Counter::Add(double count) { counter_->Increment(count); }
double Counter::value() const { return counter_->Value(); }

Gauge::Gauge(const std::string& name, const std::string& help, const Labels& labels)
    : gauge_(&prometheus::BuildGauge().Name(name).Help(help).Register(InstrumentRegistry()).Add(labels)) {}
void Gauge::Set(double value) { gauge_->Set(value); }
void Gauge::Add(double more) { gauge_->Increment(more); }
void Gauge::SetToNow() { gauge_->Set(absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch())); }
double Gauge::value() const { return gauge_->Value(); }

Histogram::Histogram(const std::string& name, const std::string& help, const std::vector<double>& buckets,
                     const Labels& labels)
    : histogram_(&prometheus::BuildHistogram()
                      .Name(name)
                      .Help(help)
                      .Register(InstrumentRegistry())
                      .Add(labels, buckets)) {}
void Histogram::Observe(double value) { histogram_->Observe(value); }

const std::vector<double>& WaitBuckets() {
  static const std::vector<double> buckets = {0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                              0.05,   0.1,    0.25,  0.5,    1,     2.5,  10};
  return buckets;
}

void NoteHealth(std::string_view part, const absl::Status& status) {
  const std::string name(part);
  Gauge("gridwarden_part_healthy", "1 while a part that works beside rpcs does, 0 while it stands still.",
        {{"part", name}})
      .Set(status.ok() ? 1 : 0);
  Troubles& troubles = TroublesOfProcess();
  const std::lock_guard lock(troubles.mutex);
  if (status.ok()) {
    troubles.parts.erase(name);
  } else {
    troubles.parts.insert(name);
  }
}

std::vector<std::string> PartsInTrouble() {
  Troubles& troubles = TroublesOfProcess();
  const std::lock_guard lock(troubles.mutex);
  return {troubles.parts.begin(), troubles.parts.end()};
}

}  // namespace gridwarden
