// Carries claimed tasks through the pipeline on the worker pool.
//
// A run holds a thread only while it prepares or finishes; while an embedder or its extractor works it is an
// open run and nothing more. Any thread.
#ifndef SLOWWAVE_CORE_RUNNER_H_
#define SLOWWAVE_CORE_RUNNER_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "core/embedder.h"
#include "core/extractor.h"
#include "core/metrics.h"
#include "core/pipeline.h"
#include "core/progress.h"
#include "core/run_stop.h"
#include "core/task_queue.h"
#include "core/worker_pool.h"

namespace slowwave {

// A task and the token of a claim of it. One that was cancelled and retried may have two runs open for a
// moment.
using RunKey = std::pair<std::string, std::string>;

inline RunKey KeyOfRun(const Lease& lease) { return {lease.task_id, lease.token}; }

struct RunEnd {
  RunKey run;
  bool store_trouble = false;  // the store is unavailable or full: claiming more would not help
  bool idle = false;           // its user had nothing pending
};

struct RunnerOptions {
  int max_attempts = 5;
};

class Runner {
 public:
  // `ended` is called on a worker, once for each run that was begun; `parked` before that, if the run has to
  // wait for an endpoint, with the bytes that it holds, and again whenever these change. All references
  // outlive the pool's threads.
  // `embedder` null: the built-in one.
  Runner(
      RunnerOptions options, Store& store, Pipeline& pipeline, Embedder* embedder, Extractor& extractor,
      ProgressHub& progress, EngineMetrics& metrics, WorkerPool& pool, Clocks clocks,
      std::function<void(const RunEnd&)> ended,
      std::function<void(const RunKey&, int64_t bytes)> parked = [](const RunKey&, int64_t) {});

  // Begins one run on the calling worker. `stop` may be set at any time.
  void Begin(ClaimedTask task, StopFlag stop);

 private:
  struct OpenRun;
  void MakeChunks(const std::shared_ptr<OpenRun>& run);
  void Extracted(const std::shared_ptr<OpenRun>& run, size_t chunk, ChunkReply reply);
  // Stores what has been answered since the last time, then finishes if all is answered and stored.
  void KeepReplies(const std::shared_ptr<OpenRun>& run);
  void FinishRun(const std::shared_ptr<OpenRun>& run);
  void End(const std::shared_ptr<OpenRun>& run, const absl::Status& status);
  void PublishState(const OpenRun& run, TaskState state, const std::string& message);
  // Gives the task back or counts the failure, as the status asks for. Returns the task's state after it.
  TaskState Return(const OpenRun& run, const absl::Status& status, bool store_trouble);

  const RunnerOptions options_;
  Store& store_;
  Pipeline& pipeline_;
  Embedder* const embedder_;
  Extractor& extractor_;
  ProgressHub& progress_;
  EngineMetrics& metrics_;
  WorkerPool& pool_;
  const Clocks clocks_;
  const std::function<void(const RunEnd&)> ended_;
  const std::function<void(const RunKey&, int64_t bytes)> parked_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_RUNNER_H_
