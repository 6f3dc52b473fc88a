#include "core/runner.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/match.h"
#include "core/failpoint.h"
#include "core/retry.h"

namespace slowwave {

struct Runner::OpenRun {
  RunState state;
  StopFlag stop;
  absl::Time began;
  absl::Mutex mu;
  size_t unanswered ABSL_GUARDED_BY(mu) = 0;
};

Runner::Runner(RunnerOptions options, Store& store, Pipeline& pipeline, Extractor& extractor,
               ProgressHub& progress, EngineMetrics& metrics, WorkerPool& pool, Clock clock,
               std::function<void(const RunEnd&)> ended)
    : options_(options),
      store_(store),
      pipeline_(pipeline),
      extractor_(extractor),
      progress_(progress),
      metrics_(metrics),
      pool_(pool),
      clock_(std::move(clock)),
      ended_(std::move(ended)) {}

void Runner::Begin(ClaimedTask task, StopFlag stop) {
  auto run = std::make_shared<OpenRun>();
  run->state.claimed = std::move(task);
  run->stop = std::move(stop);
  run->began = clock_();
  PublishState(*run, TaskState::kRunning, "");
  if (absl::Status s = pipeline_.Prepare(run->state, *run->stop); !s.ok()) return End(run, s);
  const size_t chunks = run->state.chunks.size();
  if (chunks == 0) return FinishRun(run);
  {
    absl::MutexLock lock(&run->mu);
    run->unanswered = chunks;
  }
  for (size_t i = 0; i < chunks; ++i) {
    extractor_.Extract(run->state.chunks[i],
                       [this, run, i](ChunkReply reply) { Extracted(run, i, std::move(reply)); });
  }
}

void Runner::Extracted(const std::shared_ptr<OpenRun>& run, size_t chunk, ChunkReply reply) {
  if (absl::Status s = Failpoint("after_chunk"); !s.ok()) reply.status = std::move(s);
  {
    absl::MutexLock lock(&run->mu);
    Report& report = run->state.report;
    report.calls += reply.calls;
    report.prompt_tokens += reply.prompt_tokens;
    report.completion_tokens += reply.completion_tokens;
    report.retries += reply.retries;
    if (!reply.outcome.empty()) ++report.outcomes[reply.outcome];
    run->state.answers[chunk] = std::move(reply.status);
    run->state.gists[chunk] = std::move(reply.gists);
    if (--run->unanswered > 0) return;
  }
  // Ahead of new starts: what is open is finished before more is opened.
  if (!pool_.Submit([this, run] { FinishRun(run); }, /*urgent=*/true)) {
    End(run, absl::CancelledError("shutting down"));
  }
}

void Runner::FinishRun(const std::shared_ptr<OpenRun>& run) {
  End(run, pipeline_.Finish(run->state, *run->stop));
}

void Runner::PublishState(const OpenRun& run, TaskState state, const std::string& message) {
  ProgressEvent event;
  event.task_id = run.state.claimed.task.id;
  event.state = state;
  // One that was handed back or is delayed goes on later.
  event.done = state == TaskState::kDone || state == TaskState::kDead || state == TaskState::kCancelled;
  event.run_id = run.state.plan.run_id;
  event.message = message;
  event.at = clock_();
  progress_.Publish(std::move(event));
}

TaskState Runner::Return(const OpenRun& run, const absl::Status& status, bool store_trouble) {
  const Lease& lease = run.state.claimed.lease;
  if (absl::IsCancelled(status) || store_trouble) {
    metrics_.runs_handed_back.Increment();
    const absl::Status released = store_.ReleaseTask(lease);
    // A lost lease is what cancelling leaves behind; an unreachable store lets the lease run out.
    if (!released.ok() && !absl::IsAborted(released)) {
      spdlog::warn("task {}: cannot be handed back now, its lease will run out: {}", lease.task_id,
                   released.ToString());
    }
    return absl::IsAborted(released) ? TaskState::kCancelled : TaskState::kWaiting;
  }
  metrics_.runs_failed.Increment();
  std::optional<absl::Duration> again;
  if (lease.attempt < options_.max_attempts) again = BackoffDelay(lease.attempt);
  const absl::Status failed = store_.FailTask(lease, std::string(status.message()), again);
  if (!failed.ok()) {
    spdlog::warn("task {}: its failure cannot be recorded, its lease will run out: {}", lease.task_id,
                 failed.ToString());
  }
  return again ? TaskState::kDelayed : TaskState::kDead;
}

void Runner::End(const std::shared_ptr<OpenRun>& run, const absl::Status& status) {
  const std::string& task_id = run->state.claimed.task.id;
  const Report& report = run->state.report;
  RunEnd end{KeyOfRun(run->state.claimed.lease),
             absl::IsUnavailable(status) || absl::IsResourceExhausted(status),
             status.ok() && report.sampled == 0};
  metrics_.run_seconds.Observe(absl::ToDoubleSeconds(clock_() - run->began));
  if (status.ok()) {
    metrics_.runs_committed.Increment();
    spdlog::info("run {} of task {} committed: {} episodes, {} clusters, {} gists, {} assertions, {} changes",
                 report.run_id, task_id, report.sampled, report.clusters, report.gists, report.assertions,
                 report.changes.size());
    PublishState(*run, TaskState::kDone, report.follow_up.empty() ? "" : "follow_up " + report.follow_up);
  } else if (absl::IsAborted(status) && absl::StrContains(status.message(), "lease lost")) {
    metrics_.runs_fenced.Increment();
    spdlog::warn("task {}: the lease is lost; nothing was written", task_id);
  } else {
    if (absl::IsCancelled(status) && run->stop->expired()) {
      metrics_.leases_lost.Increment();
      spdlog::warn("task {}: its lease could not be renewed in time; the run stopped", task_id);
    }
    const TaskState state = Return(*run, status, end.store_trouble);
    if (!absl::IsCancelled(status)) spdlog::warn("task {}: {}", task_id, status.ToString());
    if (state != TaskState::kCancelled) PublishState(*run, state, std::string(status.message()));
  }
  ended_(end);
}

}  // namespace slowwave
