// Something to be done later. An interface, so that tests decide when later is.
#ifndef SLOWWAVE_CORE_TIMER_H_
#define SLOWWAVE_CORE_TIMER_H_

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

#include "absl/time/time.h"

namespace slowwave {

// Used on one strand, on which `then` is called too. Destroyed timers call nothing.
class Timer {
 public:
  virtual ~Timer() = default;
  // Replaces what was armed before.
  virtual void Arm(absl::Duration after, std::function<void()> then) = 0;
  virtual void Cancel() = 0;
};

using TimerFactory = std::function<std::unique_ptr<Timer>(const boost::asio::any_io_executor& strand)>;

TimerFactory SystemTimers();

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_TIMER_H_
