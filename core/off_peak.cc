#include "core/off_peak.h"

#include <algorithm>

namespace slowwave {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

// In [0, 24 h). Unlike the remainder, of times before 1970 too.
absl::Duration DayPart(absl::Duration d) { return d - absl::Floor(d, kDay); }

absl::Duration LengthOf(const TenantSettings& tenant) {
  return DayPart(*tenant.window_to - *tenant.window_from);
}

bool HasWindow(const TenantSettings& tenant) {
  return tenant.window_from && tenant.window_to && *tenant.window_from != *tenant.window_to;
}

absl::Duration SinceStart(const TenantSettings& tenant, absl::Time at) {
  return DayPart(at - absl::UnixEpoch() - *tenant.window_from);
}

}  // namespace

bool InWindow(const TenantSettings& tenant, absl::Time at) {
  return !HasWindow(tenant) || SinceStart(tenant, at) < LengthOf(tenant);
}

absl::Time IntoWindow(const TenantSettings& tenant, absl::Time at, double place, absl::Duration stretch) {
  if (InWindow(tenant, at)) return at;
  const absl::Time start = at + (kDay - SinceStart(tenant, at));
  return start + absl::Trunc(place * std::min(stretch, LengthOf(tenant)), absl::Microseconds(1));
}

}  // namespace slowwave
