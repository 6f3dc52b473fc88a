// How many tokens an LLM endpoint may be asked for: by one run, and by a tenant in a day of UTC.
//
// Before a call what it may need at most is set aside, and afterwards what it did not need comes back. So a
// budget is exceeded only by what was not thought of: a call that had to be made again, one whose tokens the
// endpoint counts otherwise; the next calls pay for it.
#ifndef SLOWWAVE_CORE_TOKEN_BUDGET_H_
#define SLOWWAVE_CORE_TOKEN_BUDGET_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "core/clock.h"
#include "core/metrics.h"
#include "storage/store.h"

namespace slowwave {

// Tokens set aside for a call.
struct SetAside {
  int64_t tokens = 0;
  int64_t day = 0;  // whose tenant's tokens they are
};

// The share of every tenant's day that this process has drawn from the store, in slices. What a process that
// dies had drawn counts as spent. Any thread.
class TenantTokens {
 public:
  // `per_day` >= 1. `store` and `metrics` (may be null) outlive this.
  TenantTokens(Store& store, int64_t per_day, SteadyClock clock = SystemSteadyClock(),
               EngineMetrics* metrics = nullptr);

  int64_t per_day() const { return per_day_; }
  // kResourceExhausted: today has not so many left for this process. Other errors are the store's.
  absl::StatusOr<SetAside> Take(const std::string& tenant, int64_t tokens);
  void Settle(const std::string& tenant, const SetAside& aside, int64_t used);
  // When to try again after a Take that was refused: soon, if something was set aside then and may come back,
  // else tomorrow.
  absl::Duration TryAgainIn(const std::string& tenant) const;
  // Gives unspent slices back to the store.
  absl::Status ReturnAll();

 private:
  struct Slice {
    int64_t tokens = 0, aside = 0, day = 0;
    absl::Duration day_ends;   // by `clock`
    absl::Duration try_again;  // by `clock`, after the last Take that was refused
  };

  Store& store_;
  const int64_t per_day_;
  const SteadyClock clock_;
  EngineMetrics* const metrics_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Slice> slices_ ABSL_GUARDED_BY(mutex_);
};

// What is left to one run. Any thread.
class RunTokens {
 public:
  // `per_run` 0: no limit. `tenants` null: none.
  RunTokens(int64_t per_run, TenantTokens* tenants, std::string tenant);

  // kOutOfRange: more than there is when nothing was spent, so ask for less. kResourceExhausted: what was
  // left is too little; met() says of what. Other errors are the store's.
  absl::StatusOr<SetAside> Take(int64_t tokens);
  void Settle(const SetAside& aside, int64_t used);
  // `run` or `tenant_day`, which refused a Take first; empty: neither.
  std::string met() const;
  absl::Duration TryAgainIn() const;

 private:
  const int64_t per_run_;
  TenantTokens* const tenants_;
  const std::string tenant_;
  mutable absl::Mutex mutex_;
  int64_t left_ ABSL_GUARDED_BY(mutex_);
  std::string met_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_TOKEN_BUDGET_H_
