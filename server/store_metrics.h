// What the store's work looks like from this process: how long its transactions take, what they fail with,
// how many connections there are.
#ifndef SLOWWAVE_SERVER_STORE_METRICS_H_
#define SLOWWAVE_SERVER_STORE_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/store_observer.h"

namespace slowwave {

// slowwave_store_operation_seconds{operation}, slowwave_store_errors_total{code}; with a pool of connections
// also slowwave_store_connections{state} and slowwave_store_connections_limit. No tenant or user in a label.
// Any thread. `registry` outlives it.
class StoreMetrics : public StoreObserver {
 public:
  // `connections`: at most; 0: the store has no pool.
  StoreMetrics(prometheus::Registry& registry, int connections);
  void Ended(std::string_view operation, absl::Duration took, const absl::Status& trouble) override;
  void Connections(int idle, int in_use) override;

 private:
  prometheus::Histogram& SecondsOf(std::string_view operation);

  prometheus::Family<prometheus::Histogram>& seconds_;
  prometheus::Family<prometheus::Counter>& errors_;
  prometheus::Gauge* idle_ = nullptr;  // null: no pool
  prometheus::Gauge* in_use_ = nullptr;
  absl::Mutex mu_;
  std::map<std::string, prometheus::Histogram*, std::less<>> by_operation_ ABSL_GUARDED_BY(mu_);
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_STORE_METRICS_H_
