#include "core/token_budget.h"

#include <algorithm>
#include <utility>

namespace slowwave {
namespace {

// A slice is a fiftieth of the day's, so that little is lost with a process and the store is rarely asked.
constexpr int64_t kSlices = 50;
constexpr absl::Duration kSoon = absl::Minutes(1);

}  // namespace

TenantTokens::TenantTokens(Store& store, int64_t per_day, SteadyClock clock, EngineMetrics* metrics)
    : store_(store), per_day_(per_day), clock_(std::move(clock)), metrics_(metrics) {}

absl::StatusOr<SetAside> TenantTokens::Take(const std::string& tenant, int64_t tokens) {
  absl::MutexLock lock(&mutex_);
  Slice& slice = slices_[tenant];
  const absl::Duration now = clock_();
  // A rest of yesterday's is not today's. Its day may also end in the store, between two draws: hence twice.
  if (slice.day_ends <= now) slice = {};
  for (int draw = 0; draw < 2 && slice.tokens < tokens; ++draw) {
    const int64_t least = tokens - slice.tokens;
    absl::StatusOr<TokenGrant> grant =
        store_.DrawTokens(tenant, std::max(least, per_day_ / kSlices), least, per_day_);
    if (!grant.ok()) return grant.status();
    if (metrics_ != nullptr) metrics_->budget_drawn.Increment(static_cast<double>(grant->tokens));
    if (grant->day != slice.day) {
      slice = Slice();
      slice.day = grant->day;
    }
    slice.tokens += grant->tokens;
    slice.day_ends = now + grant->day_left;
    if (grant->tokens == 0) break;
  }
  if (slice.tokens < tokens) {
    slice.try_again = slice.aside > 0 ? std::min(now + kSoon, slice.day_ends) : slice.day_ends;
    return absl::ResourceExhaustedError("the tenant's tokens for today are spent");
  }
  slice.tokens -= tokens;
  slice.aside += tokens;
  return SetAside{tokens, slice.day};
}

void TenantTokens::Settle(const std::string& tenant, const SetAside& aside, int64_t used) {
  if (metrics_ != nullptr && used > 0) metrics_->budget_spent.Increment(static_cast<double>(used));
  absl::MutexLock lock(&mutex_);
  Slice& slice = slices_[tenant];
  if (slice.day != aside.day) return;
  slice.tokens += aside.tokens - used;
  slice.aside -= aside.tokens;
}

absl::Duration TenantTokens::TryAgainIn(const std::string& tenant) const {
  absl::MutexLock lock(&mutex_);
  const auto found = slices_.find(tenant);
  if (found == slices_.end()) return kSoon;
  return std::max(absl::ZeroDuration(), found->second.try_again - clock_());
}

absl::Status TenantTokens::ReturnAll() {
  absl::MutexLock lock(&mutex_);
  absl::Status all;
  for (auto& [tenant, slice] : slices_) {
    if (slice.tokens <= 0) continue;
    const int64_t tokens = std::exchange(slice.tokens, 0);
    const absl::Status returned = store_.ReturnTokens(tenant, slice.day, tokens);
    if (returned.ok() && metrics_ != nullptr) {
      metrics_->budget_returned.Increment(static_cast<double>(tokens));
    }
    all.Update(returned);
  }
  return all;
}

RunTokens::RunTokens(int64_t per_run, TenantTokens* tenants, std::string tenant)
    : per_run_(per_run), tenants_(tenants), tenant_(std::move(tenant)), left_(per_run) {}

absl::StatusOr<SetAside> RunTokens::Take(int64_t tokens) {
  if ((per_run_ > 0 && tokens > per_run_) || (tenants_ != nullptr && tokens > tenants_->per_day())) {
    return absl::OutOfRangeError("more tokens than the whole budget has");
  }
  {
    absl::MutexLock lock(&mutex_);
    if (per_run_ > 0 && tokens > left_) {
      if (met_.empty()) met_ = "run";
      return absl::ResourceExhaustedError("the run's tokens are spent");
    }
    left_ -= tokens;
  }
  if (tenants_ == nullptr) return SetAside{tokens, 0};
  absl::StatusOr<SetAside> taken = tenants_->Take(tenant_, tokens);
  if (!taken.ok()) {
    absl::MutexLock lock(&mutex_);
    left_ += tokens;
    if (absl::IsResourceExhausted(taken.status()) && met_.empty()) met_ = "tenant_day";
  }
  return taken;
}

void RunTokens::Settle(const SetAside& aside, int64_t used) {
  {
    absl::MutexLock lock(&mutex_);
    left_ += aside.tokens - used;
  }
  if (tenants_ != nullptr) tenants_->Settle(tenant_, aside, used);
}

std::string RunTokens::met() const {
  absl::MutexLock lock(&mutex_);
  return met_;
}

absl::Duration RunTokens::TryAgainIn() const {
  return tenants_ == nullptr ? absl::ZeroDuration() : tenants_->TryAgainIn(tenant_);
}

}  // namespace slowwave
