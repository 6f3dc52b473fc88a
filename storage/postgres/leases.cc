// Tasks as workers hold them: claimed, renewed, handed back, failed, rescued. tasks.cc has the callers' side.
#include <algorithm>
#include <iterator>
#include <map>

#include "storage/codec.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {
namespace {

constexpr char kLeaseRanOut[] = "the worker's lease ran out";
// How long it is believed that no other tenant has ready tasks; the scheduler looks once a second.
constexpr absl::Duration kHintAge = absl::Seconds(2);
// How many ready tasks are looked at for one that is finished.
constexpr int kLookAhead = 4;
// Of one statement: see `claim`.
constexpr int kMaxClaims = 32;

absl::Status RowOrLost(Rows row) { return row.Step() ? absl::OkStatus() : LeaseLost(); }

}  // namespace

absl::Status LeaseLost() {
  return absl::AbortedError("lease lost: the task is no longer held by this attempt");
}

absl::StatusOr<std::vector<TenantDemand>> PostgresStore::ReadDemands(int room) {
  return Read("claim tasks", [&](Transaction& t) -> absl::StatusOr<std::vector<TenantDemand>> {
    Rows ready = t.Add("claim_demands");
    Rows running = t.Add("claim_running");
    t.Finish();
    std::map<std::string, TenantDemand> demands;
    while (ready.Step()) {
      // How many are ready is seen when they are claimed.
      demands[ready.Text(0)] = {.tenant = ready.Text(0),
                                .weight = ready.Real(1),
                                .running = 0,
                                .ready = room,
                                .best_rank = absl::ToUnixMicros(ready.Time(2))};
    }
    while (running.Step()) {
      const auto it = demands.find(running.Text(0));
      if (it != demands.end()) it->second.running = running.Int(1);
    }
    std::vector<TenantDemand> list;
    for (auto& [name, demand] : demands) list.push_back(std::move(demand));
    absl::MutexLock lock(&hint_mutex_);
    seen_tenants_.clear();
    for (const TenantDemand& demand : list) seen_tenants_.push_back(demand.tenant);
    seen_until_ = Deadline::After(kHintAge);
    return list;
  });
}

absl::StatusOr<std::vector<ClaimedTask>> PostgresStore::ClaimOfTenant(const TenantShare& share,
                                                                      const std::string& owner,
                                                                      absl::Duration lease) {
  return Single("claim tasks", [&](Transaction& t) -> absl::StatusOr<std::vector<ClaimedTask>> {
    std::vector<ClaimedTask> claimed;
    const std::string token = codec::NewToken();
    Rows rows =
        t.Add("claim", share.tenant, std::min(share.tasks, kMaxClaims), token, owner, lease, t.clock());
    t.Send();
    while (rows.Step()) {
      ClaimedTask& one = claimed.emplace_back();
      one.task = ReadTask(share.tenant, rows);
      one.lease = {
          .user = one.task.user, .task_id = one.task.id, .attempt = one.task.attempt, .token = token};
      one.plan = rows.MaybeText(15).value_or("");
    }
    return claimed;
  });
}

std::string PostgresStore::OnlyTenant() {
  absl::MutexLock lock(&hint_mutex_);
  if (!seen_until_ || seen_until_->over()) return "";
  if (seen_tenants_.empty()) return requested_tenant_;
  return seen_tenants_.size() == 1 && (requested_tenant_.empty() || requested_tenant_ == seen_tenants_[0])
             ? seen_tenants_[0]
             : "";
}

// A tenant may have fewer ready tasks than its share, or another process may be quicker: what room is left is
// dealt out again, until nothing more comes.
absl::StatusOr<std::vector<ClaimedTask>> PostgresStore::ClaimTasks(const std::string& owner, int limit,
                                                                   absl::Duration lease) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  std::vector<ClaimedTask> all;
  // Nobody to share with: what is asked for most often costs one round trip.
  if (const std::string only = OnlyTenant(); !only.empty()) {
    while (true) {
      const int room = limit - static_cast<int>(all.size());
      absl::StatusOr<std::vector<ClaimedTask>> some = ClaimOfTenant({only, room}, owner, lease);
      // What was claimed before must not be lost to its caller.
      if (!some.ok() && all.empty()) return some;
      if (some.ok()) std::move(some->begin(), some->end(), std::back_inserter(all));
      if (!some.ok() || room <= kMaxClaims || some->size() < size_t{kMaxClaims}) break;
    }
    if (!all.empty()) return all;
  }
  while (true) {
    const int room = limit - static_cast<int>(all.size());
    if (room == 0) return all;
    absl::StatusOr<std::vector<TenantDemand>> demands = ReadDemands(room);
    if (!demands.ok()) return all.empty() ? demands.status() : absl::StatusOr<std::vector<ClaimedTask>>(all);
    size_t got = 0;
    for (const TenantShare& share : FairShares(*demands, room)) {
      absl::StatusOr<std::vector<ClaimedTask>> some = ClaimOfTenant(share, owner, lease);
      // What was claimed before must not be lost to its caller.
      if (!some.ok()) return all.empty() ? some.status() : absl::StatusOr<std::vector<ClaimedTask>>(all);
      got += some->size();
      for (ClaimedTask& one : *some) all.push_back(std::move(one));
    }
    if (got == 0) return all;
  }
}

