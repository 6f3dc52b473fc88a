// Tells a run to stop at its next stage boundary: because somebody said so, or because the lease it works
// under may have run out. Any thread.
//
// The lease is counted here, by a clock that never jumps, from before the call that took or renewed it was
// sent; so a worker that is cut off from the store, or was frozen, stops before the store gives its task to
// another.
#ifndef SLOWWAVE_CORE_RUN_STOP_H_
#define SLOWWAVE_CORE_RUN_STOP_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "core/clock.h"

namespace slowwave {

class RunStop {
 public:
  // Never by itself.
  RunStop() = default;
  RunStop(SteadyClock clock, absl::Duration until) : clock_(std::move(clock)) { HoldUntil(until); }

  void Stop() { stopped_.store(true); }
  // By the clock. The later of this and what was said before.
  void HoldUntil(absl::Duration until) {
    const int64_t nanos = absl::ToInt64Nanoseconds(until);
    int64_t before = until_.load();
    while (before < nanos && !until_.compare_exchange_weak(before, nanos)) {
    }
  }
  absl::Duration until() const { return absl::Nanoseconds(until_.load()); }
  bool expired() const { return clock_ && clock_() >= until(); }
  bool stopped() const { return stopped_.load() || expired(); }

 private:
  const SteadyClock clock_;
  std::atomic<bool> stopped_ = false;
  std::atomic<int64_t> until_ = std::numeric_limits<int64_t>::min();
};

using StopFlag = std::shared_ptr<RunStop>;

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_RUN_STOP_H_
