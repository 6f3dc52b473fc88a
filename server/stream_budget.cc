#include "server/stream_budget.h"

#include <algorithm>
#include <utility>

namespace slowwave {

bool StreamBudget::Fits(size_t bytes) const { return used_ == 0 || used_ + bytes <= bytes_; }

bool StreamBudget::Take(size_t bytes, const void* who, Given given) {
  absl::MutexLock lock(&mu_);
  if (waiting_.empty() && Fits(bytes)) {
    used_ += bytes;
    return true;
  }
  waiting_.push_back({bytes, who, std::move(given)});
  return false;
}

void StreamBudget::GiveOut() {
  while (!waiting_.empty() && Fits(waiting_.front().bytes)) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    used_ += next.bytes;
    next.given();
  }
}

void StreamBudget::Return(size_t bytes) {
  absl::MutexLock lock(&mu_);
  used_ -= bytes;
  GiveOut();
}

void StreamBudget::Leave(const void* who) {
  absl::MutexLock lock(&mu_);
  const auto gone = std::remove_if(waiting_.begin(), waiting_.end(),
                                   [&](const Waiting& waiting) { return waiting.who == who; });
  waiting_.erase(gone, waiting_.end());
  GiveOut();
}

size_t StreamBudget::waiting() const {
  absl::MutexLock lock(&mu_);
  return waiting_.size();
}

size_t StreamBudget::used() const {
  absl::MutexLock lock(&mu_);
  return used_;
}

}  // namespace slowwave
