#include "server/tenant_rates.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/validation.h"

namespace slowwave {
namespace {

constexpr char kRetryAfterMs[] = "slowwave.retry-after-ms";

bool IsOfOneTenant(const CallerPtr& caller) { return !OnlyTenantOf(caller).empty(); }

}  // namespace

TenantRates::TenantRates(double per_second, double burst, size_t max_tenants, SteadyClock clock)
    : per_second_(per_second),
      burst_(std::max(1.0, burst)),
      max_tenants_(max_tenants),
      clock_(std::move(clock)) {}

TenantRates::Bucket& TenantRates::BucketOf(const std::string& tenant) {
  const absl::Duration now = clock_();
  const auto known = by_tenant_.find(tenant);
  if (known != by_tenant_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
  } else {
    if (buckets_.size() >= max_tenants_) {
      by_tenant_.erase(buckets_.back().tenant);
      buckets_.pop_back();
    }
    buckets_.push_front({tenant, burst_, now});
    by_tenant_[tenant] = buckets_.begin();
  }
  Bucket& bucket = buckets_.front();
  bucket.calls =
      std::min(burst_, bucket.calls + per_second_ * std::max(0.0, absl::ToDoubleSeconds(now - bucket.at)));
  bucket.at = now;
  return bucket;
}

absl::Duration TenantRates::Charge(const std::string& tenant, double calls) {
  absl::MutexLock lock(&mu_);
  Bucket& bucket = BucketOf(tenant);
  bucket.calls -= calls;
  return absl::Seconds(std::max(0.0, -bucket.calls) / per_second_);
}

absl::Duration TenantRates::Take(const std::string& tenant) {
  absl::MutexLock lock(&mu_);
  Bucket& bucket = BucketOf(tenant);
  if (bucket.calls >= 1) {
    bucket.calls -= 1;
    return absl::ZeroDuration();
  }
  return absl::Seconds((1 - bucket.calls) / per_second_);
}

absl::Status TenantRates::Admit(const std::string& tenant) {
  const absl::Duration wait = Take(tenant);
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  const int64_t milliseconds = absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1)));
  absl::Status status = absl::ResourceExhaustedError(absl::StrFormat(
      "the tenant makes more than %g calls a second; try again in %d ms", per_second_, milliseconds));
  status.SetPayload(kRetryAfterMs, absl::Cord(absl::StrCat(milliseconds)));
  return status;
}

size_t TenantRates::tenants() const {
  absl::MutexLock lock(&mu_);
  return buckets_.size();
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kRetryAfterMs);
  int64_t milliseconds = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &milliseconds)) return std::nullopt;
  return absl::Milliseconds(milliseconds);
}

absl::Status AdmitCaller(TenantRates* rates, const CallerPtr& caller) {
  if (rates == nullptr || !IsOfOneTenant(caller)) return absl::OkStatus();
  return rates->Admit(caller->tenant);
}

absl::Status AdmitRequest(TenantRates* rates, const CallerPtr& caller,
                          const google::protobuf::Message& request) {
  if (rates == nullptr || IsOfOneTenant(caller)) return absl::OkStatus();
  const google::protobuf::FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("tenant");
  if (field == nullptr) return absl::OkStatus();
  const absl::StatusOr<std::string> tenant = CheckTenant(request.GetReflection()->GetString(request, field));
  // What is no tenant's name is refused by whoever reads the request, with more to say.
  return tenant.ok() ? rates->Admit(*tenant) : absl::OkStatus();
}

}  // namespace slowwave
