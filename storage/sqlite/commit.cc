// The one transaction of a run.
#include <algorithm>
#include <set>

#include "storage/codec.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {
namespace {

constexpr int kReviewed = 1, kCited = 2, kUnreadable = 3;

// What a run takes off the user's counters.
struct Taken {
  int64_t pending = 0;
  int64_t bytes = 0;
};

// The answer of a run that is recorded already.
absl::StatusOr<std::optional<CommitResult>> Recorded(Connection& c, const RunCommit& commit) {
  Query q(c, "run_answer", commit.lease.user.tenant, commit.run.run_id, commit.lease.attempt);
  if (!q.Step()) return std::nullopt;
  if (q.Bytes(0) != commit.lease.user.user || q.Bytes(1) != commit.lease.task_id) {
    return absl::InvalidArgumentError("run_id: recorded for another task");
  }
  if (q.Int(4) == 0) return std::nullopt;  // another attempt's: the lease is lost
  return CommitResult{.memory_version = q.Int(2), .follow_up = q.Text(3)};
}

// A mistake of the caller's that would break what the tables promise.
absl::Status Validate(const RunCommit& commit) {
  if (commit.run.run_id.empty()) return absl::InvalidArgumentError("run_id: must not be empty");
  const std::set<std::string_view> reviewed(commit.reviewed.begin(), commit.reviewed.end());
  for (const std::string& id : commit.cited) {
    if (!reviewed.contains(id))
      return absl::InvalidArgumentError("cited: holds an episode that is not reviewed");
  }
  for (const std::string& id : commit.unreadable) {
    if (reviewed.contains(id))
      return absl::InvalidArgumentError("unreadable: holds an episode that is reviewed");
  }
  const std::set<std::string_view> keys(commit.replaced_keys.begin(), commit.replaced_keys.end());
  for (const Fact& fact : commit.facts) {
    if (!keys.contains(fact.key)) return absl::InvalidArgumentError("facts: hold a key that is not replaced");
  }
  return absl::OkStatus();
}

// Moves episodes from pending to review. `state_of(id)` gives the row's state and status.
template <typename StateOf>
absl::Status Review(Connection& c, const UserKey& user, const std::vector<std::string>& ids, int64_t run_no,
                    Taken& taken, StateOf state_of) {
  const std::set<std::string> distinct(ids.begin(), ids.end());
  int64_t missing = 0;
  for (const std::string& id : distinct) {
    int64_t tries = 0;
    {
      Query take(c, "pending_take", user.tenant, user.user, id);
      if (!take.Step()) {
        ++missing;
        continue;
      }
      ++taken.pending;
      taken.bytes += take.Int(0);
      tries = take.Int(1);
      take.Run();
    }
    const auto [state, status] = state_of(id);
    Query(c, "review_insert", user.tenant, user.user, id, run_no, state, status, tries).Run();
  }
  if (missing == 0) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat("commit run: ", missing, " of ", distinct.size(), " episodes are no longer pending"));
}

absl::Status ReviewAll(Connection& c, const RunCommit& commit, int64_t run_no, Taken& taken) {
  const UserKey& user = commit.lease.user;
  if (!commit.keep_pending) {
    const std::set<std::string_view> cited(commit.cited.begin(), commit.cited.end());
    const auto state_of = [&](const std::string& id) {
      return cited.contains(id) ? std::pair(kCited, commit.set_status)
                                : std::pair(kReviewed, EpisodeStatus::kUnspecified);
    };
    if (absl::Status done = Review(c, user, commit.reviewed, run_no, taken, state_of); !done.ok())
      return done;
  }
  return Review(c, user, commit.unreadable, run_no, taken,
                [](const std::string&) { return std::pair(kUnreadable, EpisodeStatus::kUnspecified); });
}

// Facts after minus facts before.
int64_t ReplaceSlots(Connection& c, const RunCommit& commit) {
  const UserKey& user = commit.lease.user;
  int64_t removed = 0;
  for (const std::string& key : commit.replaced_keys) {
    removed += Query(c, "fact_delete_key", user.tenant, user.user, key).Run();
  }
  InsertFacts(c, user, commit.facts);
  return static_cast<int64_t>(commit.facts.size()) - removed;
}

