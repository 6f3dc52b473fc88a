#include "core/engine.h"

#include <spdlog/spdlog.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "core/pipeline.h"
#include "core/report.h"
#include "core/runner.h"
#include "core/scheduler.h"
#include "core/task_queue.h"
#include "core/token_budget.h"
#include "core/worker_pool.h"

namespace slowwave {
namespace {

SchedulerOptions SchedulerOptionsOf(const EngineOptions& o) {
  SchedulerOptions out;
  out.owner = o.owner;
  out.max_open_runs = o.max_open_runs;
  out.max_open_bytes = o.max_open_bytes;
  out.workers = out.max_waiting = o.workers;
  out.lease = o.lease;
  out.max_attempts = o.max_attempts;
  out.sweep = o.sweep;
  return out;
}

PipelineOptions PipelineOptionsOf(const EngineOptions& o, TenantTokens* tenant_tokens) {
  PipelineOptions out;
  out.episode_limit = o.episode_limit;
  out.chunk_budget = o.chunk_budget;
  out.min_importance = o.min_importance;
  out.min_confidence = o.min_confidence;
  out.min_cluster_size = o.min_cluster_size;
  out.max_clusters = o.max_clusters;
  out.similarity_threshold = o.similarity_threshold;
  out.exchange_retention = o.exchange_retention;
  out.run_tokens = o.run_tokens;
  out.tenant_tokens = tenant_tokens;
  out.prompt_price = o.prompt_price;
  out.completion_price = o.completion_price;
  out.embedding_price = o.embedding_price;
  return out;
}

}  // namespace

// Members are in order of lifetime: what runs threads comes last.
struct Engine::Impl {
  Impl(EngineOptions o, Store& s, prometheus::Registry& registry, Extractor* given, Embedder* embedder)
      : options(std::move(o)),
        store(s),
        metrics(registry),
        extractor(given != nullptr ? *given : builtin),
        tenant_tokens(options.tenant_tokens_per_day > 0
                          ? std::make_unique<TenantTokens>(s, options.tenant_tokens_per_day,
                                                           SystemSteadyClock(), &metrics)
                          : nullptr),
        pipeline(PipelineOptionsOf(options, tenant_tokens.get()), store, extractor, progress, metrics, {}),
        guard(io.get_executor()),
        scheduler(
            SchedulerOptionsOf(options), io.get_executor(), store_calls.get_executor(), store, metrics,
            [this](ClaimedTask task, StopFlag stop) { Queue(std::move(task), std::move(stop)); },
            {IdleReport(extractor.name()), [this](const std::vector<IdleTask>& tasks) { Finished(tasks); }}),
        pool(options.workers),
        runner(
            {options.max_attempts}, store, pipeline, embedder, extractor, progress, metrics, pool, {},
            [this](const RunEnd& end) { Ended(end); },
            [this](const RunKey& run, int64_t bytes) { scheduler.Parked(run, bytes); }) {
    extractor.PostTo(
        [this](std::function<void()> work) { return pool.Submit(std::move(work), /*urgent=*/true); });
  }

  // On the strand. A worker that gets free takes the best task then waiting, which may be another than this
  // one.
  void Queue(ClaimedTask task, StopFlag stop) {
    {
      absl::MutexLock lock(&mu);
      ++open;
      stops[KeyOfRun(task.lease)] = std::move(stop);
    }
    queue.Push(std::move(task));
    metrics.tasks_queued.Set(static_cast<double>(queue.size()));
    if (!pool.Submit([this] { StartNext(); }, /*urgent=*/false)) HandBackQueued();
  }

  void StartNext() {
    std::optional<ClaimedTask> task = queue.Pop();
    metrics.tasks_queued.Set(static_cast<double>(queue.size()));
    if (!task) return;
    StopFlag stop;
    {
      absl::MutexLock lock(&mu);
      stop = stops.at(KeyOfRun(task->lease));
    }
    runner.Begin(*std::move(task), std::move(stop));
  }

  void Ended(const RunEnd& end) {
    scheduler.Ended(end);
    absl::MutexLock lock(&mu);
    stops.erase(end.run);
    --open;
  }

  // Without a run of their own: see Scheduler.
  void Finished(const std::vector<IdleTask>& tasks) {
    for (const IdleTask& idle : tasks) {
      ProgressEvent event;
      event.task_id = event.run_id = idle.task_id;
      event.state = TaskState::kDone;
      event.done = true;
      event.at = absl::Now();
      progress.Publish(std::move(event));
    }
    metrics.runs_committed.Increment(static_cast<double>(tasks.size()));
  }

