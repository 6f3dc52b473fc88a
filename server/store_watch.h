// Looks every so often whether the store answers, and tells when that changes.
#ifndef SLOWWAVE_SERVER_STORE_WATCH_H_
#define SLOWWAVE_SERVER_STORE_WATCH_H_

#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/periodic.h"

namespace slowwave {

class StoreWatch {
 public:
  // `ping` has a deadline of its own; `changed` gets whether it went well. Both are called by one thread at a
  // time.
  StoreWatch(std::function<absl::Status()> ping, absl::Duration every);
  ~StoreWatch();
  // Looks once, on this thread, then goes on by itself. `changed` is told of the first look and of every
  // change.
  void Start(std::function<void(bool)> changed);
  // `changed` is not called after it. Idempotent, and safe before Start.
  void Stop();
  // Of the last look. Any thread.
  absl::Status status() const;

 private:
  void Look();

  const std::function<absl::Status()> ping_;
  const absl::Duration every_;
  std::function<void(bool)> changed_;  // set before the thread starts
  mutable absl::Mutex mu_;
  absl::Status status_ ABSL_GUARDED_BY(mu_) = absl::UnavailableError("nobody has looked yet");
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  Periodic looks_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_STORE_WATCH_H_
