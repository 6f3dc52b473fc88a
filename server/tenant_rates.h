// How many calls a tenant may make: a bucket of them that fills evenly.
#ifndef SLOWWAVE_SERVER_TENANT_RATES_H_
#define SLOWWAVE_SERVER_TENANT_RATES_H_

#include <google/protobuf/message.h>

#include <list>
#include <string>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/clock.h"
#include "server/caller.h"

namespace slowwave {

// Any thread.
class TenantRates {
 public:
  // `per_second` above 0; `burst`, at least 1, is how many may come at once after a rest. Buckets are kept of
  // the `max_tenants` that called last; one that is forgotten is full again when it comes back, so that many
  // made-up names cost no memory. (Who may make up names could take any of them anyway.)
  TenantRates(double per_second, double burst, size_t max_tenants, SteadyClock clock);

  // Zero: this call may go on, and is counted. Else how long until one may.
  absl::Duration Take(const std::string& tenant);
  // As Take: ResourceExhausted, with when to try again in its message and its payload (RetryDelayOf).
  absl::Status Admit(const std::string& tenant);

  // Counts calls that were made already, as the batches of a stream are: how long to make none until they are
  // paid for.
  absl::Duration Charge(const std::string& tenant, double calls);

  size_t tenants() const;

 private:
  struct Bucket {
    std::string tenant;
    double calls;  // below 0: owed
    absl::Duration at;
  };
  using Buckets = std::list<Bucket>;
  // Filled up to now.
  Bucket& BucketOf(const std::string& tenant) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const double per_second_, burst_;
  const size_t max_tenants_;
  const SteadyClock clock_;
  mutable absl::Mutex mu_;
  Buckets buckets_ ABSL_GUARDED_BY(mu_);  // who called last comes first
  std::unordered_map<std::string, Buckets::iterator> by_tenant_ ABSL_GUARDED_BY(mu_);
};

// When whoever got `status` may try again, if it says so.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

// Calls are counted as soon as their tenant is known. Of a caller with a tenant that is before its request is
// read:
absl::Status AdmitCaller(TenantRates* rates, const CallerPtr& caller);
// And of the others then. `rates` may be null: no limit.
absl::Status AdmitRequest(TenantRates* rates, const CallerPtr& caller,
                          const google::protobuf::Message& request);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_TENANT_RATES_H_
