// Claimed tasks that wait for a worker: priority first, then age. Any thread.
#ifndef SLOWWAVE_CORE_TASK_QUEUE_H_
#define SLOWWAVE_CORE_TASK_QUEUE_H_

#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/types.h"

namespace slowwave {

class TaskQueue {
 public:
  void Push(ClaimedTask task);
  // The highest priority; of equals the oldest; then the smallest id.
  std::optional<ClaimedTask> Pop();
  // Takes one out by id, if it is here.
  std::optional<ClaimedTask> Remove(const std::string& task_id);
  // Takes everything out, best first.
  std::vector<ClaimedTask> Drain();
  size_t size() const;

 private:
  // -priority, created_at, id, lease token
  using Rank = std::tuple<int32_t, absl::Time, std::string, std::string>;
  mutable absl::Mutex mu_;
  std::map<Rank, ClaimedTask> waiting_ ABSL_GUARDED_BY(mu_);
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_TASK_QUEUE_H_
