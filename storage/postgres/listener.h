// Wake-ups from other processes: LISTEN and NOTIFY on a connection of their own.
//
// They only make a wake-up faster; who misses one looks again within a second. A direct connection is needed:
// a pooler in transaction mode keeps no session that could listen.
#ifndef SLOWWAVE_STORAGE_POSTGRES_LISTENER_H_
#define SLOWWAVE_STORAGE_POSTGRES_LISTENER_H_

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace slowwave::postgres {

// Any thread.
class Listener {
 public:
  // `url` empty: it does nothing.
  explicit Listener(std::string url);
  ~Listener();

  // `wake` is called from the listener's thread; null ends that, and waits for a call under way.
  void Start(std::function<void()> wake);
  // There is new work: tells the others, a few times a second at most.
  void Announce();

 private:
  void Loop();
  bool stopping() {
    absl::MutexLock lock(&mu_);
    return stopping_;
  }
  void Stop();

  const std::string url_;
  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = true;  // or not started
  bool announce_ ABSL_GUARDED_BY(mu_) = false;
  int wake_pipe_[2] = {-1, -1};
  std::function<void()> wake_;  // set before the thread starts
  std::thread thread_;
};

}  // namespace slowwave::postgres

#endif  // SLOWWAVE_STORAGE_POSTGRES_LISTENER_H_
