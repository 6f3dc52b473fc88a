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
  prometheus::Gauge& tasks_queued;     // slowwave_tasks_claimed: claimed, waiting for a worker
  prometheus::Gauge& runs_open;        // slowwave_runs_open
  prometheus::Gauge& runs_open_bytes;  // slowwave_runs_open_bytes: of those that wait for an endpoint
  // slowwave_queue_tasks{state}: of all tenants, as the store counts them; the same in every process
  prometheus::Gauge& queue_waiting;         // {state="waiting"}: ready, or behind a running one
  prometheus::Gauge& queue_delayed;         // {state="delayed"}
  prometheus::Gauge& queue_running;         // {state="running"}
  prometheus::Gauge& queue_dead;            // {state="dead"}
  prometheus::Gauge& queue_oldest_seconds;  // slowwave_queue_oldest_seconds; 0: nothing is ready
  prometheus::Gauge& leases_held;           // slowwave_leases_held: by this process
  prometheus::Counter& leases_renewed;      // slowwave_leases_renewed_total
  prometheus::Counter& tasks_dead;          // slowwave_tasks_dead_total: given up on by this process
  prometheus::Counter& runs_committed;      // slowwave_runs_total{outcome="committed"}
  prometheus::Counter& runs_failed;         // {outcome="failed"}
  prometheus::Counter& runs_handed_back;    // {outcome="handed_back"}
  prometheus::Counter& runs_fenced;         // {outcome="fenced"}: the lease was lost; nothing was written
  prometheus::Counter& tasks_rescued;       // slowwave_tasks_rescued_total
  prometheus::Counter& leases_lost;        // slowwave_leases_lost_total: not renewed in time, the run stopped
  prometheus::Counter& triggers_fired;     // slowwave_triggers_fired_total: by ingests and sweeps
  prometheus::Counter& episodes_reviewed;  // slowwave_episodes_reviewed_total
  prometheus::Counter& gists_accepted;     // slowwave_gists_total{outcome="accepted"}
  prometheus::Counter& gists_quarantined;  // {outcome="quarantined"}
  prometheus::Counter& commit_retries;     // slowwave_commit_retries_total: the memory changed meanwhile
  prometheus::Counter& budget_drawn;       // slowwave_budget_tokens_total{kind="drawn"}
  prometheus::Counter& budget_spent;       // {kind="spent"}
  prometheus::Counter& budget_returned;    // {kind="returned"}
  // slowwave_budget_met_total{budget}: runs that a budget of tokens ended early; const after construction
  std::map<std::string, prometheus::Counter*> budget_met;
  prometheus::Histogram& run_seconds;  // slowwave_run_seconds
  std::map<std::string, prometheus::Histogram*>
      stage_seconds;  // slowwave_stage_seconds{stage}; const after construction
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_METRICS_H_
