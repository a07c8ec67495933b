#pragma once

#include <vector>

#include "prometheus/metric_family.h"

namespace gridwarden {

// What the kernel says of this process, under the names every Prometheus client uses:
// process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds, process_max_fds,
// process_threads, process_start_time_seconds. What cannot be read is left out.
std::vector<prometheus::MetricFamily> ProcessNumbers();

}  // namespace gridwarden
