#include "core/task_queue.h"

#include <utility>

namespace slowwave {
namespace {

constexpr absl::Duration kPointOfPriority = absl::Minutes(6);

}  // namespace

void TaskQueue::Push(ClaimedTask task) {
  absl::MutexLock lock(&mu_);
  const std::string tenant = task.task.user.tenant;
  Rank rank(task.task.created_at - task.task.priority * kPointOfPriority, task.task.id, task.lease.token);
  if (waiting_[tenant].emplace(std::move(rank), std::move(task)).second) turns_.push_back(tenant);
}

std::optional<ClaimedTask> TaskQueue::PopLocked() {
  if (turns_.empty()) return std::nullopt;
  const auto tenant = waiting_.find(turns_.front());
  turns_.pop_front();
  ClaimedTask task = std::move(tenant->second.extract(tenant->second.begin()).mapped());
  if (tenant->second.empty()) waiting_.erase(tenant);
  return task;
}

std::optional<ClaimedTask> TaskQueue::Pop() {
  absl::MutexLock lock(&mu_);
  return PopLocked();
}

std::vector<ClaimedTask> TaskQueue::Drain() {
  absl::MutexLock lock(&mu_);
  std::vector<ClaimedTask> all;
  while (std::optional<ClaimedTask> task = PopLocked()) all.push_back(*std::move(task));
  return all;
}

size_t TaskQueue::size() const {
  absl::MutexLock lock(&mu_);
  return turns_.size();
}

}  // namespace slowwave
