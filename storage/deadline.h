// Waiting by the steady clock, which nobody sets. Abseil's timed waits (here of 2022) and deadlines in time
// of day are held up for an hour when the machine's clock is set back by one, and are over at once when it is
// set ahead.
#ifndef SLOWWAVE_STORAGE_DEADLINE_H_
#define SLOWWAVE_STORAGE_DEADLINE_H_

#include <chrono>
#include <compare>
#include <condition_variable>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace slowwave {

// Until when to wait. It stands still while the machine sleeps. Values of any thread.
class Deadline {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // That far from now; a year at most.
  static Deadline After(absl::Duration wait);
  auto operator<=>(const Deadline&) const = default;

  // Negative once it is over.
  absl::Duration left() const;
  bool over() const { return left() <= absl::ZeroDuration(); }
  Time time() const { return time_; }

 private:
  explicit Deadline(Time time) : time_(time) {}
  Time time_;
};

// How long something has been going on.
class Stopwatch {
 public:
  absl::Duration elapsed() const;

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

// A condition variable beside an absl::Mutex, under which what is waited for changes. Notifying needs no
// lock, and is any thread's. Outlives its waits.
class SteadyCondVar {
 public:
  // Waits, `mu` being free meanwhile, until `holds()` or the deadline; whether it holds. Who makes it hold
  // notifies.
  // (The analysis of locks cannot see that `holds` is about the same mutex, so that here it is off; callers
  // are checked.)
  template <typename Holds>
  bool Await(absl::Mutex& mu, Deadline deadline, const Holds& holds)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    while (!holds()) {
      if (!WaitUntil(mu, deadline)) return holds();
    }
    return true;
  }
  void NotifyOne() { changed_.notify_one(); }
  void NotifyAll() { changed_.notify_all(); }

 private:
  // False: the deadline is over.
  bool WaitUntil(absl::Mutex& mu, Deadline deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  std::condition_variable_any changed_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_DEADLINE_H_
