#include "core/triggers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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

std::optional<std::string> Fires(const TriggerCondition& c, const TriggerFigures& figures, absl::Time now) {
  switch (c.kind) {
    case TriggerKind::kScheduled:
      if (!c.next_due || *c.next_due > now) return std::nullopt;
      return absl::StrCat("scheduled: due since ",
                          absl::FormatTime(absl::RFC3339_sec, *c.next_due, absl::UTCTimeZone()));
    case TriggerKind::kQuota:
      if (c.last_fired && c.cooldown && now < *c.last_fired + *c.cooldown) return std::nullopt;
      if (c.episodes && figures.episodes >= *c.episodes) {
        return absl::StrCat("quota: ", figures.episodes, " pending episodes, limit ", *c.episodes);
      }
      if (c.megabytes && figures.megabytes >= *c.megabytes) {
        return absl::StrFormat("quota: %.3g pending megabytes, limit %.3g", figures.megabytes, *c.megabytes);
      }
      return std::nullopt;
    case TriggerKind::kEvent:
      if (figures.event.empty() ||
          std::find(c.events.begin(), c.events.end(), figures.event) == c.events.end()) {
        return std::nullopt;
      }
      return absl::StrCat("event: ", figures.event);
    case TriggerKind::kManual:
    case TriggerKind::kUnspecified:
      return std::nullopt;
  }
  return std::nullopt;
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

std::vector<TriggerCondition> DefaultConditions(absl::Time now, double jitter) {
  TriggerCondition scheduled, quota, manual;
  scheduled.kind = TriggerKind::kScheduled;
  scheduled.interval = kDefaultInterval;
  scheduled.next_due = now + jitter * kDefaultInterval;
  quota.kind = TriggerKind::kQuota;
  quota.episodes = 500;
  quota.megabytes = 100;
  quota.cooldown = kDefaultCooldown;
  manual.kind = TriggerKind::kManual;
  return {scheduled, quota, manual};
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

std::optional<Firing> Evaluate(const std::vector<TriggerCondition>& conditions, const TriggerFigures& figures,
                               absl::Time now) {
  std::optional<Firing> best;
  int best_priority = -1;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const TriggerCondition& c = conditions[i];
    const int priority = DefaultPriority(c.kind);
    if (priority <= best_priority) continue;
    std::optional<std::string> reason = Fires(c, figures, now);
    if (!reason) continue;
    Firing firing{static_cast<int>(i), *std::move(reason), c};
    firing.after.last_fired = now;
    ++firing.after.times_fired;
    if (c.kind == TriggerKind::kScheduled) {
      // The next due time keeps the rhythm; what was missed while nobody looked is not made up for.
      absl::Duration rest;
      const int64_t missed = absl::IDivDuration(now - *c.next_due, *c.interval, &rest) + 1;
      firing.after.next_due = *c.next_due + missed * *c.interval;
    }
    best = std::move(firing);
    best_priority = priority;
  }
  return best;
}

}  // namespace slowwave