void InsertQuarantine(Connection& c, const RunCommit& commit) {
  const UserKey& user = commit.lease.user;
  for (const Quarantined& item : commit.quarantine) {
    Query(c, "quarantine_insert", user.tenant, user.user, item.at, item.run_id, item.ordinal, item.reason,
          item.detail, item.text, item.key, item.value, codec::EncodeEvidence(item.evidence))
        .Run();
  }
}

// Who goes on: the task behind, or a new one if this run left something that the next would find.
std::string FollowUp(Connection& c, const RunCommit& commit, const Task& task, absl::Time now) {
  const UserKey& user = commit.lease.user;
  std::string behind = ActivateBehind(c, user, now);
  if (!behind.empty() || !commit.follow_up || commit.keep_pending) return behind;
  if (!AnyEligible(c, user, *commit.follow_up, commit.left, now)) return "";
  TaskOptions options = task.options;
  options.ignore_backoff = false;
  return InsertTask(c, user, TaskState::kWaiting, task.kind, task.priority, codec::EncodeStrings({"backlog"}),
                    codec::EncodeOptions(options), now);
}

}  // namespace

absl::StatusOr<CommitResult> SqliteStore::CommitRun(const RunCommit& commit) {
  if (absl::Status valid = Validate(commit); !valid.ok()) return valid;
  return Write("commit run", [&](Connection& c) -> absl::StatusOr<CommitResult> {
    const UserKey& user = commit.lease.user;
    const std::string& task_id = commit.lease.task_id;
    absl::StatusOr<std::optional<CommitResult>> recorded = Recorded(c, commit);
    if (!recorded.ok()) return recorded.status();
    if (recorded->has_value()) return **recorded;

    if (absl::Status held = CheckLease(c, commit.lease); !held.ok()) return held;
    const std::optional<UserState> state = LoadUser(c, user);
    const std::optional<Task> task = LoadTask(c, user.tenant, task_id);
    if (!state || !task) return NoSuchUser();
    if (state->memory_version != commit.memory_version) {
      return absl::AbortedError("memory changed since it was read");
    }

    const absl::Time now = Now();
    CommitResult result{.memory_version = state->memory_version + 1, .follow_up = ""};
    int64_t run_no = 0;
    {
      Query q(c, "run_insert", user.tenant, user.user, commit.run.run_id, task_id, commit.run.started_at,
              commit.run.finished_at, commit.run.succeeded, result.memory_version, Blob{commit.run.report},
              Blob{commit.run.change_set});
      while (q.Step()) run_no = q.Int(0);
    }
    Taken taken;
    if (absl::Status done = ReviewAll(c, commit, run_no, taken); !done.ok()) return done;
    for (const std::string& id : commit.left) {
      Query(c, "pending_leave", user.tenant, user.user, id, now + commit.left_backoff).Run();
    }
    for (const Assertion& assertion : commit.assertions) InsertAssertion(c, user, assertion);
    const int64_t new_facts = ReplaceSlots(c, commit);
    InsertQuarantine(c, commit);
    Query(c, "user_count_run", user.tenant, user.user, taken.pending, taken.bytes,
          std::set<std::string>(commit.unreadable.begin(), commit.unreadable.end()).size(), new_facts,
          commit.quarantine.size(), commit.fold_stamp)
        .Run();

    Query(c, "task_done", user.tenant, task_id, now, commit.run.run_id).Run();
    Query(c, "plan_delete", user.tenant, task_id).Run();
    result.follow_up = FollowUp(c, commit, *task, now);
    if (!result.follow_up.empty()) {
      Query(c, "task_set_follow_up", user.tenant, task_id, result.follow_up).Run();
      Query(c, "run_set_follow_up", run_no, result.follow_up).Run();
    }
    return result;
  });
}

}  // namespace slowwave::sqlite
