// A fixed number of threads that run what they are given, urgent work first.
#ifndef SLOWWAVE_CORE_WORKER_POOL_H_
#define SLOWWAVE_CORE_WORKER_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace slowwave {

// Any thread may call any method but Stop, which no worker may call. Work must not throw.
class WorkerPool {
 public:
  using Work = std::function<void()>;
  explicit WorkerPool(int threads);
  ~WorkerPool();
  // Returns false, and drops the work, once Stop was called.
  bool Submit(Work work, bool urgent);
  // Runs what was submitted, then joins. Idempotent.
  void Stop();

 private:
  void Loop();
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return stopping_ || !urgent_.empty() || !normal_.empty();
  }

  absl::Mutex mu_;
  std::deque<Work> urgent_ ABSL_GUARDED_BY(mu_), normal_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;  // last: they use everything above
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_WORKER_POOL_H_
