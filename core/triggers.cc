#include "core/triggers.h"

#include <array>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/keys.h"

namespace slowwave {
namespace {

constexpr absl::Duration kDefaultInterval = absl::Hours(6);
constexpr absl::Duration kDefaultCooldown = absl::Hours(1);
constexpr absl::Duration kLeastInterval = absl::Seconds(1);
constexpr absl::Duration kGreatestInterval = absl::Hours(24 * 366);
constexpr size_t kMaxEvents = 64;
constexpr size_t kMaxEventBytes = 128;

bool InRange(absl::Duration d, absl::Duration least) { return d >= least && d <= kGreatestInterval; }

absl::Status CheckOne(const TriggerCondition& c, const std::string& field) {
  const auto bad = [&](absl::string_view part, absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".", part, ": ", what));
  };
  switch (c.kind) {
    case TriggerKind::kScheduled:
      if (!c.interval || !InRange(*c.interval, kLeastInterval)) {
        return bad("interval", "a scheduled condition needs one between 1 second and 366 days");
      }
      return absl::OkStatus();
    case TriggerKind::kQuota:
      if (!c.episodes && !c.megabytes)
        return bad("episodes", "a quota condition needs episodes or megabytes");
      if (c.episodes && *c.episodes < 1) return bad("episodes", "must be at least 1");
      if (c.megabytes && !(std::isfinite(*c.megabytes) && *c.megabytes > 0)) {
        return bad("megabytes", "must be a number above 0");
      }
      if (c.cooldown && !InRange(*c.cooldown, absl::ZeroDuration())) {
        return bad("cooldown", "must be between 0 and 366 days");
      }
      return absl::OkStatus();
    case TriggerKind::kEvent:
      if (c.events.empty() || c.events.size() > kMaxEvents)
        return bad("events", "an event condition names 1 to 64");
      for (const std::string& event : c.events) {
        if (event.empty() || event.size() > kMaxEventBytes) return bad("events", "a name has 1 to 128 bytes");
      }
      return absl::OkStatus();
    case TriggerKind::kManual:
      return absl::OkStatus();
    case TriggerKind::kUnspecified:
      break;
  }
  return bad("kind", "must be scheduled, quota, event or manual");
}

}  // namespace

int DefaultPriority(TriggerKind kind) {
  switch (kind) {
    case TriggerKind::kManual:
      return 10;
    case TriggerKind::kEvent:
      return 5;
    case TriggerKind::kQuota:
      return 3;
    case TriggerKind::kScheduled:
    case TriggerKind::kUnspecified:
      return 0;
  }
  return 0;
}

double JitterOf(const UserKey& user) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const std::string& part : {user.tenant, std::string(1, '\0'), user.user}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  // The last bytes of a name, where users differ, have not reached all bits yet: MurmurHash3's finalizer.
  for (const uint64_t factor : {0xff51afd7ed558ccdu, 0xc4ceb9fe1a85ec53u})
    hash = (hash ^ (hash >> 33)) * factor;
  return static_cast<double>((hash ^ (hash >> 33)) >> 11) / static_cast<double>(uint64_t{1} << 53);
}

std::vector<TriggerCondition> DefaultConditions(absl::Time now, double jitter) {
  TriggerCondition scheduled, quota, manual;
  scheduled.kind = TriggerKind::kScheduled;
  scheduled.interval = kDefaultInterval;
  quota.kind = TriggerKind::kQuota;
  quota.episodes = 500;
  quota.megabytes = 100;
  quota.cooldown = kDefaultCooldown;
  manual.kind = TriggerKind::kManual;
  return Registered({scheduled, quota, manual}, now, jitter);
}

std::vector<TriggerCondition> Registered(std::vector<TriggerCondition> conditions, absl::Time now,
                                         double jitter) {
  for (TriggerCondition& condition : conditions) {
    if (condition.interval) {
      condition.next_due = now + absl::Trunc(*condition.interval * jitter, absl::Microseconds(1));
    }
    std::set<std::string> seen;
    std::erase_if(condition.events, [&](const std::string& event) { return !seen.insert(event).second; });
  }
  return conditions;
}

absl::Status CheckConditions(const std::vector<TriggerCondition>& conditions) {
  std::array<bool, 5> seen{};
  for (size_t i = 0; i < conditions.size(); ++i) {
    const std::string field = absl::StrCat("conditions[", i, "]");
    if (absl::Status s = CheckOne(conditions[i], field); !s.ok()) return s;
    bool& had = seen[static_cast<size_t>(conditions[i].kind)];
    if (had) {
      return absl::InvalidArgumentError(absl::StrCat(field, ".kind: ", Name(conditions[i].kind),
                                                     " is there twice; at most one of each kind"));
    }
    had = true;
  }
  return absl::OkStatus();
}

}  // namespace slowwave
