#include "server/llm_limits.h"

#include <algorithm>

#include "core/retry.h"

namespace slowwave {
namespace {

constexpr double kBurstSeconds = 6;
// So often it may say `at once` before we wait of our own accord.
constexpr int kFreeAtOnce = 3;

}  // namespace

TokenBucket::TokenBucket(double per_minute)
    : per_second_(per_minute / 60),
      capacity_(std::max(1.0, per_second_ * kBurstSeconds)),
      level_(capacity_) {}

void TokenBucket::Refill(absl::Duration now) {
  if (now > refilled_ && refilled_ != -absl::InfiniteDuration()) {
    level_ = std::min(capacity_, level_ + absl::ToDoubleSeconds(now - refilled_) * per_second_);
  }
  refilled_ = std::max(refilled_, now);
}

absl::Duration TokenBucket::Wait(double amount, absl::Duration now) {
  if (per_second_ <= 0) return absl::ZeroDuration();
  Refill(now);
  const double missing = std::min(amount, capacity_) - level_;
  // Rounding may leave it a hair short of full.
  if (missing <= 1e-6) return absl::ZeroDuration();
  return absl::Seconds(missing / per_second_);
}

void TokenBucket::Take(double amount, absl::Duration now) {
  if (per_second_ <= 0) return;
  Refill(now);
  level_ = std::min(capacity_, level_ - amount);
}

absl::Duration Breaker::Remaining(absl::Duration now) const {
  return open_ ? std::max(absl::ZeroDuration(), until_ - now) : absl::ZeroDuration();
}

bool Breaker::Pass() {
  if (!open_) return false;
  probing_ = true;
  return true;
}

bool Breaker::Ended(EndpointHealth health, bool probe, int others, absl::Duration now) {
  if (open_ && !probe) return true;
  if (probe) probing_ = false;
  switch (health) {
    case EndpointHealth::kAlive:
      open_ = false;
      failures_ = 0;
      pause_ = absl::ZeroDuration();
      return false;
    case EndpointHealth::kBusy:
      if (open_) Open(now);
      return open_;
    case EndpointHealth::kDenied:
      Open(now);
      return true;
    case EndpointHealth::kFailing:
      ++failures_;
      if (open_ || failures_ >= options_.failures + 2 * others) Open(now);
      return open_;
  }
  return open_;
}

void Breaker::Open(absl::Duration now) {
  pause_ = std::clamp(pause_ * 2, options_.first_pause, options_.longest_pause);
  until_ = now + pause_;
  open_ = true;
  failures_ = 0;
}

NextTry PlanNextTry(const CallVerdict& verdict, const RetryLimits& limits, absl::Duration now, double chance,
                    Tries& tries) {
  const auto jitter = [&](int attempt) {
    return BackoffDelay(attempt, limits.backoff, limits.longest_backoff) * chance;
  };
  switch (verdict.next) {
    case CallVerdict::Next::kFinish:
      return {};
    case CallVerdict::Next::kDowngrade:
      return {true, absl::ZeroDuration()};
    case CallVerdict::Next::kRetry:
      if (++tries.failures > limits.retries) return {};
      return {true, jitter(tries.failures)};
    case CallVerdict::Next::kWait: {
      ++tries.rate_limits;
      tries.first_told = std::min(tries.first_told, now);
      absl::Duration after = verdict.wait.value_or(jitter(tries.rate_limits));
      if (tries.rate_limits > kFreeAtOnce) after = std::max(after, jitter(tries.rate_limits - kFreeAtOnce));
      if (now + after - tries.first_told > limits.patience) return {};
      return {true, after};
    }
  }
  return {};
}

}  // namespace slowwave
