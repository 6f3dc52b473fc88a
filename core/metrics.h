// What the engine counts. Bound once at start-up; updates never look a label up. Thread-safe. No tenant or
// user in a label. `registry` must outlive this.
#ifndef SLOWWAVE_CORE_METRICS_H_
#define SLOWWAVE_CORE_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>

namespace slowwave {

struct EngineMetrics {
  explicit EngineMetrics(prometheus::Registry& registry);
  prometheus::Gauge& tasks_queued;         // slowwave_tasks_claimed: claimed, waiting for a worker
  prometheus::Gauge& runs_open;            // slowwave_runs_open
  prometheus::Gauge& runs_open_bytes;      // slowwave_runs_open_bytes: of those that wait for an endpoint
  prometheus::Counter& runs_committed;     // slowwave_runs_total{outcome="committed"}
  prometheus::Counter& runs_failed;        // {outcome="failed"}
  prometheus::Counter& runs_handed_back;   // {outcome="handed_back"}
  prometheus::Counter& runs_fenced;        // {outcome="fenced"}: the lease was lost; nothing was written
  prometheus::Counter& tasks_rescued;      // slowwave_tasks_rescued_total
  prometheus::Counter& leases_lost;        // slowwave_leases_lost_total: not renewed in time, the run stopped
  prometheus::Counter& triggers_fired;     // slowwave_triggers_fired_total: by ingests and sweeps
  prometheus::Counter& episodes_reviewed;  // slowwave_episodes_reviewed_total
  prometheus::Counter& gists_accepted;     // slowwave_gists_total{outcome="accepted"}
  prometheus::Counter& gists_quarantined;  // {outcome="quarantined"}
  prometheus::Counter& commit_retries;     // slowwave_commit_retries_total: the memory changed meanwhile
  // slowwave_budget_met_total{budget}: runs that a budget of tokens ended early; const after construction
  std::map<std::string, prometheus::Counter*> budget_met;
  prometheus::Histogram& run_seconds;  // slowwave_run_seconds
  std::map<std::string, prometheus::Histogram*>
      stage_seconds;  // slowwave_stage_seconds{stage}; const after construction
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_METRICS_H_
