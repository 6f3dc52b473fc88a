#include "core/task_queue.h"

#include <utility>

namespace slowwave {

void TaskQueue::Push(ClaimedTask task) {
  absl::MutexLock lock(&mu_);
  Rank rank(-task.task.priority, task.task.created_at, task.task.id, task.lease.token);
  waiting_.emplace(std::move(rank), std::move(task));
}

std::optional<ClaimedTask> TaskQueue::Pop() {
  absl::MutexLock lock(&mu_);
  if (waiting_.empty()) return std::nullopt;
  return std::move(waiting_.extract(waiting_.begin()).mapped());
}

std::optional<ClaimedTask> TaskQueue::Remove(const std::string& task_id) {
  absl::MutexLock lock(&mu_);
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if (it->second.task.id == task_id) return std::move(waiting_.extract(it).mapped());
  }
  return std::nullopt;
}

std::vector<ClaimedTask> TaskQueue::Drain() {
  absl::MutexLock lock(&mu_);
  std::vector<ClaimedTask> all;
  for (auto& [rank, task] : waiting_) all.push_back(std::move(task));
  waiting_.clear();
  return all;
}

size_t TaskQueue::size() const {
  absl::MutexLock lock(&mu_);
  return waiting_.size();
}

}  // namespace slowwave