  void HandBackQueued() {
    for (const ClaimedTask& task : queue.Drain()) {
      const absl::Status released = store.ReleaseTask(task.lease);
      if (!released.ok()) {
        spdlog::warn("task {}: cannot be handed back, its lease will run out: {}", task.task.id,
                     released.ToString());
      }
      metrics.runs_handed_back.Increment();
      Ended({KeyOfRun(task.lease), false});
    }
  }

  bool NothingOpen() const ABSL_SHARED_LOCKS_REQUIRED(mu) { return open == 0; }

  const EngineOptions options;
  Store& store;
  EngineMetrics metrics;
  ProgressHub progress;
  BuiltinExtractor builtin;
  Extractor& extractor;
  const std::unique_ptr<TenantTokens> tenant_tokens;
  Pipeline pipeline;
  TaskQueue queue;
  absl::Mutex mu;
  int open ABSL_GUARDED_BY(mu) = 0;  // claimed and not ended
  std::map<RunKey, StopFlag> stops ABSL_GUARDED_BY(mu);
  bool started = false, stopped = false;  // Start and Stop are called by the owner's thread
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard;
  // A claim, a renewal, a sweep and two batches of idle tasks never wait for one another.
  boost::asio::thread_pool store_calls{5};
  Scheduler scheduler;
  WorkerPool pool;
  Runner runner;
  std::thread io_thread;
};

Engine::Engine(EngineOptions options, Store& store, prometheus::Registry& metrics, Extractor* extractor,
               Embedder* embedder)
    : impl_(std::make_unique<Impl>(std::move(options), store, metrics, extractor, embedder)) {}

Engine::~Engine() { Stop(absl::ZeroDuration()); }

absl::Status Engine::Start() {
  if (impl_->options.sole_owner) {
    absl::StatusOr<RescueResult> leftovers =
        impl_->store.RescueTasks(impl_->options.max_attempts, /*all_running=*/true);
    if (!leftovers.ok()) return leftovers.status();
    if (leftovers->ready > 0) {
      spdlog::info("took back {} tasks that an earlier process left running", leftovers->ready);
    }
  }
  impl_->started = true;
  impl_->io_thread = std::thread([this] { impl_->io.run(); });
  impl_->scheduler.Start();
  impl_->store.OnWork([scheduler = &impl_->scheduler] { scheduler->Wake(); });
  return absl::OkStatus();
}

void Engine::Stop(absl::Duration grace) {
  if (!impl_ || impl_->stopped) return;
  impl_->stopped = true;
  if (impl_->started) {
    impl_->store.OnWork(nullptr);
    impl_->scheduler.Drain();
    impl_->HandBackQueued();
    boost::asio::steady_timer patience(impl_->io, absl::ToChronoNanoseconds(grace));
    patience.async_wait([scheduler = &impl_->scheduler](const boost::system::error_code& cancelled) {
      if (!cancelled) scheduler->StopAllRuns();
    });
    absl::MutexLock lock(&impl_->mu);
    impl_->mu.Await(absl::Condition(impl_.get(), &Impl::NothingOpen));
  }
  impl_->pool.Stop();
  if (impl_->tenant_tokens != nullptr) {
    const absl::Status returned = impl_->tenant_tokens->ReturnAll();
    if (!returned.ok()) {
      spdlog::warn("tokens that were drawn and not used count as spent: {}", returned.ToString());
    }
  }
  impl_->scheduler.Stop();
  impl_->store_calls.join();
  impl_->guard.reset();
  if (impl_->io_thread.joinable()) impl_->io_thread.join();
}

void Engine::Wake() { impl_->scheduler.Wake(); }

void Engine::Fired(int conditions) {
  if (conditions == 0) return;
  impl_->metrics.triggers_fired.Increment(conditions);
  Wake();
}

void Engine::Retried(const std::string& task_id) {
  impl_->progress.Forget(task_id);
  Wake();
}

void Engine::Cancelled(const std::string& task_id) {
  impl_->scheduler.StopRun(task_id);
  ProgressEvent event;
  event.task_id = task_id;
  event.state = TaskState::kCancelled;
  event.done = true;
  event.at = absl::Now();
  impl_->progress.Publish(std::move(event));
}

ProgressHub& Engine::progress() { return impl_->progress; }

}  // namespace slowwave
