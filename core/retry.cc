#include "core/retry.h"

#include <algorithm>

namespace slowwave {

absl::Duration BackoffDelay(int attempt, absl::Duration base, absl::Duration cap) {
  absl::Duration delay = base;
  for (int i = 1; i < attempt && delay < cap; ++i) delay *= 2;
  return std::min(delay, cap);
}

}  // namespace slowwave
