// Claims ready tasks, keeps their leases, and looks for what has come due: schedules, cooldowns that have
// ended, leases that have run out, delays that are over. Owns no threads.
//
// Public methods: any thread; they post to `strand_` and return at once.
// Private methods: on `strand_` only, and assert it where they are entered from outside. No locks here.
// The store is called on `store_calls`, at most one claim, one renewal, one sweep and two batches of idle
// tasks at a time: with five threads a store that is slow to answer keeps none of the others waiting, and the
// strand never waits at all. Call Stop() and let both executors run until they are idle before destruction.
#ifndef SLOWWAVE_CORE_SCHEDULER_H_
#define SLOWWAVE_CORE_SCHEDULER_H_

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/strand.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/metrics.h"
#include "core/run_stop.h"
#include "core/runner.h"
#include "core/timer.h"
#include "storage/store.h"

namespace slowwave {

struct SchedulerOptions {
  std::string owner;
  int max_open_runs = 64;
  // While those that wait for an endpoint hold as much, no more is claimed beside them. What workers are at
  // comes on top.
  int64_t max_open_bytes = int64_t{96} << 20;
  // Claimed beyond what workers are at, so that none waits for a claim. What waits for an endpoint counts
  // only as open.
  int max_waiting = 4;
  int workers = 2;
  absl::Duration lease = absl::Seconds(30);
  int max_attempts = 5;
  absl::Duration sweep = absl::Seconds(1);              // between two looks for what has come due
  absl::Duration vain_pause = absl::Milliseconds(10);   // between two claims, where wake-ups bring nothing
  absl::Duration idle_pause = absl::Milliseconds(100);  // the same, of idle users' tasks beside bulk
  int sweep_users = 500;                                // a transaction
  absl::Duration count = absl::Seconds(5);              // between two countings of the queue, at a sweep
  int count_limit = 10'000;                             // of a kind
  int idle_tasks = 500;                                 // finished in bulk, a transaction; 0: never
};

// What a scheduler does with the tasks of users that have nothing pending.
struct IdlePolicy {
  std::string report;  // of each: see IdleReport in report.h
  // Called on the strand; must not block.
  std::function<void(const std::vector<IdleTask>&)> finished;
};

class Scheduler {
 public:
  // `start` is called on the strand for each claimed task; it must not block. Where more tasks wait than can
  // be claimed those of idle users are finished in bulk.
  Scheduler(SchedulerOptions options, const boost::asio::any_io_executor& executor,
            boost::asio::any_io_executor store_calls, Store& store, EngineMetrics& metrics,
            std::function<void(ClaimedTask, StopFlag)> start, IdlePolicy idle,
            const TimerFactory& timers = SystemTimers(), SteadyClock clock = SystemSteadyClock());

  void Start();
  void Wake();
  // The run waits for an endpoint and holds no worker, but so many bytes: another may be begun beside it.
  // Again: it holds so many now. In vain once it has ended.
  void Parked(const RunKey& run, int64_t bytes);
  void Ended(const RunEnd& end);
  // The run of this task stops at its next stage boundary.
  void StopRun(const std::string& task_id);
  // Claims nothing more; leases of open runs are still renewed. What a claim under way brings is stopped at
  // once.
  void Drain();
  // Every open run stops at its next stage boundary.
  void StopAllRuns();
  // Ends the timers. Nothing is renewed after it.
  void Stop();

 private:
  struct Held {
    Lease lease;
    StopFlag stop;
    bool parked = false;
    int64_t bytes = 0;  // if parked
  };
  void Claim();
  // No claim until then, but for what lifts it.
  void HoldClaims(absl::Duration until);
  // Claims whatever was held back.
  void ClaimNow();
  void ShowHeld();
  void Claimed(int room, absl::Duration sent, absl::StatusOr<std::vector<ClaimedTask>> claimed);
  void FinishIdle();
  void Sweep();
  void Swept(const absl::StatusOr<RescueResult>& rescued, const absl::StatusOr<SweepResult>& swept);
  void CountQueue();  // on `store_calls_`
  void ArmSweep();
  void ArmRenewal();
  void LookAtLeases();
  void Renew(const std::vector<Held>& due);  // on `store_calls_`
  void Troubled();
  // How long after a claim or renewal was sent its lease is relied on.
  absl::Duration HoldFor() const { return options_.lease - options_.lease / 6; }

  static constexpr int kIdleBatches = 2;
  // A wake-up that finds nothing may have come too early; more of them in a row are of a paused tenant, or
  // for another process.
  static constexpr int kVainWakes = 2;

  const SchedulerOptions options_;
  Store& store_;
  EngineMetrics& metrics_;
  const std::function<void(ClaimedTask, StopFlag)> start_;
  const IdlePolicy idle_;
  const SteadyClock clock_;
  boost::asio::any_io_executor store_calls_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;
  const std::unique_ptr<Timer> sweep_timer_, renewal_timer_, claim_timer_;  // strand_ only, as all below
  std::map<RunKey, Held> held_;
  int parked_ = 0;          // of them
  int64_t open_bytes_ = 0;  // of these
  bool draining_ = false, stopped_ = false;
  bool claiming_ = false, claim_again_ = false, sweeping_ = false, renewing_ = false;
  bool woken_ = false;        // since the last claim was sent
  bool claim_woken_ = false;  // the claim under way was asked for by a wake-up
  bool claim_waits_ = false;  // for `claim_timer_`
  int vain_wakes_ = 0;        // in a row
  int finishing_idle_ = 0;    // batches under way
  int troubles_ = 0;          // in a row
  absl::Duration hold_until_ = -absl::InfiniteDuration();
  absl::Duration rest_until_ = -absl::InfiniteDuration();
  absl::Duration idle_rest_until_ = -absl::InfiniteDuration();
  absl::Duration next_count_ = -absl::InfiniteDuration();
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_SCHEDULER_H_