absl::StatusOr<std::vector<IdleTask>> PostgresStore::FinishIdleOfTenant(const std::string& tenant, int limit,
                                                                        const std::string& report) {
  return Write("finish idle tasks", [&](Transaction& t) -> absl::StatusOr<std::vector<IdleTask>> {
    std::vector<IdleTask> finished;
    Rows done = t.Add("idle_finish", tenant, limit, kLookAhead * limit, t.clock(), Blob{report});
    if (!t.Finish()) return finished;
    while (done.Step()) finished.push_back({{tenant, done.Text(1)}, done.Text(0)});
    return finished;
  });
}

absl::StatusOr<std::vector<IdleTask>> PostgresStore::FinishIdleTasks(int limit, const std::string& report) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  if (const std::string only = OnlyTenant(); !only.empty()) {
    absl::StatusOr<std::vector<IdleTask>> some = FinishIdleOfTenant(only, limit, report);
    if (!some.ok() || !some->empty()) return some;
  }
  absl::StatusOr<std::vector<TenantDemand>> demands = ReadDemands(limit);
  if (!demands.ok()) return demands.status();
  std::vector<IdleTask> all;
  for (const TenantDemand& demand : *demands) {
    const int room = limit - static_cast<int>(all.size());
    if (room <= 0) break;
    absl::StatusOr<std::vector<IdleTask>> some = FinishIdleOfTenant(demand.tenant, room, report);
    // What was finished before must not be lost to its caller.
    if (!some.ok())
      return all.empty() ? some.status() : absl::StatusOr<std::vector<IdleTask>>(std::move(all));
    for (IdleTask& one : *some) all.push_back(std::move(one));
  }
  return all;
}

absl::Status PostgresStore::RenewLease(const Lease& lease, absl::Duration duration) {
  return Single("renew lease", [&](Transaction& t) -> absl::Status {
    Rows row = t.Add("lease_renew", lease.user.tenant, lease.task_id, lease.user.user, lease.token,
                     lease.attempt, duration, t.clock());
    t.Send();
    return RowOrLost(row);
  });
}

absl::Status PostgresStore::ReleaseTask(const Lease& lease) {
  return Single("release task", [&](Transaction& t) -> absl::Status {
    Rows row =
        t.Add("task_release", lease.user.tenant, lease.task_id, lease.user.user, lease.token, lease.attempt);
    t.Send();
    return RowOrLost(row);
  });
}

absl::Status PostgresStore::PostponeTask(const Lease& lease, const std::string& why, absl::Duration delay) {
  return Single("postpone task", [&](Transaction& t) -> absl::Status {
    Rows row = t.Add("task_postpone", lease.user.tenant, lease.task_id, lease.user.user, lease.token,
                     lease.attempt, delay, why, t.clock());
    t.Send();
    return RowOrLost(row);
  });
}

absl::Status PostgresStore::FailTask(const Lease& lease, const std::string& error,
                                     std::optional<absl::Duration> retry_after) {
  const UserKey& user = lease.user;
  return Write("fail task", [&](Transaction& t) -> absl::Status {
    if (retry_after) {
      Rows row = t.Add("task_delay", user.tenant, lease.task_id, user.user, lease.token, lease.attempt,
                       *retry_after, error, t.clock());
      t.Finish();
      return RowOrLost(row);
    }
    t.Add("user_lock", user.tenant, user.user);
    t.Add("lease_hold", user.tenant, lease.task_id, user.user, lease.token, lease.attempt);
    t.Guard(LeaseLost());
    t.Add("task_finish", user.tenant, lease.task_id, TaskState::kDead, error, t.clock());
    t.Add("task_activate_behind", user.tenant, user.user, t.clock());
    return absl::OkStatus();
  });
}

