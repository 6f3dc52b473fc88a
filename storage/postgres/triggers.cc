#include <map>

#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {
namespace {

bool Same(const std::optional<absl::Time>& a, const std::optional<absl::Time>& b) {
  return a.has_value() == b.has_value() && (!a || absl::ToUnixMicros(*a) == absl::ToUnixMicros(*b));
}

bool Same(const std::optional<absl::Duration>& a, const std::optional<absl::Duration>& b) {
  return a.has_value() == b.has_value() &&
         (!a || absl::ToInt64Microseconds(*a) == absl::ToInt64Microseconds(*b));
}

bool Same(const TriggerCondition& a, const TriggerCondition& b) {
  return a.kind == b.kind && Same(a.interval, b.interval) && a.episodes == b.episodes &&
         a.megabytes == b.megabytes && Same(a.cooldown, b.cooldown) && a.events == b.events &&
         Same(a.last_fired, b.last_fired) && Same(a.next_due, b.next_due) && a.times_fired == b.times_fired;
}

}  // namespace

bool IsAsRead(const std::vector<TriggerCondition>& conditions, const FireRequest& request) {
  return request.condition >= 0 && static_cast<size_t>(request.condition) < conditions.size() &&
         Same(conditions[static_cast<size_t>(request.condition)], request.as_read);
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
    Rows task_rows = t.Add("sweep_tasks", tenant, names);
    if (!t.Send()) return result;
    while (condition_rows.Step()) {
      users[condition_rows.Text(0)].conditions.push_back(ReadCondition(condition_rows, 1));
    }
    std::map<std::string, std::vector<Unfinished>> unfinished = ReadUnfinished(task_rows);

    ConditionUpdates updates;
    NewTasks fresh;
    for (const auto& [name, state] : users) {
      std::vector<bool> decided(state.conditions.size(), false);
      bool due = false;
      for (const TriggerDecision& decision : rule(state, settings, t.now())) {
        decided[static_cast<size_t>(decision.condition)] = true;
        updates.Add(name, decision.condition, decision.after);
        if (!decision.task) continue;
        Place(t, *decision.task, unfinished[name], fresh);
        ++result.fired;
      }
      for (size_t i = 0; i < decided.size(); ++i) {
        const TriggerCondition& condition = state.conditions[i];
        if (!condition.next_due || *condition.next_due > t.now()) continue;
        due = true;
        if (decided[i]) continue;
        TriggerCondition after = condition;
        after.next_due.reset();
        updates.Add(name, static_cast<int>(i), after);
      }
      if (due) ++result.examined;
    }
    updates.Write(t, tenant);
    fresh.Write(t, tenant);
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
  return total;
}

}  // namespace slowwave::postgres
