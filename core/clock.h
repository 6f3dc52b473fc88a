// The time of day, injected so that tests decide it.
#ifndef SLOWWAVE_CORE_CLOCK_H_
#define SLOWWAVE_CORE_CLOCK_H_

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace slowwave {

// Any thread.
using Clock = std::function<absl::Time()>;

inline Clock SystemClock() {
  return [] { return absl::Now(); };
}

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_CLOCK_H_
