// Claimed tasks that wait for a worker. Any thread.
//
// Tenants take turns in the order in which they were dealt workers, which is fair (storage/fair_share.h); a
// tenant's turn goes to its best task by the rank of the store: priority first, but nothing waits for ever.
#ifndef SLOWWAVE_CORE_TASK_QUEUE_H_
#define SLOWWAVE_CORE_TASK_QUEUE_H_

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/types.h"

namespace slowwave {

class TaskQueue {
 public:
  void Push(ClaimedTask task);
  std::optional<ClaimedTask> Pop();
  // Takes everything out, best first.
  std::vector<ClaimedTask> Drain();
  size_t size() const;

 private:
  // Creation less six minutes a point of priority, id, lease token.
  using Rank = std::tuple<absl::Time, std::string, std::string>;
  std::optional<ClaimedTask> PopLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable absl::Mutex mu_;
  std::deque<std::string> turns_ ABSL_GUARDED_BY(mu_);  // a tenant for each task
  std::map<std::string, std::map<Rank, ClaimedTask>> waiting_ ABSL_GUARDED_BY(mu_);
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_TASK_QUEUE_H_
