#include "platform/runtime/metrics.h"

#include <deque>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/runtime/log.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace gridwarden {
namespace {

constexpr absl::Duration kSlow = absl::Seconds(3);  // readers of the feed wait up to 2 s on purpose

const prometheus::Histogram::BucketBoundaries& LatencyBuckets() {
  static const prometheus::Histogram::BucketBoundaries buckets = {
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60};
  return buckets;
}

}  // namespace

struct Metrics::State {
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
  mutable std::mutex mutex;  // guards gauges
  std::deque<std::pair<prometheus::Gauge*, std::function<double()>>> gauges;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::CountCall(const rpc::CallRecord& record) {
  state_->seconds
      .Add({{"method", record.method}, {"code", absl::StatusCodeToString(record.code)}}, LatencyBuckets())
      .Observe(absl::ToDoubleSeconds(record.elapsed));
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

std::string Metrics::Text() const {
  {
    std::lock_guard lock(state_->mutex);
    for (const auto& [gauge, read] : state_->gauges) gauge->Set(read());
  }
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

void LogCall(const rpc::CallRecord& record, bool verbose) {
  const bool ok = record.code == absl::StatusCode::kOk;
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
