#include "server/call_gate.h"

namespace slowwave {

CallGate::Pass CallGate::Enter() {
  absl::MutexLock lock(&mu_);
  if (closed_) return nullptr;
  ++open_;
  return Pass(this, [this](void*) {
    absl::MutexLock leaving(&mu_);
    --open_;
  });
}

void CallGate::Close() {
  absl::MutexLock lock(&mu_);
  closed_ = true;
}

bool CallGate::WaitIdle(absl::Duration timeout) {
  absl::MutexLock lock(&mu_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return open_ == 0; };
  return mu_.AwaitWithTimeout(absl::Condition(&idle), timeout);
}

}  // namespace slowwave
