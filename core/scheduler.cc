#include "core/scheduler.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>

#include "core/log_fields.h"
#include "core/retry.h"
#include "core/triggers.h"

namespace slowwave {

namespace asio = boost::asio;

Scheduler::Scheduler(SchedulerOptions options, const asio::any_io_executor& executor,
                     asio::any_io_executor store_calls, Store& store, EngineMetrics& metrics,
                     std::function<void(ClaimedTask, StopFlag)> start, IdlePolicy idle,
                     const TimerFactory& timers, SteadyClock clock)
    : options_(std::move(options)),
      store_(store),
      metrics_(metrics),
      start_(std::move(start)),
      idle_(std::move(idle)),
      clock_(std::move(clock)),
      store_calls_(std::move(store_calls)),
      strand_(asio::make_strand(executor)),
      sweep_timer_(timers(strand_)),
      renewal_timer_(timers(strand_)),
      claim_timer_(timers(strand_)) {}

void Scheduler::Start() {
  asio::post(strand_, [this] {
    Sweep();
    ArmRenewal();
  });
}

void Scheduler::Wake() {
  asio::post(strand_, [this] {
    woken_ = true;
    Claim();
  });
}

void Scheduler::Ended(const RunEnd& end) {
  asio::post(strand_, [this, end] {
    const auto held = held_.find(end.run);
    if (held != held_.end()) {
      if (held->second.parked) --parked_;
      open_bytes_ -= held->second.bytes;
      held_.erase(held);
    }
    ShowHeld();
    if (end.store_trouble) return Troubled();
    troubles_ = 0;
    // What bulk does for a fraction of the price is left to it; not all claims, lest others' tasks starve.
    if (end.idle && finishing_idle_ > 0) return HoldClaims(clock_() + options_.idle_pause);
    ClaimNow();
  });
}

void Scheduler::StopRun(const std::string& task_id) {
  asio::post(strand_, [this, task_id] {
    for (auto& [run, held] : held_) {
      if (held.lease.task_id == task_id) held.stop->Stop();
    }
  });
}

void Scheduler::Drain() {
  asio::post(strand_, [this] {
    draining_ = true;
    sweep_timer_->Cancel();
    claim_timer_->Cancel();
  });
}

void Scheduler::StopAllRuns() {
  asio::post(strand_, [this] {
    for (auto& [run, held] : held_) held.stop->Stop();
  });
}

void Scheduler::Stop() {
  asio::post(strand_, [this] {
    draining_ = stopped_ = true;
    sweep_timer_->Cancel();
    renewal_timer_->Cancel();
    claim_timer_->Cancel();
  });
}

void Scheduler::Parked(const RunKey& run, int64_t bytes) {
  asio::post(strand_, [this, run, bytes] {
    const auto held = held_.find(run);
    if (held == held_.end()) return;
    const bool was_full = open_bytes_ >= options_.max_open_bytes;
    open_bytes_ += bytes - std::exchange(held->second.bytes, bytes);
    ShowHeld();
    const bool was_parked = std::exchange(held->second.parked, true);
    if (!was_parked) ++parked_;
    if (!was_parked || was_full) Claim();
  });
}

void Scheduler::ShowHeld() {
  assert(strand_.running_in_this_thread());
  metrics_.runs_open.Set(static_cast<double>(held_.size()));
  metrics_.leases_held.Set(static_cast<double>(held_.size()));
  metrics_.runs_open_bytes.Set(static_cast<double>(open_bytes_));
}

void Scheduler::HoldClaims(absl::Duration until) {
  assert(strand_.running_in_this_thread());
  hold_until_ = std::max(hold_until_, until);
  Claim();
}

void Scheduler::ClaimNow() {
  assert(strand_.running_in_this_thread());
  hold_until_ = -absl::InfiniteDuration();
  if (std::exchange(claim_waits_, false)) claim_timer_->Cancel();
  Claim();
}

void Scheduler::Claim() {
  assert(strand_.running_in_this_thread());
  if (draining_ || clock_() < rest_until_) return;
  if (claiming_) {
    claim_again_ = true;  // what woke us may have come too late for the claim under way
    return;
  }
  if (const absl::Duration now = clock_(); now < hold_until_) {
    if (std::exchange(claim_waits_, true)) return;
    return claim_timer_->Arm(hold_until_ - now, [this] {
      claim_waits_ = false;
      Claim();
    });
  }
  if (parked_ > 0 && open_bytes_ >= options_.max_open_bytes) return;  // until one ends, or holds less
  const int open = static_cast<int>(held_.size());
  const int room =
      std::min(options_.max_open_runs - open, options_.workers + options_.max_waiting - (open - parked_));
  if (room <= 0) return;
  claiming_ = true;
  claim_woken_ = std::exchange(woken_, false);
  asio::post(store_calls_, [this, room] {
    const absl::Duration sent = clock_();
    auto claimed = store_.ClaimTasks(options_.owner, room, options_.lease);
    asio::post(strand_, [this, room, sent, claimed = std::move(claimed)]() mutable {
      Claimed(room, sent, std::move(claimed));
    });
  });
}

void Scheduler::Claimed(int room, absl::Duration sent, absl::StatusOr<std::vector<ClaimedTask>> claimed) {
  assert(strand_.running_in_this_thread());
  claiming_ = false;
  const bool again = std::exchange(claim_again_, false);
  if (!claimed.ok()) {
    spdlog::warn("claiming tasks: {}", claimed.status().ToString());
    return Troubled();
  }
  troubles_ = 0;
  if (static_cast<int>(claimed->size()) == room) FinishIdle();
  for (ClaimedTask& task : *claimed) {
    auto stop = std::make_shared<RunStop>(clock_, sent + HoldFor());
    if (draining_) stop->Stop();
    held_[KeyOfRun(task.lease)] = {task.lease, stop, false, 0};
    start_(std::move(task), std::move(stop));
  }
  ShowHeld();
  if (!claimed->empty()) {
    vain_wakes_ = 0;
  } else if (claim_woken_ && ++vain_wakes_ >= kVainWakes) {
    hold_until_ = std::max(hold_until_, clock_() + options_.vain_pause);
  }
  if (again) Claim();
}

// Only where there is more to do than workers: else claiming does, with less to ask.
void Scheduler::FinishIdle() {
  assert(strand_.running_in_this_thread());
  if (draining_ || finishing_idle_ >= kIdleBatches || options_.idle_tasks <= 0 ||
      clock_() < idle_rest_until_) {
    return;
  }
  ++finishing_idle_;
  asio::post(store_calls_, [this] {
    auto finished = store_.FinishIdleTasks(options_.idle_tasks, idle_.report);
    asio::post(strand_, [this, finished = std::move(finished)] {
      --finishing_idle_;
      if (!finished.ok()) {
        spdlog::warn("finishing idle tasks: {}", finished.status().ToString());
        return Troubled();
      }
      if (finished->empty()) {
        idle_rest_until_ = clock_() + options_.sweep;
      } else {
        idle_.finished(*finished);
        FinishIdle();
        // Where that was a whole batch there are more; one is prepared while the store writes another.
        if (static_cast<int>(finished->size()) == options_.idle_tasks) FinishIdle();
      }
      if (finishing_idle_ == 0) ClaimNow();
    });
  });
}

// Asking an ailing store again at once would only add to its load.
void Scheduler::Troubled() {
  assert(strand_.running_in_this_thread());
  ++troubles_;
  rest_until_ = clock_() + BackoffDelay(troubles_, absl::Milliseconds(500), absl::Seconds(2));
}

// Whether anything is due is for the store to say: its clock counts, not this machine's.
void Scheduler::Sweep() {
  assert(strand_.running_in_this_thread());
  if (draining_ || sweeping_) return;
  if (clock_() < rest_until_) return ArmSweep();
  sweeping_ = true;
  const bool count = clock_() >= next_count_;
  if (count) next_count_ = clock_() + options_.count;
  asio::post(store_calls_, [this, count] {
    absl::StatusOr<RescueResult> rescued = store_.RescueTasks(options_.max_attempts, /*all_running=*/false);
    absl::StatusOr<SweepResult> swept = SweepResult();
    if (rescued.ok()) swept = store_.SweepTriggers(RuleAtSweep, options_.sweep_users);
    if (count && rescued.ok() && swept.ok()) CountQueue();
    asio::post(strand_,
               [this, rescued = std::move(rescued), swept = std::move(swept)] { Swept(rescued, swept); });
  });
}

void Scheduler::CountQueue() {
  const absl::StatusOr<QueueCounts> counts = store_.CountQueue(options_.count_limit);
  if (!counts.ok()) return spdlog::warn("counting the queue: {}", counts.status().ToString());
  metrics_.queue_waiting.Set(static_cast<double>(counts->waiting));
  metrics_.queue_delayed.Set(static_cast<double>(counts->delayed));
  metrics_.queue_running.Set(static_cast<double>(counts->running));
  metrics_.queue_dead.Set(static_cast<double>(counts->dead));
  metrics_.queue_oldest_seconds.Set(
      absl::ToDoubleSeconds(counts->oldest_ready.value_or(absl::ZeroDuration())));
}

void Scheduler::Swept(const absl::StatusOr<RescueResult>& rescued, const absl::StatusOr<SweepResult>& swept) {
  assert(strand_.running_in_this_thread());
  sweeping_ = false;
  if (!rescued.ok() || !swept.ok()) {
    spdlog::warn("looking for what is due: {}",
                 (rescued.ok() ? swept.status() : rescued.status()).ToString());
    Troubled();
    return ArmSweep();
  }
  if (rescued->ready > 0) metrics_.tasks_rescued.Increment(rescued->ready);
  if (rescued->dead > 0) metrics_.tasks_dead.Increment(rescued->dead);
  if (swept->fired > 0) metrics_.triggers_fired.Increment(swept->fired);
  ClaimNow();
  if (swept->examined >= options_.sweep_users) return Sweep();
  ArmSweep();
}

void Scheduler::ArmSweep() {
  if (draining_) return;
  sweep_timer_->Arm(options_.sweep, [this] { Sweep(); });
}

void Scheduler::ArmRenewal() {
  if (stopped_) return;
  renewal_timer_->Arm(options_.lease / 6, [this] {
    LookAtLeases();
    ArmRenewal();
  });
}

// Each third of a lease it is renewed; a renewal that fails is tried again at the next look, each sixth.
void Scheduler::LookAtLeases() {
  assert(strand_.running_in_this_thread());
  const absl::Duration now = clock_();
  std::vector<Held> due;
  for (auto& [run, held] : held_) {
    if (held.stop->expired()) {
      held.stop->Stop();  // for good, even if a late renewal should succeed
    } else if (now - (held.stop->until() - HoldFor()) >= options_.lease / 4) {
      due.push_back(held);
    }
  }
  if (due.empty() || renewing_) return;
  renewing_ = true;
  asio::post(store_calls_, [this, due = std::move(due)] {
    Renew(due);
    asio::post(strand_, [this] { renewing_ = false; });
  });
}

void Scheduler::Renew(const std::vector<Held>& due) {
  for (const Held& held : due) {
    const LogFields of_task{.task_id = held.lease.task_id};
    const LogScope scope(of_task);
    const absl::Duration sent = clock_();
    const absl::Status renewed = store_.RenewLease(held.lease, options_.lease);
    if (renewed.ok()) {
      metrics_.leases_renewed.Increment();
      held.stop->HoldUntil(sent + HoldFor());
      continue;
    }
    spdlog::warn("task {}: renewing its lease: {}", held.lease.task_id, renewed.ToString());
    if (!absl::IsAborted(renewed)) return;  // it is the store that ails
    held.stop->Stop();
  }
}

}  // namespace slowwave
