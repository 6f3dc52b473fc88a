#include "core/scheduler.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>

#include "absl/time/clock.h"
#include "core/retry.h"

namespace slowwave {

namespace asio = boost::asio;

Scheduler::Scheduler(SchedulerOptions options, const asio::any_io_executor& executor, Store& store,
                     EngineMetrics& metrics, std::function<void(ClaimedTask, StopFlag)> start)
    : options_(std::move(options)),
      store_(store),
      metrics_(metrics),
      start_(std::move(start)),
      strand_(asio::make_strand(executor)),
      sweep_timer_(strand_),
      renewal_timer_(strand_) {}

void Scheduler::Start() {
  asio::post(strand_, [this] {
    Sweep();
    ArmRenewal();
  });
}

void Scheduler::Wake() {
  asio::post(strand_, [this] { Claim(); });
}

void Scheduler::Ended(const RunEnd& end) {
  asio::post(strand_, [this, end] {
    held_.erase(end.run);
    metrics_.runs_open.Set(static_cast<double>(held_.size()));
    if (end.store_trouble) return Troubled();
    troubles_ = 0;
    Claim();
  });
}

void Scheduler::StopRun(const std::string& task_id) {
  asio::post(strand_, [this, task_id] {
    for (auto& [run, held] : held_) {
      if (held.lease.task_id == task_id) held.stop->store(true);
    }
  });
}

void Scheduler::Drain() {
  asio::post(strand_, [this] {
    draining_ = true;
    sweep_timer_.cancel();
  });
}

void Scheduler::StopAllRuns() {
  asio::post(strand_, [this] {
    for (auto& [run, held] : held_) held.stop->store(true);
  });
}

void Scheduler::Stop() {
  asio::post(strand_, [this] {
    draining_ = stopped_ = true;
    sweep_timer_.cancel();
    renewal_timer_.cancel();
  });
}

void Scheduler::Claim() {
  assert(strand_.running_in_this_thread());
  if (draining_ || absl::Now() < claim_after_) return;
  const int room = std::min(options_.max_open_runs, options_.workers + options_.max_waiting) -
                   static_cast<int>(held_.size());
  if (room <= 0) return;
  absl::StatusOr<std::vector<ClaimedTask>> claimed = store_.ClaimTasks(options_.owner, room, options_.lease);
  if (!claimed.ok()) {
    spdlog::warn("claiming tasks: {}", claimed.status().ToString());
    return Troubled();
  }
  troubles_ = 0;
  for (ClaimedTask& task : *claimed) {
    auto stop = std::make_shared<std::atomic<bool>>(false);
    held_[KeyOfRun(task.lease)] = {task.lease, stop};
    start_(std::move(task), std::move(stop));
  }
  metrics_.runs_open.Set(static_cast<double>(held_.size()));
}

// Asking an ailing store again at once would only add to its load.
void Scheduler::Troubled() {
  assert(strand_.running_in_this_thread());
  ++troubles_;
  claim_after_ = absl::Now() + BackoffDelay(troubles_, absl::Milliseconds(500), absl::Seconds(10));
}

void Scheduler::Sweep() {
  assert(strand_.running_in_this_thread());
  if (draining_) return;
  if (absl::Now() >= claim_after_) {
    absl::StatusOr<absl::Time> due = store_.NextRescue();
    absl::StatusOr<int> rescued = 0;
    if (due.ok() && *due <= absl::Now())
      rescued = store_.RescueTasks(options_.max_attempts, /*all_running=*/false);
    if (!due.ok() || !rescued.ok()) {
      spdlog::warn("looking for tasks to rescue: {}",
                   (due.ok() ? rescued.status() : due.status()).ToString());
      Troubled();
    } else {
      if (*rescued > 0) metrics_.tasks_rescued.Increment(*rescued);
      Claim();
    }
  }
  ArmSweep();
}

void Scheduler::ArmSweep() {
  sweep_timer_.expires_after(absl::ToChronoMilliseconds(options_.sweep));
  sweep_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Sweep();
  });
}

void Scheduler::ArmRenewal() {
  if (stopped_) return;
  renewal_timer_.expires_after(absl::ToChronoMilliseconds(options_.lease / 3));
  renewal_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    RenewAll();
    ArmRenewal();
  });
}

void Scheduler::RenewAll() {
  assert(strand_.running_in_this_thread());
  for (auto& [run, held] : held_) {
    const absl::Status renewed = store_.RenewLease(held.lease, options_.lease);
    if (absl::IsAborted(renewed)) held.stop->store(true);
    if (!renewed.ok())
      spdlog::warn("task {}: renewing its lease: {}", held.lease.task_id, renewed.ToString());
  }
}

}  // namespace slowwave
