// A few threads for work that may block (the store), so that gRPC's own threads never do.
#ifndef SLOWWAVE_SERVER_EXECUTOR_H_
#define SLOWWAVE_SERVER_EXECUTOR_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace slowwave {

// Runs work in order of arrival on `threads` threads. Any thread may call any method but Stop and the
// destructor.
class Executor {
 public:
  // `max_waiting`: how much TrySubmit lets wait.
  Executor(int threads, size_t max_waiting);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // For new calls. False, and nothing happens, if too much waits or the executor stops.
  [[nodiscard]] bool TrySubmit(std::function<void()> work);
  // For calls under way, which are bounded by their own number. Runs it even while stopping.
  void Submit(std::function<void()> work);
  // Runs what waits, then joins. Idempotent. Nobody may submit afterwards.
  void Stop();

 private:
  void Loop();

  const size_t max_waiting_;
  absl::Mutex mu_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_EXECUTOR_H_
