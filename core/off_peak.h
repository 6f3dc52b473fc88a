// The time of day (UTC) at which a tenant lets schedules fire. Pure functions.
#ifndef SLOWWAVE_CORE_OFF_PEAK_H_
#define SLOWWAVE_CORE_OFF_PEAK_H_

#include "absl/time/time.h"
#include "storage/types.h"

namespace slowwave {

// True if the tenant has no window.
bool InWindow(const TenantSettings& tenant, absl::Time at);

// `at` itself if it is in the window. Else a time in the next one: `place` in [0, 1) of the way into its
// first `stretch`, or into all of it if it is shorter.
absl::Time IntoWindow(const TenantSettings& tenant, absl::Time at, double place, absl::Duration stretch);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_OFF_PEAK_H_