absl::StatusOr<RescueResult> PostgresStore::RescueTenant(const std::string& tenant, int max_attempts,
                                                         bool all_running) {
  struct Exhausted {
    std::string user, task_id, token;
  };
  std::vector<Exhausted> exhausted;
  absl::StatusOr<int> rescued = Write("rescue tasks", [&](Transaction& t) -> absl::StatusOr<int> {
    exhausted.clear();
    Rows expired = all_running ? t.Add("rescue_all_running", tenant)
                               : t.Add("rescue_expired", tenant, t.clock(), kLeaseRanOut, max_attempts);
    Rows delayed = t.Add("rescue_delayed", tenant, t.clock());
    Rows dead = t.Add("rescue_exhausted", tenant, t.clock(), max_attempts);
    t.Finish();
    while (dead.Step()) exhausted.push_back({dead.Text(0), dead.Text(1), dead.Text(2)});
    return expired.count() + delayed.count();
  });
  if (!rescued.ok()) return rescued.status();
  RescueResult all{.ready = *rescued};
  for (const Exhausted& one : exhausted) {
    absl::StatusOr<RescueResult> buried_one =
        Write("rescue tasks", [&](Transaction& t) -> absl::StatusOr<RescueResult> {
          t.Add("user_lock", tenant, one.user);
          Rows buried = t.Add("rescue_bury", tenant, one.task_id, one.token, kLeaseRanOut, t.clock());
          if (!t.Send() || !buried.Step()) return RescueResult();  // another process was quicker
          Rows behind = t.Add("task_activate_behind", tenant, one.user, t.clock());
          t.Finish();
          return RescueResult{.ready = behind.count(), .dead = 1};
        });
    if (!buried_one.ok()) return buried_one.status();
    all.ready += buried_one->ready;
    all.dead += buried_one->dead;
  }
  return all;
}

absl::StatusOr<RescueResult> PostgresStore::RescueTasks(int max_attempts, bool all_running) {
  absl::StatusOr<std::vector<std::string>> tenants =
      Single("rescue tasks", [&](Transaction& t) -> absl::StatusOr<std::vector<std::string>> {
        std::vector<std::string> names;
        Rows rows = t.Add("rescue_tenants", t.clock(), all_running);
        t.Send();
        while (rows.Step()) names.push_back(rows.Text(0));
        return names;
      });
  if (!tenants.ok()) return tenants.status();
  RescueResult all;
  for (const std::string& tenant : *tenants) {
    absl::StatusOr<RescueResult> one = RescueTenant(tenant, max_attempts, all_running);
    if (!one.ok()) return one.status();
    all.ready += one->ready;
    all.dead += one->dead;
  }
  return all;
}

absl::StatusOr<QueueCounts> PostgresStore::CountQueue(int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  std::string tenant;  // whose task is first in line
  absl::Time now;
  absl::StatusOr<QueueCounts> counted =
      Read("count queue", [&](Transaction& t) -> absl::StatusOr<QueueCounts> {
        Rows ready = t.Add("queue_ready", limit);
        Rows behind = t.Add("queue_behind", limit);
        Rows running = t.Add("queue_running", limit);
        Rows delayed = t.Add("queue_delayed", limit);
        Rows dead = t.Add("queue_dead", limit);
        Rows heads = t.Add("claim_demands");
        Rows clock = t.Add("clock", t.clock());
        QueueCounts counts;
        if (!t.Send()) return counts;
        const auto one = [](Rows& rows) { return rows.Step() ? rows.Int(0) : 0; };
        counts.waiting = std::min<int64_t>(limit, one(ready) + one(behind));
        counts.running = one(running);
        counts.delayed = one(delayed);
        counts.dead = one(dead);
        tenant.clear();
        absl::Time best = absl::InfiniteFuture();
        while (heads.Step()) {
          if (heads.Time(2) >= best) continue;
          tenant = heads.Text(0);
          best = heads.Time(2);
        }
        if (clock.Step()) now = clock.Time(0);
        return counts;
      });
  if (!counted.ok() || tenant.empty()) return counted;
  return Single("count queue", [&](Transaction& t) -> absl::StatusOr<QueueCounts> {
    QueueCounts counts = *counted;
    Rows first = t.Add("queue_first", tenant);
    t.Send();
    // The time of ranks may be a test's, and ahead of a moment that another process wrote.
    if (first.Step()) counts.oldest_ready = std::max(absl::ZeroDuration(), now - first.Time(0));
    return counts;
  });
}

absl::Status PostgresStore::StorePlan(const Lease& lease, const std::string& run_id,
                                      const std::string& plan) {
  const UserKey& user = lease.user;
  return Write("store plan", [&](Transaction& t) -> absl::Status {
    t.Add("lease_hold", user.tenant, lease.task_id, user.user, lease.token, lease.attempt);
    t.Guard(LeaseLost());
    t.Add("plan_settings");
    t.Add("plan_put", user.tenant, lease.task_id, plan);
    t.Add("plan_set_run", user.tenant, lease.task_id, run_id);
    return absl::OkStatus();
  });
}

}  // namespace slowwave::postgres
