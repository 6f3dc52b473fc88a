// The process as Prometheus' own clients report it: process_cpu_seconds_total, process_resident_memory_bytes,
// process_virtual_memory_bytes, process_open_fds, process_max_fds, process_start_time_seconds.
#ifndef SLOWWAVE_SERVER_PROCESS_METRICS_H_
#define SLOWWAVE_SERVER_PROCESS_METRICS_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <optional>
#include <vector>

namespace slowwave {

// How much of the process is in memory; unset if that cannot be read. Any thread.
std::optional<double> ResidentBytes();

// Reads /proc at every collection; what cannot be read is left out. Any thread.
class ProcessMetrics : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_PROCESS_METRICS_H_
