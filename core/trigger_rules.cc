// What fires when: triggers.h, its second half.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/off_peak.h"
#include "core/triggers.h"

namespace slowwave {
namespace {

bool IsDue(const TriggerCondition& c, absl::Time now) { return c.next_due && *c.next_due <= now; }

// Why, if it is.
std::optional<std::string> Reached(const TriggerCondition& quota, const TriggerFigures& figures) {
  if (quota.episodes && figures.episodes >= *quota.episodes) {
    return absl::StrCat("quota: ", figures.episodes, " pending episodes, limit ", *quota.episodes);
  }
  if (quota.megabytes && figures.megabytes >= *quota.megabytes) {
    return absl::StrFormat("quota: %.3g pending megabytes, limit %.3g", figures.megabytes, *quota.megabytes);
  }
  return std::nullopt;
}

// The distant past if it does not cool down.
absl::Time CoolsUntil(const TriggerCondition& quota) {
  if (!quota.last_fired || !quota.cooldown) return absl::InfinitePast();
  return *quota.last_fired + *quota.cooldown;
}

std::string DueSince(const TriggerCondition& schedule) {
  return absl::StrCat("scheduled: due since ",
                      absl::FormatTime(absl::RFC3339_sec, *schedule.next_due, absl::UTCTimeZone()));
}

// The schedule's next time, in its rhythm; what was missed is not made up for.
absl::Time NextRun(const TriggerCondition& schedule, const UserKey& user, const TenantSettings& tenant,
                   absl::Time now) {
  absl::Duration rest;
  const int64_t missed = absl::IDivDuration(now - *schedule.next_due, *schedule.interval, &rest) + 1;
  return IntoWindow(tenant, *schedule.next_due + missed * *schedule.interval, JitterOf(user),
                    *schedule.interval);
}

TriggerCondition Fired(TriggerCondition condition, const UserKey& user, const TenantSettings& tenant,
                       absl::Time now) {
  condition.last_fired = now;
  ++condition.times_fired;
  if (condition.kind == TriggerKind::kScheduled) {
    condition.next_due = NextRun(condition, user, tenant, now);
  } else {
    condition.next_due.reset();
  }
  return condition;
}

TriggerDecision MovedTo(const UserState& user, size_t condition, absl::Time due) {
  TriggerDecision decision{
      .condition = static_cast<int>(condition), .after = user.conditions[condition], .task = {}};
  decision.after.next_due = due;
  return decision;
}

TriggerDecision Fire(const UserState& user, const TenantSettings& tenant, size_t condition,
                     std::string reason, absl::Time now) {
  TriggerDecision decision{.condition = static_cast<int>(condition),
                           .after = Fired(user.conditions[condition], user.user, tenant, now),
                           .task = EnqueueRequest()};
  decision.task->user = user.user;
  decision.task->kind = decision.after.kind;
  decision.task->priority = DefaultPriority(decision.after.kind);
  decision.task->reason = std::move(reason);
  return decision;
}

std::optional<std::string> Fires(const TriggerCondition& c, const TenantSettings& tenant,
                                 const TriggerFigures& figures, absl::Time now) {
  switch (c.kind) {
    case TriggerKind::kScheduled:
      if (!IsDue(c, now) || figures.episodes <= 0 || !InWindow(tenant, now)) return std::nullopt;
      return DueSince(c);
    case TriggerKind::kQuota:
      if (now < CoolsUntil(c)) return std::nullopt;
      return Reached(c, figures);
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

TriggerFigures FiguresOf(const UserState& user) {
  return {user.pending, static_cast<double>(user.pending_bytes) / 1e6, ""};
}

std::optional<Firing> Evaluate(const UserState& user, const TenantSettings& tenant,
                               const TriggerFigures& figures, absl::Time now) {
  if (tenant.paused || !user.paused_by.empty()) return std::nullopt;
  std::optional<Firing> best;
  int best_priority = -1;
  for (size_t i = 0; i < user.conditions.size(); ++i) {
    const TriggerCondition& c = user.conditions[i];
    const int priority = DefaultPriority(c.kind);
    if (priority <= best_priority) continue;
    std::optional<std::string> reason = Fires(c, tenant, figures, now);
    if (!reason) continue;
    best = {static_cast<int>(i), *std::move(reason), Fired(c, user.user, tenant, now)};
    best_priority = priority;
  }
  return best;
}

std::vector<TriggerDecision> RuleAtIngest(const UserState& user, const TenantSettings& tenant,
                                          absl::Time now) {
  std::vector<TriggerDecision> decisions;
  if (!user.paused_by.empty()) return decisions;
  for (size_t i = 0; i < user.conditions.size(); ++i) {
    const TriggerCondition& c = user.conditions[i];
    if (c.kind != TriggerKind::kQuota) continue;
    std::optional<std::string> reason = Reached(c, FiguresOf(user));
    if (!reason) continue;
    const absl::Time cooled = std::max(CoolsUntil(c), tenant.paused ? now : absl::InfinitePast());
    if (!tenant.paused && cooled <= now) {
      decisions.push_back(Fire(user, tenant, i, *std::move(reason), now));
    } else if (!c.next_due || *c.next_due > cooled) {
      decisions.push_back(MovedTo(user, i, cooled));
    }
  }
  return decisions;
}

std::vector<TriggerDecision> RuleAtSweep(const UserState& user, const TenantSettings& tenant,
                                         absl::Time now) {
  std::vector<TriggerDecision> decisions;
  const bool paused = !user.paused_by.empty();
  for (size_t i = 0; i < user.conditions.size(); ++i) {
    const TriggerCondition& c = user.conditions[i];
    if (!IsDue(c, now)) continue;
    if (tenant.paused) {
      decisions.push_back(MovedTo(user, i, *c.next_due));
    } else if (c.kind == TriggerKind::kQuota) {
      std::optional<std::string> reason = Reached(c, FiguresOf(user));
      if (paused || !reason) continue;
      decisions.push_back(now < CoolsUntil(c) ? MovedTo(user, i, CoolsUntil(c))
                                              : Fire(user, tenant, i, *std::move(reason), now));
    } else if (c.kind == TriggerKind::kScheduled && c.interval) {
      if (!InWindow(tenant, now)) {
        decisions.push_back(MovedTo(user, i, IntoWindow(tenant, now, JitterOf(user.user), *c.interval)));
      } else if (paused || user.pending == 0) {
        decisions.push_back(MovedTo(user, i, NextRun(c, user.user, tenant, now)));
      } else {
        decisions.push_back(Fire(user, tenant, i, DueSince(c), now));
      }
    }
  }
  return decisions;
}

}  // namespace slowwave
