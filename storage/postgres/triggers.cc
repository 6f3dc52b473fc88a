#include <map>

#include "storage/conditions.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {
bool IsAsRead(const std::vector<TriggerCondition>& conditions, const FireRequest& request) {
  return request.condition >= 0 && static_cast<size_t>(request.condition) < conditions.size() &&
         SameCondition(conditions[static_cast<size_t>(request.condition)], request.as_read);
}

bool Firings::CountQueue() {
  if (settings_.max_waiting <= 0) return true;
  Rows count = t_.Add("tasks_waiting_count", tenant_, int64_t{settings_.max_waiting});
  if (!t_.Send() || !count.Step()) return false;
  waiting_ = count.Int(0);
  return true;
}

bool Firings::Apply(const UserState& before, const std::vector<TriggerDecision>& decisions,
                    std::vector<Unfinished>& unfinished, bool sweep) {
  std::vector<TriggerCondition> after = before.conditions;
  bool due = false;
  for (TriggerCondition& condition : after) {
    if (!condition.next_due || *condition.next_due > t_.now()) continue;
    due = true;
    if (sweep) condition.next_due.reset();
  }
  for (const TriggerDecision& decision : decisions) {
    const auto ord = static_cast<size_t>(decision.condition);
    if (decision.condition < 0 || ord >= after.size()) {
      t_.Fail(absl::InternalError("trigger rule: names a condition that the user does not have"));
      return due;
    }
    after[ord] = decision.after;
    if (!decision.task) continue;
    if (IsNew(unfinished) && settings_.max_waiting > 0 && waiting_ >= settings_.max_waiting) {
      after[ord] = before.conditions[ord];
      after[ord].next_due = t_.now() + kFullQueuePause;
      continue;
    }
    fired_.push_back(Place(t_, *decision.task, unfinished, fresh_));
    if (!fired_.back().joined) ++waiting_;
  }
  for (size_t i = 0; i < after.size(); ++i) {
    if (!SameCondition(after[i], before.conditions[i]))
      updates_.Add(before.user.user, static_cast<int>(i), after[i]);
  }
  return due;
}

void Firings::Write() {
  updates_.Write(t_, tenant_);
  fresh_.Write(t_, tenant_);
}

absl::StatusOr<SweepResult> PostgresStore::SweepTenant(const std::string& tenant, const TriggerRule& rule,
                                                       int limit) {
  return Write("sweep triggers", [&](Transaction& t) -> absl::StatusOr<SweepResult> {
    SweepResult result;
    Rows user_rows = t.Add("sweep_users", tenant, t.clock(), limit);
    Rows tenant_row = t.Add("tenant_get", tenant);
    if (!t.Send()) return result;
    const TenantSettings settings = ReadTenant(tenant_row);
    if (settings.paused) return result;
    std::map<std::string, UserState> users;
    std::vector<std::string> names;
    while (user_rows.Step()) {
      names.push_back(user_rows.Text(0));
      users[names.back()] = ReadUser({tenant, names.back()}, user_rows, 1);
    }
    if (users.empty()) return result;
    Rows condition_rows = t.Add("sweep_conditions", tenant, names);
    UnfinishedTasks tasks(t, tenant, names);
    if (!t.Send()) return result;
    while (condition_rows.Step()) {
      users[condition_rows.Text(0)].conditions.push_back(ReadCondition(condition_rows, 1));
    }
    std::map<std::string, std::vector<Unfinished>> unfinished = tasks.Read();

    Firings firings(t, tenant, settings);
    if (!firings.CountQueue()) return result;
    for (const auto& [name, state] : users) {
      const std::vector<TriggerDecision> decisions = rule(state, settings, t.now());
      if (firings.Apply(state, decisions, unfinished[name], /*sweep=*/true)) ++result.examined;
    }
    firings.Write();
    result.fired = static_cast<int>(firings.fired().size());
    t.Finish();
    return result;
  });
}

absl::StatusOr<SweepResult> PostgresStore::SweepTriggers(const TriggerRule& rule, int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  absl::StatusOr<std::vector<std::string>> tenants =
      Single("sweep triggers", [&](Transaction& t) -> absl::StatusOr<std::vector<std::string>> {
        std::vector<std::string> names;
        Rows rows = t.Add("sweep_tenants", t.clock());
        t.Send();
        while (rows.Step()) names.push_back(rows.Text(0));
        return names;
      });
  if (!tenants.ok()) return tenants.status();
  SweepResult total;
  for (const std::string& tenant : *tenants) {
    if (total.examined >= limit) break;
    absl::StatusOr<SweepResult> one = SweepTenant(tenant, rule, limit - total.examined);
    if (!one.ok()) return one.status();
    total.examined += one->examined;
    total.fired += one->fired;
  }
  if (total.fired > 0) listener_.Announce();
  return total;
}

}  // namespace slowwave::postgres
