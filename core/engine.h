// The running daemon without its sockets: scheduler, queue, workers, pipeline over one store.
#ifndef SLOWWAVE_CORE_ENGINE_H_
#define SLOWWAVE_CORE_ENGINE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/embedder.h"
#include "core/extractor.h"
#include "core/progress.h"
#include "storage/store.h"

namespace prometheus {
class Registry;
}

namespace slowwave {

struct EngineOptions {
  std::string owner;  // UUID of this process
  int workers = 2;    // >= 1
  int max_open_runs = 64;
  int64_t max_open_bytes = int64_t{96} << 20;  // that runs hold which wait for an endpoint
  absl::Duration lease = absl::Seconds(30);
  int max_attempts = 5;
  absl::Duration sweep = absl::Seconds(1);  // between two looks for what has come due
  bool sole_owner = true;  // the store is this process' alone: running tasks at start are leftovers
  // pipeline
  int episode_limit = 200;  // sampled a run, unless the task says otherwise
  int chunk_budget = 25;    // memories an extractor call
  double min_importance = 0.3, min_confidence = 0.3;
  int min_cluster_size = 2;
  int max_clusters = 0;                        // 0: unlimited
  std::optional<double> similarity_threshold;  // unset: calibrated
  absl::Duration exchange_retention = absl::Hours(24 * 30);
  int64_t run_tokens = 0, tenant_tokens_per_day = 0;                   // of an LLM; 0: no limit
  double prompt_price = 0, completion_price = 0, embedding_price = 0;  // of a million tokens
};

// Any thread may call any method. Stop is idempotent and safe before Start; the destructor stops.
class Engine {
 public:
  // All outlive it. `extractor` null: the built-in rules; `embedder` null: the built-in one.
  Engine(EngineOptions options, Store& store, prometheus::Registry& metrics, Extractor* extractor = nullptr,
         Embedder* embedder = nullptr);
  ~Engine();
  // Takes leftovers back, then begins to claim.
  absl::Status Start();
  // Claims nothing more; running runs finish until the deadline, then they and everything claimed are handed
  // back without using an attempt.
  void Stop(absl::Duration grace);
  // There may be a new task.
  void Wake();
  // An ingest set off this many conditions: they are counted, and Wake.
  void Fired(int conditions);
  // The task, dead or cancelled before, is to run again: Wake, and watchers see nothing of what was.
  void Retried(const std::string& task_id);
  // The task was cancelled: its run stops at the next stage boundary.
  void Cancelled(const std::string& task_id);
  ProgressHub& progress();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_ENGINE_H_
