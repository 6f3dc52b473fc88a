// Claims ready tasks, keeps their leases, and rescues what was left behind. Owns no threads.
//
// Public methods: any thread; they post to `strand_` and return at once.
// Private methods: on `strand_` only. No locks here.
// Call Stop() and let the executor run until it is idle before destruction.
#ifndef SLOWWAVE_CORE_SCHEDULER_H_
#define SLOWWAVE_CORE_SCHEDULER_H_

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <functional>
#include <map>
#include <string>

#include "core/metrics.h"
#include "core/runner.h"
#include "storage/store.h"

namespace slowwave {

struct SchedulerOptions {
  std::string owner;
  int max_open_runs = 64;
  int max_waiting = 4;  // claimed beyond what runs, so that a worker never waits for a claim
  int workers = 2;
  absl::Duration lease = absl::Seconds(30);
  int max_attempts = 5;
  absl::Duration sweep = absl::Seconds(1);  // between two looks for expired leases and delays that are over
};

class Scheduler {
 public:
  // `start` is called on the strand for each claimed task; it must not block.
  Scheduler(SchedulerOptions options, const boost::asio::any_io_executor& executor, Store& store,
            EngineMetrics& metrics, std::function<void(ClaimedTask, StopFlag)> start);

  void Start();
  void Wake();
  void Ended(const RunEnd& end);
  // The run of this task stops at its next stage boundary.
  void StopRun(const std::string& task_id);
  // Claims nothing more; leases of open runs are still renewed.
  void Drain();
  // Every open run stops at its next stage boundary.
  void StopAllRuns();
  // Ends the timers. Nothing is renewed after it.
  void Stop();

 private:
  struct Held {
    Lease lease;
    StopFlag stop;
  };
  void Claim();
  void Sweep();
  void ArmSweep();
  void ArmRenewal();
  void RenewAll();
  void Troubled();

  const SchedulerOptions options_;
  Store& store_;
  EngineMetrics& metrics_;
  const std::function<void(ClaimedTask, StopFlag)> start_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::steady_timer sweep_timer_, renewal_timer_;
  std::map<RunKey, Held> held_;  // strand_ only, as all below
  bool draining_ = false, stopped_ = false;
  int troubles_ = 0;  // in a row
  absl::Time claim_after_ = absl::InfinitePast();
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_SCHEDULER_H_
