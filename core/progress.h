// Stage progress of running tasks, for watchers in this process.
#ifndef SLOWWAVE_CORE_PROGRESS_H_
#define SLOWWAVE_CORE_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/types.h"

namespace slowwave {

struct ProgressEvent {
  std::string task_id;
  TaskState state = TaskState::kUnspecified;
  std::string stage;  // empty: the task changed state; else sample, cluster, extract, align, migrate
  bool done = false;  // the stage (or the task) ended with this event
  int64_t count = 0;  // of what the stage makes: episodes, clusters, gists, assertions, facts changed
  std::string run_id;
  std::string message;
  absl::Time at;
};

// Any thread. Listeners are called on the publishing thread, in order, and must not block or call back in
// here. The events of the last 256 tasks are kept, so that who comes late sees every stage.
class ProgressHub {
 public:
  using Listener = std::function<void(const ProgressEvent&)>;
  // Replays what happened, then follows. Returns a handle for Unsubscribe.
  int64_t Subscribe(const std::string& task_id, Listener listener);
  // Once it returns the listener is not called again.
  void Unsubscribe(int64_t handle);
  void Publish(ProgressEvent event);
  // The task begins anew: what happened to it before is not replayed any more, unless it is done already.
  void Forget(const std::string& task_id);

 private:
  struct Log {
    std::vector<ProgressEvent> events;
    int64_t touched = 0;
  };
  absl::Mutex mu_;
  std::map<std::string, Log> logs_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::map<int64_t, Listener>> listeners_ ABSL_GUARDED_BY(mu_);  // by task
  std::map<int64_t, std::string> task_of_ ABSL_GUARDED_BY(mu_);                        // by handle
  int64_t next_ ABSL_GUARDED_BY(mu_) = 1;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_PROGRESS_H_
