#include <algorithm>
#include <set>

#include "storage/codec.h"
#include "storage/conditions.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {
namespace {

bool IsDue(const TriggerCondition& condition, absl::Time now) {
  return condition.next_due && *condition.next_due <= now;
}

// Users with something due, those that have waited longest first.
std::vector<UserKey> DueUsers(Connection& c, absl::Time now, int limit) {
  std::vector<UserKey> users;
  std::set<UserKey> seen;
  Query q(c, "trig_due", now);
  while (users.size() < static_cast<size_t>(limit) && q.Step()) {
    UserKey user{q.Text(0), q.Text(1)};
    if (seen.insert(user).second) users.push_back(std::move(user));
  }
  return users;
}

}  // namespace

std::vector<TriggerCondition> LoadConditions(Connection& c, const UserKey& user) {
  std::vector<TriggerCondition> list;
  Query q(c, "trig_list", user.tenant, user.user);
  while (q.Step()) {
    TriggerCondition& condition = list.emplace_back();
    condition.kind = q.Enum<TriggerKind>(0);
    condition.interval = q.MaybeDuration(1);
    if (!q.IsNull(2)) condition.episodes = q.Int(2);
    if (!q.IsNull(3)) condition.megabytes = q.Real(3);
    condition.cooldown = q.MaybeDuration(4);
    condition.events = q.Strings(5);
    condition.last_fired = q.MaybeTime(6);
    condition.next_due = q.MaybeTime(7);
    condition.times_fired = q.Int(8);
  }
  return list;
}

void PutCondition(Connection& c, const UserKey& user, int ord, const TriggerCondition& condition) {
  Query(c, "trig_put", user.tenant, user.user, ord, condition.kind, condition.interval, condition.episodes,
        condition.megabytes, condition.cooldown, codec::EncodeStrings(condition.events), condition.last_fired,
        condition.next_due, condition.times_fired)
      .Run();
}

absl::StatusOr<std::vector<EnqueueResult>> ApplyRule(Connection& c, const UserKey& user,
                                                     const TriggerRule& rule, bool sweep, absl::Time now) {
  std::optional<UserState> state = LoadUser(c, user);
  if (!state) return NoSuchUser();
  state->conditions = LoadConditions(c, user);
  std::vector<TriggerCondition> after = state->conditions;
  for (TriggerCondition& condition : after) {
    if (sweep && IsDue(condition, now)) condition.next_due.reset();
  }
  std::vector<EnqueueResult> fired;
  for (TriggerDecision& decision : rule(*state, LoadTenant(c, user.tenant), now)) {
    if (decision.condition < 0 || static_cast<size_t>(decision.condition) >= after.size()) {
      return absl::InternalError("trigger rule: names a condition that the user does not have");
    }
    const auto ord = static_cast<size_t>(decision.condition);
    after[ord] = std::move(decision.after);
    if (!decision.task) continue;
    absl::StatusOr<EnqueueResult> task = EnqueueInside(c, *decision.task, now);
    if (task.ok()) {
      fired.push_back(*std::move(task));
    } else if (absl::IsResourceExhausted(task.status()) && !c.failed()) {
      after[ord] = state->conditions[ord];
      after[ord].next_due = now + kFullQueuePause;
    } else {
      return task.status();
    }
  }
  for (size_t i = 0; i < after.size(); ++i) {
    if (!SameCondition(after[i], state->conditions[i])) {
      PutCondition(c, user, static_cast<int>(i), after[i]);
    }
  }
  return fired;
}

absl::StatusOr<EnqueueResult> SqliteStore::FireTrigger(const FireRequest& request) {
  return Write("fire trigger", [&](Connection& c) -> absl::StatusOr<EnqueueResult> {
    const absl::Time now = Now();
    absl::StatusOr<std::optional<EnqueueResult>> repeated = RepeatedRequest(c, request.task, now);
    if (!repeated.ok()) return repeated.status();
    if (repeated->has_value()) return **std::move(repeated);
    if (!LoadUser(c, request.user)) return NoSuchUser();
    const std::vector<TriggerCondition> conditions = LoadConditions(c, request.user);
    if (request.condition < 0 || static_cast<size_t>(request.condition) >= conditions.size() ||
        !SameCondition(conditions[static_cast<size_t>(request.condition)], request.as_read)) {
      return absl::AbortedError("fire trigger: the condition is no longer as it was read");
    }
    PutCondition(c, request.user, request.condition, request.after);
    return EnqueueInside(c, request.task, now);
  });
}

absl::StatusOr<SweepResult> SqliteStore::SweepTriggers(const TriggerRule& rule, int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  // Nothing due is the rule: that is asked without keeping writers waiting.
  absl::StatusOr<bool> any = Read("sweep triggers", [&](Connection& c) -> absl::StatusOr<bool> {
    return !DueUsers(c, Now(), 1).empty();
  });
  if (!any.ok()) return any.status();
  if (!*any) return SweepResult{};
  return Write("sweep triggers", [&](Connection& c) -> absl::StatusOr<SweepResult> {
    const absl::Time now = Now();
    SweepResult result;
    for (const UserKey& user : DueUsers(c, now, limit)) {
      absl::StatusOr<std::vector<EnqueueResult>> fired = ApplyRule(c, user, rule, /*sweep=*/true, now);
      if (!fired.ok()) return fired.status();
      ++result.examined;
      result.fired += static_cast<int>(fired->size());
    }
    return result;
  });
}

}  // namespace slowwave::sqlite
