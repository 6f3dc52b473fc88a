#include "core/metrics.h"

namespace slowwave {
namespace {

prometheus::Gauge& GaugeOf(prometheus::Registry& registry, const char* name, const char* help,
                           const prometheus::Labels& labels = {}) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
}

prometheus::Counter& CounterOf(prometheus::Registry& registry, const char* name, const char* help,
                               const prometheus::Labels& labels = {}) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}

prometheus::Histogram& SecondsOf(prometheus::Registry& registry, const char* name, const char* help,
                                 const prometheus::Labels& labels = {}) {
  const prometheus::Histogram::BucketBoundaries buckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                           0.5,   1,      2.5,   5,    10,    30,   60,  300};
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(labels, buckets);
}

constexpr char kRuns[] = "slowwave_runs_total";
constexpr char kRunsHelp[] = "Runs by how they ended.";
constexpr char kQueue[] = "slowwave_queue_tasks";
constexpr char kQueueHelp[] = "Tasks of all tenants by state, as the store counts them every few seconds.";
constexpr char kBudget[] = "slowwave_budget_tokens_total";
constexpr char kBudgetHelp[] =
    "Tokens of tenants' daily budgets that this process drew, spent and gave back.";
constexpr char kGists[] = "slowwave_gists_total";
constexpr char kGistsHelp[] = "Gists by whether they passed the checks.";

}  // namespace

EngineMetrics::EngineMetrics(prometheus::Registry& registry)
    : tasks_queued(GaugeOf(registry, "slowwave_tasks_claimed", "Tasks claimed and waiting for a worker.")),
      runs_open(GaugeOf(registry, "slowwave_runs_open", "Runs between their claim and their end.")),
      runs_open_bytes(GaugeOf(registry, "slowwave_runs_open_bytes",
                              "About how much memory runs hold that wait for an endpoint.")),
      queue_waiting(GaugeOf(registry, kQueue, kQueueHelp, {{"state", "waiting"}})),
      queue_delayed(GaugeOf(registry, kQueue, kQueueHelp, {{"state", "delayed"}})),
      queue_running(GaugeOf(registry, kQueue, kQueueHelp, {{"state", "running"}})),
      queue_dead(GaugeOf(registry, kQueue, kQueueHelp, {{"state", "dead"}})),
      queue_oldest_seconds(GaugeOf(registry, "slowwave_queue_oldest_seconds",
                                   "For how long the task that is first in line has been ready.")),
      leases_held(GaugeOf(registry, "slowwave_leases_held", "Leases of tasks that this process holds.")),
      leases_renewed(CounterOf(registry, "slowwave_leases_renewed_total", "Renewals of leases.")),
      tasks_dead(CounterOf(registry, "slowwave_tasks_dead_total",
                           "Tasks given up on after their last attempt, by this process.")),
      runs_committed(CounterOf(registry, kRuns, kRunsHelp, {{"outcome", "committed"}})),
      runs_failed(CounterOf(registry, kRuns, kRunsHelp, {{"outcome", "failed"}})),
      runs_handed_back(CounterOf(registry, kRuns, kRunsHelp, {{"outcome", "handed_back"}})),
      runs_fenced(CounterOf(registry, kRuns, kRunsHelp, {{"outcome", "fenced"}})),
      tasks_rescued(CounterOf(registry, "slowwave_tasks_rescued_total",
                              "Tasks made ready again after their lease or delay ran out.")),
      leases_lost(CounterOf(registry, "slowwave_leases_lost_total",
                            "Runs that stopped because their lease could not be renewed in time.")),
      triggers_fired(CounterOf(registry, "slowwave_triggers_fired_total",
                               "Conditions that fired by themselves, at an ingest or a sweep.")),
      episodes_reviewed(
          CounterOf(registry, "slowwave_episodes_reviewed_total", "Episodes reviewed by committed runs.")),
      gists_accepted(CounterOf(registry, kGists, kGistsHelp, {{"outcome", "accepted"}})),
      gists_quarantined(CounterOf(registry, kGists, kGistsHelp, {{"outcome", "quarantined"}})),
      commit_retries(CounterOf(registry, "slowwave_commit_retries_total",
                               "Commits folded again because the memory had changed.")),
      budget_drawn(CounterOf(registry, kBudget, kBudgetHelp, {{"kind", "drawn"}})),
      budget_spent(CounterOf(registry, kBudget, kBudgetHelp, {{"kind", "spent"}})),
      budget_returned(CounterOf(registry, kBudget, kBudgetHelp, {{"kind", "returned"}})),
      run_seconds(SecondsOf(registry, "slowwave_run_seconds", "From claim to commit.")) {
  for (const char* stage : {"sample", "embed", "cluster", "extract", "align", "migrate"}) {
    stage_seconds[stage] =
        &SecondsOf(registry, "slowwave_stage_seconds", "Time of a stage.", {{"stage", stage}});
  }
  for (const char* budget : {"run", "tenant_day"}) {
    budget_met[budget] =
        &CounterOf(registry, "slowwave_budget_met_total",
                   "Runs that a budget of tokens ended early, or did not let begin.", {{"budget", budget}});
  }
}

}  // namespace slowwave
