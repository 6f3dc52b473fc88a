// Delays between tries. Pure functions.
#ifndef SLOWWAVE_CORE_RETRY_H_
#define SLOWWAVE_CORE_RETRY_H_

#include "absl/time/time.h"

namespace slowwave {

// Before try `attempt` + 1 (attempt >= 1): `base` doubled for each attempt after the first, at most `cap`.
absl::Duration BackoffDelay(int attempt, absl::Duration base = absl::Seconds(1),
                            absl::Duration cap = absl::Minutes(5));

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_RETRY_H_
