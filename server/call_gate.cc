#include "server/call_gate.h"

namespace slowwave {

CallGate::Pass CallGate::Enter() {
  absl::MutexLock lock(&mu_);
  if (closed_) return nullptr;
  ++open_;
  return Pass(this, [this](void*) {
    absl::MutexLock leaving(&mu_);
    if (--open_ == 0) idle_.NotifyAll();
  });
}

void CallGate::Close() {
  absl::MutexLock lock(&mu_);
  closed_ = true;
}

bool CallGate::WaitIdle(absl::Duration timeout) {
  absl::MutexLock lock(&mu_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return open_ == 0; };
  return idle_.Await(mu_, Deadline::After(timeout), idle);
}

}  // namespace slowwave
