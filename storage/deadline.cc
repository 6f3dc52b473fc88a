#include "storage/deadline.h"

#include <algorithm>

namespace slowwave {
namespace {

constexpr absl::Duration kLongest = absl::Hours(24 * 365);

// A mutex as the standard library's condition variables want one. It is held when they get it and when they
// return.
class Lockable {
 public:
  explicit Lockable(absl::Mutex& mu) : mu_(mu) {}
  void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mu_.Lock(); }
  void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mu_.Unlock(); }

 private:
  absl::Mutex& mu_;
};

}  // namespace

Deadline Deadline::After(absl::Duration wait) {
  const absl::Duration bounded = std::clamp(wait, -kLongest, kLongest);
  return Deadline(std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(bounded));
}

absl::Duration Deadline::left() const { return absl::FromChrono(time_ - std::chrono::steady_clock::now()); }

absl::Duration Stopwatch::elapsed() const {
  return absl::FromChrono(std::chrono::steady_clock::now() - began_);
}

bool SteadyCondVar::WaitUntil(absl::Mutex& mu, Deadline deadline) {
  Lockable held(mu);
  return changed_.wait_until(held, deadline.time()) == std::cv_status::no_timeout;
}

}  // namespace slowwave
