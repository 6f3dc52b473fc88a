#include "server/periodic.h"

#include <utility>

namespace slowwave {

void Periodic::Start(absl::Duration every, std::function<void()> act) {
  every_ = every;
  act_ = std::move(act);
  thread_ = std::thread([this] { Run(); });
}

void Periodic::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    stopped_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Periodic::Run() {
  const auto stopping = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_; };
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      if (stopped_.Await(mu_, Deadline::After(every_), stopping)) return;
    }
    act_();
  }
}

}  // namespace slowwave
