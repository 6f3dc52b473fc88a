// Tasks as workers hold them: claimed, renewed, handed back, failed, rescued. tasks.cc has the callers' side.
#include <algorithm>
#include <map>

#include "storage/codec.h"
#include "storage/fair_share.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {
namespace {

constexpr char kLeaseRanOut[] = "the worker's lease ran out";
// How many ready tasks are looked at for one that is finished.
constexpr int kLookAhead = 4;

// The task will not run again by itself.
void Bury(Connection& c, const UserKey& user, const std::string& task_id, const std::string& error,
          absl::Time now) {
  Query(c, "task_finish", user.tenant, task_id, TaskState::kDead, now, error).Run();
}

std::vector<TenantDemand> Demands(Connection& c, int room) {
  std::vector<TenantDemand> demands;
  {
    Query q(c, "task_demands", room);
    while (q.Step()) {
      demands.push_back({.tenant = q.Text(0), .weight = q.Real(1), .ready = q.Int(2), .best_rank = q.Int(3)});
    }
  }
  if (demands.size() < 2) return demands;
  std::map<std::string, int64_t> running;
  Query q(c, "task_running_counts");
  while (q.Step()) running[q.Text(0)] = q.Int(1);
  for (TenantDemand& demand : demands) {
    if (const auto it = running.find(demand.tenant); it != running.end()) demand.running = it->second;
  }
  return demands;
}

}  // namespace

absl::Status CheckLease(Connection& c, const Lease& lease) {
  Query q(c, "lease_holds", lease.user.tenant, lease.task_id, lease.token, lease.attempt, lease.user.user);
  if (q.Step()) return absl::OkStatus();
  return absl::AbortedError("lease lost: the task is no longer held by this attempt");
}

absl::StatusOr<std::vector<ClaimedTask>> SqliteStore::ClaimTasks(const std::string& owner, int limit,
                                                                 absl::Duration lease) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  return Write("claim tasks", [&](Connection& c) -> absl::StatusOr<std::vector<ClaimedTask>> {
    const absl::Time now = Now();
    std::vector<std::pair<std::string, std::string>> ready;
    for (const TenantShare& share : FairShares(Demands(c, limit), limit)) {
      Query q(c, "task_ready_page", share.tenant, share.tasks);
      while (q.Step()) ready.emplace_back(share.tenant, q.Text(0));
    }
    std::vector<ClaimedTask> claimed;
    for (const auto& [tenant, task_id] : ready) {
      const std::string token = codec::NewToken();
      Query(c, "task_claim", tenant, task_id, token, now + lease, owner, now).Run();
      std::optional<Task> task = LoadTask(c, tenant, task_id);
      if (!task) break;
      ClaimedTask& one = claimed.emplace_back();
      one.lease = {.user = task->user, .task_id = task_id, .attempt = task->attempt, .token = token};
      one.task = *std::move(task);
      Query plan(c, "plan_get", tenant, task_id);
      if (plan.Step()) one.plan = plan.Text(0);
    }
    return claimed;
  });
}

absl::StatusOr<std::vector<IdleTask>> SqliteStore::FinishIdleTasks(int limit, const std::string& report) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  return Write("finish idle tasks", [&](Connection& c) -> absl::StatusOr<std::vector<IdleTask>> {
    const absl::Time now = Now();
    struct Idle {
      IdleTask task;
      int64_t memory_version = 0;
    };
    std::vector<Idle> idle;
    for (const TenantDemand& demand : Demands(c, limit)) {
      Query q(c, "task_idle_page", demand.tenant, kLookAhead * limit, limit - static_cast<int>(idle.size()));
      while (q.Step()) idle.push_back({{{demand.tenant, q.Text(1)}, q.Text(0)}, q.Int(2)});
    }
    std::vector<IdleTask> finished;
    for (auto& [task, memory_version] : idle) {
      const UserKey& user = task.user;
      Query(c, "task_finish_idle", user.tenant, task.task_id, now).Run();
      Query(c, "run_insert", user.tenant, user.user, task.task_id, task.task_id, now, now, true,
            memory_version, Blob{report}, Blob{""})
          .Run();
      finished.push_back(std::move(task));
    }
    return finished;
  });
}

