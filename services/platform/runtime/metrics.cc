#include "platform/runtime/metrics.h"

#include <array>
#include <atomic>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "platform/rpc/admission.h"
#include "platform/runtime/instruments.h"
#include "platform/runtime/log.h"
#include "platform/runtime/process_numbers.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace gridwarden {
namespace {

constexpr absl::Duration kSlow = absl::Seconds(3);  // readers of the feed wait up to 2 s on purpose
constexpr int64_t kOverloadLogSeconds = 5;

const prometheus::Histogram::BucketBoundaries& LatencyBuckets() {
  static const prometheus::Histogram::BucketBoundaries buckets = {
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60};
  return buckets;
}

}  // namespace

struct Metrics::State {
  // The series of one method and code: looked up often, made once.
  prometheus::Histogram& SecondsOf(const std::string& method, absl::StatusCode code) {
    const std::pair<std::string, int> key(method, static_cast<int>(code));
    {
      const std::shared_lock lock(series_mutex);
      const auto found = series.find(key);
      if (found != series.end()) return *found->second;
    }
    prometheus::Histogram& made =
        seconds.Add({{"method", method}, {"code", absl::StatusCodeToString(code)}}, LatencyBuckets());
    const std::lock_guard lock(series_mutex);
    series.emplace(key, &made);
    return made;
  }

  prometheus::Registry registry;
  prometheus::Family<prometheus::Histogram>& seconds = prometheus::BuildHistogram()
                                                           .Name("gridwarden_rpc_seconds")
                                                           .Help("Duration of rpcs, waiting included.")
                                                           .Register(registry);
  prometheus::Family<prometheus::Counter>& refused =
      prometheus::BuildCounter()
          .Name("gridwarden_rpc_refused_total")
          .Help("Rpcs that were not answered with OK, by reason.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& queue =
      prometheus::BuildHistogram()
          .Name("gridwarden_rpc_queue_seconds")
          .Help("How long rpcs that were served waited for a thread.")
          .Register(registry);
  std::array<prometheus::Histogram*, rpc::kCallClasses> queue_by_class{};
  std::shared_mutex series_mutex;  // guards series
  absl::flat_hash_map<std::pair<std::string, int>, prometheus::Histogram*> series;
  mutable std::mutex mutex;  // guards everything below
  std::deque<std::pair<prometheus::Gauge*, std::function<double()>>> gauges;
  std::deque<std::pair<prometheus::Counter*, std::function<double()>>> counters;
  std::map<std::string, prometheus::Family<prometheus::Counter>*> counter_families;
};

Metrics::Metrics(const std::string& version) : state_(std::make_unique<State>()) {
  for (int call_class = 1; call_class < rpc::kCallClasses; ++call_class) {
    state_->queue_by_class[call_class] =
        &state_->queue.Add({{"class", rpc::CallClassName(call_class)}}, WaitBuckets());
  }
  prometheus::BuildGauge()
      .Name("gridwarden_build_info")
      .Help("Always 1; the labels say what runs.")
      .Register(state_->registry)
      .Add({{"version", version}})
      .Set(1);
}
Metrics::~Metrics() = default;

void Metrics::CountCall(const rpc::CallRecord& record) {
  state_->SecondsOf(record.method, record.code).Observe(absl::ToDoubleSeconds(record.elapsed));
  if (record.waited && record.call_class > 0 && record.call_class < rpc::kCallClasses) {
    state_->queue_by_class[record.call_class]->Observe(absl::ToDoubleSeconds(*record.waited));
  }
  if (record.code != absl::StatusCode::kOk) state_->refused.Add({{"reason", record.reason}}).Increment();
}

void Metrics::AddGauge(const std::string& name, const std::string& help, std::function<double()> read) {
  AddGauge(name, help, {}, std::move(read));
}

void Metrics::AddGauge(const std::string& name, const std::string& help,
                       const std::map<std::string, std::string>& labels, std::function<double()> read) {
  prometheus::Gauge& gauge =
      prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry).Add(labels);
  std::lock_guard lock(state_->mutex);
  state_->gauges.emplace_back(&gauge, std::move(read));
}

void Metrics::AddCounter(const std::string& name, const std::string& help,
                         const std::map<std::string, std::string>& labels, std::function<double()> read) {
  std::lock_guard lock(state_->mutex);
  prometheus::Family<prometheus::Counter>*& family = state_->counter_families[name];
  if (family == nullptr) {
    family = &prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
  }
  state_->counters.emplace_back(&family->Add(labels), std::move(read));
}

std::string Metrics::Text() const {
  {
    std::lock_guard lock(state_->mutex);
    for (const auto& [gauge, read] : state_->gauges) gauge->Set(read());
    for (const auto& [counter, read] : state_->counters) {
      if (const double more = read() - counter->Value(); more > 0) counter->Increment(more);
    }
  }
  std::vector<prometheus::MetricFamily> families = state_->registry.Collect();
  for (std::vector<prometheus::MetricFamily> more : {InstrumentRegistry().Collect(), ProcessNumbers()}) {
    std::move(more.begin(), more.end(), std::back_inserter(families));
  }
  return prometheus::TextSerializer().Serialize(families);
}

namespace {

// An overload makes thousands of refusals a second; the log of it must not be the next overload.
bool LogsOverload(uint64_t& refused) {
  static std::atomic<uint64_t> since_last{0};
  static std::atomic<int64_t> last_second{0};
  since_last.fetch_add(1);
  const int64_t second = absl::ToUnixSeconds(absl::Now());
  int64_t last = last_second.load();
  if (second < last + kOverloadLogSeconds || !last_second.compare_exchange_strong(last, second)) return false;
  refused = since_last.exchange(0);
  return true;
}

}  // namespace

void LogCall(const rpc::CallRecord& record, bool verbose) {
  const bool ok = record.code == absl::StatusCode::kOk;
  if (record.reason == "OVERLOADED" && !verbose) {
    if (uint64_t refused = 0; LogsOverload(refused)) {
      Log(LogLevel::kWarning, "overloaded", {{"refused", absl::StrCat(refused)}, {"method", record.method}});
    }
    return;
  }
  if (ok && !verbose && record.elapsed < kSlow) return;
  const std::string ms = absl::StrCat(absl::ToInt64Milliseconds(record.elapsed));
  const std::string code = absl::StatusCodeToString(record.code);
  if (record.log_id.empty() && record.detail.empty()) {
    Log(LogLevel::kInfo, "rpc",
        {{"method", record.method},
         {"code", code},
         {"reason", record.reason},
         {"ms", ms},
         {"account", record.account},
         {"trace", record.trace_id}});
    return;
  }
  Log(record.log_id.empty() ? LogLevel::kInfo : LogLevel::kError, "rpc",
      {{"method", record.method},
       {"code", code},
       {"reason", record.reason},
       {"ms", ms},
       {"account", record.account},
       {"trace", record.trace_id},
       {"log_id", record.log_id},
       {"detail", record.detail}});
}

}  // namespace gridwarden
