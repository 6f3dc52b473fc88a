#include "core/progress.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace slowwave {
namespace {
constexpr size_t kKeptTasks = 256;
}  // namespace

int64_t ProgressHub::Subscribe(const std::string& task_id, Listener listener) {
  absl::MutexLock lock(&mu_);
  if (const auto log = logs_.find(task_id); log != logs_.end()) {
    for (const ProgressEvent& event : log->second.events) listener(event);
  }
  const int64_t handle = next_++;
  listeners_[task_id].emplace(handle, std::move(listener));
  task_of_.emplace(handle, task_id);
  return handle;
}

void ProgressHub::Unsubscribe(int64_t handle) {
  absl::MutexLock lock(&mu_);
  const auto task = task_of_.find(handle);
  if (task == task_of_.end()) return;
  const auto listeners = listeners_.find(task->second);
  listeners->second.erase(handle);
  if (listeners->second.empty()) listeners_.erase(listeners);
  task_of_.erase(task);
}

void ProgressHub::Forget(const std::string& task_id) {
  absl::MutexLock lock(&mu_);
  const auto log = logs_.find(task_id);
  if (log == logs_.end()) return;
  // It may have run, and be done, before whoever retried it comes to tell us; and the run that was stopped
  // for it may have said its last word after that.
  const std::vector<ProgressEvent>& events = log->second.events;
  if (std::any_of(events.begin(), events.end(), [](const auto& e) { return e.state == TaskState::kDone; }))
    return;
  logs_.erase(log);
}

void ProgressHub::Publish(ProgressEvent event) {
  absl::MutexLock lock(&mu_);
  if (!logs_.contains(event.task_id) && logs_.size() >= kKeptTasks) {
    auto oldest = logs_.begin();
    for (auto it = logs_.begin(); it != logs_.end(); ++it) {
      if (it->second.touched < oldest->second.touched) oldest = it;
    }
    logs_.erase(oldest);
  }
  Log& log = logs_[event.task_id];
  log.touched = next_++;
  if (const auto listeners = listeners_.find(event.task_id); listeners != listeners_.end()) {
    for (const auto& [handle, listener] : listeners->second) listener(event);
  }
  log.events.push_back(std::move(event));
}

}  // namespace slowwave
