// Time, injected so that tests decide it.
#ifndef SLOWWAVE_CORE_CLOCK_H_
#define SLOWWAVE_CORE_CLOCK_H_

#include <time.h>

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace slowwave {

// The time of day. Any thread.
using Clock = std::function<absl::Time()>;

inline Clock SystemClock() {
  return [] { return absl::Now(); };
}

// Time since some start, which nobody sets: only differences mean something. Any thread.
using SteadyClock = std::function<absl::Duration()>;

// Goes on while the machine sleeps, as leases do.
inline SteadyClock SystemSteadyClock() {
  return [] {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return absl::DurationFromTimespec(now);
  };
}

// For whoever dates things by the one and times them by the other.
struct Clocks {
  Clock now = SystemClock();
  SteadyClock steady = SystemSteadyClock();
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_CLOCK_H_
