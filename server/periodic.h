// Does something every so often, on a thread of its own.
#ifndef SLOWWAVE_SERVER_PERIODIC_H_
#define SLOWWAVE_SERVER_PERIODIC_H_

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/deadline.h"

namespace slowwave {

class Periodic {
 public:
  Periodic() = default;
  ~Periodic() { Stop(); }
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

  // `act` is called when `every` has passed, and then whenever it has passed since the last call ended. Start
  // is called once, by the thread that calls Stop.
  void Start(absl::Duration every, std::function<void()> act);
  // Waits until `act` is not under way; it is not called after that. Idempotent, and safe before Start. Not
  // from `act`.
  void Stop();

 private:
  void Run();

  absl::Duration every_;
  std::function<void()> act_;
  absl::Mutex mu_;
  SteadyCondVar stopped_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_PERIODIC_H_
