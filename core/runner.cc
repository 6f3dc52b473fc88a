#include "core/runner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "core/digest.h"
#include "core/failpoint.h"
#include "core/log_fields.h"
#include "core/retry.h"
#include "core/trace.h"

namespace slowwave {

namespace {

void AddReply(const ChunkReply& reply, Report& report) {
  report.calls += reply.calls;
  report.prompt_tokens += reply.prompt_tokens;
  report.completion_tokens += reply.completion_tokens;
  report.retries += reply.retries;
  for (const auto& [word, count] : reply.outcomes) report.outcomes[word] += count;
}

}  // namespace

struct Runner::OpenRun {
  RunState state;
  StopFlag stop;
  LogFields log;
  absl::Duration began;
  absl::Mutex mu;
  size_t unanswered ABSL_GUARDED_BY(mu) = 0;
  bool asked ABSL_GUARDED_BY(mu) = false;            // all questions are out; before, a worker is at it
  int64_t bytes ABSL_GUARDED_BY(mu) = 0;             // held while it waits for replies
  std::vector<Exchange> unkept ABSL_GUARDED_BY(mu);  // answered, not yet stored
  bool keeping ABSL_GUARDED_BY(mu) = false;          // KeepReplies is under way or submitted
  absl::Status kept ABSL_GUARDED_BY(mu);             // the failure to store that ends it
};

Runner::Runner(RunnerOptions options, Store& store, Pipeline& pipeline, Embedder* embedder,
               Extractor& extractor, ProgressHub& progress, EngineMetrics& metrics, WorkerPool& pool,
               Clocks clocks, std::function<void(const RunEnd&)> ended,
               std::function<void(const RunKey&, int64_t bytes)> parked)
    : options_(options),
      store_(store),
      pipeline_(pipeline),
      embedder_(embedder),
      extractor_(extractor),
      progress_(progress),
      metrics_(metrics),
      pool_(pool),
      clocks_(std::move(clocks)),
      ended_(std::move(ended)),
      parked_(std::move(parked)) {}

void Runner::Begin(ClaimedTask task, StopFlag stop) {
  auto run = std::make_shared<OpenRun>();
  run->state.claimed = std::move(task);
  run->stop = std::move(stop);
  run->began = clocks_.steady();
  const TraceContext trace = TraceOf(run->state.claimed.task);
  run->log = {run->state.claimed.task.id, "", trace.trace_id, NewSpanId()};
  run->state.traceparent = Traceparent(trace, run->log.span_id);
  const LogScope scope(run->log);
  PublishState(*run, TaskState::kRunning, "");
  absl::Status prepared = pipeline_.Prepare(run->state, *run->stop);
  run->log.run_id = run->state.plan.run_id;
  if (!prepared.ok()) return End(run, prepared);
  EmbedRequest request;
  if (embedder_ != nullptr) request.texts = pipeline_.TextsToEmbed(run->state);
  if (request.texts.empty()) return MakeChunks(run);
  request.stop = run->stop;
  request.traceparent = run->state.traceparent;
  // What the request repeats is freed when it has been answered.
  int64_t bytes = BytesOf(run->state);
  for (const std::string& text : request.texts) bytes += static_cast<int64_t>(text.size());
  parked_(KeyOfRun(run->state.claimed.lease), bytes);
  embedder_->Embed(std::move(request), [this, run](EmbedReply reply) {
    const auto shared = std::make_shared<EmbedReply>(std::move(reply));
    const auto go_on = [this, run, shared] {
      const LogScope of_run(run->log);
      const absl::Status taken = pipeline_.TakeEmbeddings(run->state, std::move(*shared), embedder_->model());
      taken.ok() ? MakeChunks(run) : End(run, taken);
    };
    if (!pool_.Submit(go_on, /*urgent=*/true)) End(run, absl::CancelledError("shutting down"));
  });
}

void Runner::MakeChunks(const std::shared_ptr<OpenRun>& run) {
  if (absl::Status s = pipeline_.MakeChunks(run->state, *run->stop); !s.ok()) return End(run, s);
  const size_t chunks = run->state.chunks.size();
  std::vector<bool> recalled = run->state.recalled;
  const auto known = static_cast<size_t>(std::count(recalled.begin(), recalled.end(), true));
  for (const ChunkReply& reply : run->state.replies) AddReply(reply, run->state.report);
  if (known == chunks) return FinishRun(run);
  {
    absl::MutexLock lock(&run->mu);
    run->unanswered = chunks - known;
    run->bytes = BytesOf(run->state);
  }
  for (size_t i = 0; i < chunks; ++i) {
    if (recalled[i]) continue;
    extractor_.Extract(run->state.chunks[i], run->stop,
                       [this, run, i](ChunkReply reply) { Extracted(run, i, std::move(reply)); });
  }
  const RunKey key = KeyOfRun(run->state.claimed.lease);
  absl::MutexLock lock(&run->mu);
  run->asked = true;
  if (run->unanswered > 0) parked_(key, run->bytes);
}

void Runner::Extracted(const std::shared_ptr<OpenRun>& run, size_t chunk, ChunkReply reply) {
  const LogScope scope(run->log);
  // As an extractor that got no answer about this chunk, whatever the others get.
  if (absl::Status s = Failpoint("after_chunk"); !s.ok())
    reply.status = absl::DeadlineExceededError(s.message());
  const std::string digest = reply.journal.empty() ? "" : Sha256Hex(reply.journal);
  {
    absl::MutexLock lock(&run->mu);
    RunState& state = run->state;
    AddReply(reply, state.report);
    state.digests[chunk] = digest;
    // An answer too long to be kept is used all the same: a later attempt pays for it again.
    if (!reply.journal.empty() && reply.journal.size() <= kMaxReplyBytes && !state.questions[chunk].empty()) {
      run->unkept.push_back({state.questions[chunk], std::move(reply.journal), extractor_.model(),
                             reply.prompt_tokens, reply.completion_tokens});
    }
    Free(reply.journal);
    run->bytes += BytesOf(reply) - BytesOfQuestion(state.chunks[chunk]);
    state.replies[chunk] = std::move(reply);
    if (--run->unanswered > 0 && run->asked) parked_(KeyOfRun(state.claimed.lease), run->bytes);
    if (run->keeping || (run->unkept.empty() && run->unanswered > 0)) return;
    run->keeping = true;
  }
  // Ahead of new starts: what is open is finished before more is opened.
  if (!pool_.Submit([this, run] { KeepReplies(run); }, /*urgent=*/true)) {
    End(run, absl::CancelledError("shutting down"));
  }
}

void Runner::KeepReplies(const std::shared_ptr<OpenRun>& run) {
  const LogScope scope(run->log);
  for (;;) {
    std::vector<Exchange> batch;
    {
      absl::MutexLock lock(&run->mu);
      if (run->unkept.empty() || !run->kept.ok()) {
        run->keeping = false;
        if (run->unanswered > 0) return;
        break;
      }
      size_t bytes = 0, count = 0;
      for (; count < std::min(run->unkept.size(), kMaxExchanges); ++count) {
        bytes += run->unkept[count].reply.size();
        if (count > 0 && bytes > kMaxRepliesBytes) break;
      }
      const auto end = run->unkept.begin() + static_cast<std::ptrdiff_t>(count);
      batch.assign(std::make_move_iterator(run->unkept.begin()), std::make_move_iterator(end));
      run->unkept.erase(run->unkept.begin(), end);
    }
    absl::Status kept = pipeline_.Keep(run->state, batch);
    if (kept.ok()) continue;
    absl::MutexLock lock(&run->mu);
    if (absl::IsAborted(kept) || run->unanswered == 0) {
      run->kept.Update(kept);
      continue;
    }
    // They are paid for, and the store may be back by the next answer.
    spdlog::warn("task {}: replies cannot be stored now: {}", run->state.claimed.task.id, kept.ToString());
    run->unkept.insert(run->unkept.begin(), std::make_move_iterator(batch.begin()),
                       std::make_move_iterator(batch.end()));
    run->keeping = false;
    return;
  }
  FinishRun(run);
}

void Runner::FinishRun(const std::shared_ptr<OpenRun>& run) {
  absl::Status kept;
  {
    absl::MutexLock lock(&run->mu);
    kept = run->kept;
  }
  if (!kept.ok()) return End(run, kept);
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
  event.at = clocks_.now();
  progress_.Publish(std::move(event));
}

TaskState Runner::Return(const OpenRun& run, const absl::Status& status, bool store_trouble) {
  const Lease& lease = run.state.claimed.lease;
  if (run.state.postponed) {
    metrics_.runs_handed_back.Increment();
    const absl::Status postponed =
        store_.PostponeTask(lease, std::string(status.message()), *run.state.postponed);
    if (!postponed.ok() && !absl::IsAborted(postponed)) {
      spdlog::warn("task {}: cannot be postponed now, its lease will run out: {}", lease.task_id,
                   postponed.ToString());
    }
    return absl::IsAborted(postponed) ? TaskState::kCancelled : TaskState::kDelayed;
  }
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
  if (again) return TaskState::kDelayed;
  if (failed.ok()) metrics_.tasks_dead.Increment();
  return TaskState::kDead;
}

void Runner::End(const std::shared_ptr<OpenRun>& run, const absl::Status& status) {
  const LogScope scope(run->log);
  const std::string& task_id = run->state.claimed.task.id;
  const Report& report = run->state.report;
  RunEnd end{KeyOfRun(run->state.claimed.lease),
             absl::IsUnavailable(status) || absl::IsResourceExhausted(status),
             status.ok() && report.sampled == 0};
  metrics_.run_seconds.Observe(absl::ToDoubleSeconds(clocks_.steady() - run->began));
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
