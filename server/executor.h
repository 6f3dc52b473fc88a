// A few threads for work that may block (the store), so that gRPC's own threads never do.
#ifndef SLOWWAVE_SERVER_EXECUTOR_H_
#define SLOWWAVE_SERVER_EXECUTOR_H_

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <unordered_map>
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

  // For new calls. False, and nothing happens, if too much waits or the executor stops. `of`: whose it is, so
  // that nobody's takes more than half of the room, and others always find some; empty: nobody's.
  [[nodiscard]] bool TrySubmit(std::function<void()> work, const std::string& of = "");
  // For calls under way, which are bounded by their own number. Runs it even while stopping.
  void Submit(std::function<void()> work);
  // Runs what waits, then joins. Idempotent. Nobody may submit afterwards.
  void Stop();

 private:
  struct Waiting {
    std::function<void()> work;
    std::string of;
  };
  void Loop();
  std::function<void()> Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t max_waiting_;
  absl::Mutex mu_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mu_);
  std::unordered_map<std::string, size_t> waiting_of_ ABSL_GUARDED_BY(mu_);  // those that wait, by whose
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_EXECUTOR_H_
