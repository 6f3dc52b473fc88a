// Counts the calls under way, so that a server can drain.
#ifndef SLOWWAVE_SERVER_CALL_GATE_H_
#define SLOWWAVE_SERVER_CALL_GATE_H_

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/deadline.h"

namespace slowwave {

// Any thread. Outlives every pass.
class CallGate {
 public:
  // A call's; counts while it lives.
  using Pass = std::shared_ptr<void>;

  // Null once the gate is closed.
  Pass Enter();
  void Close();
  // Whether all calls had ended by then.
  bool WaitIdle(absl::Duration timeout);

 private:
  absl::Mutex mu_;
  SteadyCondVar idle_;
  int64_t open_ ABSL_GUARDED_BY(mu_) = 0;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_CALL_GATE_H_