absl::Status SqliteStore::RenewLease(const Lease& lease, absl::Duration duration) {
  return Write("renew lease", [&](Connection& c) -> absl::Status {
    if (absl::Status held = CheckLease(c, lease); !held.ok()) return held;
    Query(c, "lease_renew", lease.user.tenant, lease.task_id, Now() + duration).Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteStore::ReleaseTask(const Lease& lease) {
  return Write("release task", [&](Connection& c) -> absl::Status {
    if (absl::Status held = CheckLease(c, lease); !held.ok()) return held;
    Query(c, "task_release", lease.user.tenant, lease.task_id).Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteStore::PostponeTask(const Lease& lease, const std::string& why, absl::Duration delay) {
  return Write("postpone task", [&](Connection& c) -> absl::Status {
    if (absl::Status held = CheckLease(c, lease); !held.ok()) return held;
    Query(c, "task_postpone", lease.user.tenant, lease.task_id, Now() + delay, why).Run();
    return absl::OkStatus();
  });
}

absl::Status SqliteStore::FailTask(const Lease& lease, const std::string& error,
                                   std::optional<absl::Duration> retry_after) {
  return Write("fail task", [&](Connection& c) -> absl::Status {
    if (absl::Status held = CheckLease(c, lease); !held.ok()) return held;
    const absl::Time now = Now();
    if (retry_after) {
      Query(c, "task_delay", lease.user.tenant, lease.task_id, now + *retry_after, error).Run();
    } else {
      Bury(c, lease.user, lease.task_id, error, now);
      ActivateBehind(c, lease.user, now);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<RescueResult> SqliteStore::RescueTasks(int max_attempts, bool all_running) {
  return Write("rescue tasks", [&](Connection& c) -> absl::StatusOr<RescueResult> {
    const absl::Time now = Now();
    int64_t ready = 0;
    int dead = 0;
    if (all_running) {
      ready += Query(c, "rescue_all_running").Run();
    } else {
      std::vector<std::pair<UserKey, std::string>> exhausted;
      {
        Query q(c, "rescue_exhausted", now, max_attempts);
        while (q.Step()) exhausted.emplace_back(UserKey{q.Text(0), q.Text(1)}, q.Text(2));
      }
      for (const auto& [user, task_id] : exhausted) {
        Bury(c, user, task_id, kLeaseRanOut, now);
        ++dead;
        if (!ActivateBehind(c, user, now).empty()) ++ready;
      }
      ready += Query(c, "rescue_expired", now, kLeaseRanOut).Run();
    }
    ready += Query(c, "rescue_delayed", now).Run();
    return RescueResult{.ready = static_cast<int>(ready), .dead = dead};
  });
}

absl::StatusOr<QueueCounts> SqliteStore::CountQueue(int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  return Read("count queue", [&](Connection& c) -> absl::StatusOr<QueueCounts> {
    const auto count = [&](std::string_view query) -> int64_t {
      Query q(c, query, limit);
      return q.Step() ? q.Int(0) : 0;
    };
    QueueCounts counts;
    counts.waiting = std::min<int64_t>(limit, count("queue_ready") + count("queue_behind"));
    counts.running = count("queue_running");
    counts.delayed = count("queue_delayed");
    counts.dead = count("queue_dead");
    std::optional<TenantDemand> first;
    for (const TenantDemand& demand : Demands(c, 1)) {
      if (!first || demand.best_rank < first->best_rank) first = demand;
    }
    if (!first) return counts;
    Query q(c, "queue_first", first->tenant);
    // Somebody may have set the clock back.
    if (q.Step()) counts.oldest_ready = std::max(absl::ZeroDuration(), Now() - q.Time(0));
    return counts;
  });
}

absl::Status SqliteStore::StorePlan(const Lease& lease, const std::string& run_id, const std::string& plan) {
  return Write("store plan", [&](Connection& c) -> absl::Status {
    if (absl::Status held = CheckLease(c, lease); !held.ok()) return held;
    Query(c, "plan_put", lease.user.tenant, lease.task_id, plan).Run();
    Query(c, "plan_set_run", lease.user.tenant, lease.task_id, run_id).Run();
    return absl::OkStatus();
  });
}

}  // namespace slowwave::sqlite
