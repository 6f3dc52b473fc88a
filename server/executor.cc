#include "server/executor.h"

#include <utility>

namespace slowwave {

Executor::Executor(int threads, size_t max_waiting) : max_waiting_(max_waiting) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

Executor::~Executor() { Stop(); }

bool Executor::TrySubmit(std::function<void()> work, const std::string& of) {
  absl::MutexLock lock(&mu_);
  if (stopping_ || waiting_.size() >= max_waiting_) return false;
  if (!of.empty()) {
    const auto known = waiting_of_.find(of);
    if (known != waiting_of_.end() && known->second >= max_waiting_ / 2) return false;
    ++waiting_of_[of];
  }
  waiting_.push_back({std::move(work), of});
  return true;
}

void Executor::Submit(std::function<void()> work) {
  absl::MutexLock lock(&mu_);
  waiting_.push_back({std::move(work), ""});
}

void Executor::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::function<void()> Executor::Next() {
  Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  const auto of = waiting_of_.find(next.of);
  if (of != waiting_of_.end() && --of->second == 0) waiting_of_.erase(of);
  return std::move(next.work);
}

void Executor::Loop() {
  while (true) {
    std::function<void()> work;
    {
      absl::MutexLock lock(&mu_);
      const auto ready = [this]()
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_ || !waiting_.empty(); };
      mu_.Await(absl::Condition(&ready));
      if (waiting_.empty()) return;
      work = Next();
    }
    work();
  }
}

}  // namespace slowwave
