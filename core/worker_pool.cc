#include "core/worker_pool.h"

#include <utility>

namespace slowwave {

WorkerPool::WorkerPool(int threads) {
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

WorkerPool::~WorkerPool() { Stop(); }

bool WorkerPool::Submit(Work work, bool urgent) {
  absl::MutexLock lock(&mu_);
  if (stopping_) return false;
  (urgent ? urgent_ : normal_).push_back(std::move(work));
  return true;
}

void WorkerPool::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::Loop() {
  for (;;) {
    Work work;
    {
      absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(this, &WorkerPool::HasWork));
      std::deque<Work>& from = urgent_.empty() ? normal_ : urgent_;
      if (from.empty()) return;  // stopping, and nothing is left
      work = std::move(from.front());
      from.pop_front();
    }
    work();
  }
}

}  // namespace slowwave
