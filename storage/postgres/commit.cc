// The one transaction of a run, as one round trip.
#include <set>

#include "storage/codec.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {
namespace {

constexpr int kReviewed = 1, kCited = 2, kUnreadable = 3;

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

// What leaves pending.
struct Reviews {
  std::vector<std::string> ids;
  std::vector<int> states;
  std::vector<EpisodeStatus> statuses;
  int64_t unreadable = 0;
};

Reviews ReviewsOf(const RunCommit& commit) {
  Reviews reviews;
  const auto add = [&](const std::string& id, int state, EpisodeStatus status) {
    reviews.ids.push_back(id);
    reviews.states.push_back(state);
    reviews.statuses.push_back(status);
  };
  if (!commit.keep_pending) {
    const std::set<std::string_view> cited(commit.cited.begin(), commit.cited.end());
    for (const std::string& id : std::set<std::string>(commit.reviewed.begin(), commit.reviewed.end())) {
      const bool is_cited = cited.contains(id);
      add(id, is_cited ? kCited : kReviewed, is_cited ? commit.set_status : EpisodeStatus::kUnspecified);
    }
  }
  for (const std::string& id : std::set<std::string>(commit.unreadable.begin(), commit.unreadable.end())) {
    add(id, kUnreadable, EpisodeStatus::kUnspecified);
    ++reviews.unreadable;
  }
  return reviews;
}

void InsertQuarantine(Transaction& t, const UserKey& user, const std::vector<Quarantined>& items) {
  if (items.empty()) return;
  std::vector<absl::Time> times;
  std::vector<int> ordinals;
  std::vector<std::string> runs, reasons, details, texts, keys, evidence;
  std::vector<std::optional<std::string>> values;
  for (const Quarantined& item : items) {
    times.push_back(item.at);
    runs.push_back(item.run_id);
    ordinals.push_back(item.ordinal);
    reasons.push_back(item.reason);
    details.push_back(item.detail);
    texts.push_back(item.text);
    keys.push_back(item.key);
    values.push_back(item.value);
    evidence.push_back(codec::EncodeEvidence(item.evidence));
  }
  t.Add("commit_quarantine", user.tenant, user.user, times, runs, ordinals, reasons, details, texts, keys,
        values, evidence);
}

void QueueFollowUp(Transaction& t, const RunCommit& commit) {
  const UserKey& user = commit.lease.user;
  t.Add("commit_behind", user.tenant, user.user, t.clock());
  if (!commit.follow_up || commit.keep_pending) return;
  const SampleSpec& spec = *commit.follow_up;
  int64_t types = 0;
  for (EpisodeType type : spec.types) types |= int64_t{1} << static_cast<int>(type);
  t.Add("commit_backlog", user.tenant, user.user, commit.lease.task_id, codec::NewUuid(),
        codec::EncodeStrings({"backlog"}), t.clock(), types, spec.min_importance, spec.min_confidence,
        spec.window_from, spec.window_to, spec.ignore_backoff, commit.left);
}

}  // namespace

absl::StatusOr<CommitResult> PostgresStore::CommitOnce(const RunCommit& commit, absl::Duration timeout,
                                                       bool& in_doubt) {
  const UserKey& user = commit.lease.user;
  const std::string& task_id = commit.lease.task_id;
  const Reviews reviews = ReviewsOf(commit);
  const auto body = [&](Transaction& t) -> absl::StatusOr<CommitResult> {
    t.Add("commit_lock", user.tenant, user.user, commit.memory_version);
    t.Guard(absl::AbortedError("memory changed since it was read"));
    t.Add("commit_task", user.tenant, task_id, user.user, commit.lease.token, commit.lease.attempt, t.clock(),
          commit.run.run_id);
    t.Guard(LeaseLost());
    t.Add("commit_plan", user.tenant, task_id);
    t.Add("commit_review", user.tenant, user.user, reviews.ids, reviews.states, reviews.statuses,
          reviews.ids.size(), commit.run.run_id, commit.replaced_keys, commit.facts.size(),
          reviews.unreadable, commit.quarantine.size(), commit.fold_stamp);
    t.Guard(absl::AbortedError(kNotPending));
    if (!commit.left.empty()) {
      t.Add("commit_left", user.tenant, user.user, commit.left, commit.left_backoff, t.clock());
    }
    InsertAssertions(t, user, commit.assertions);
    InsertFacts(t, user, commit.facts);
    InsertQuarantine(t, user, commit.quarantine);
    QueueFollowUp(t, commit);
    Rows run = t.Add("commit_run", user.tenant, user.user, commit.run.run_id, task_id, commit.run.started_at,
                     commit.run.finished_at, commit.run.succeeded, Blob{commit.run.report},
                     Blob{commit.run.change_set});
    if (!t.Finish() || !run.Step()) return NoSuchUser();
    return CommitResult{.memory_version = run.Int(0), .follow_up = run.Text(1)};
  };
  return Transact("commit run", Mode::kWrite, timeout, body, &in_doubt);
}

absl::StatusOr<std::optional<CommitResult>> PostgresStore::Recorded(const RunCommit& commit,
                                                                    absl::Duration timeout) {
  const auto body = [&](Transaction& t) -> absl::StatusOr<std::optional<CommitResult>> {
    Rows row = t.Add("run_answer", commit.lease.user.tenant, commit.run.run_id, commit.lease.attempt);
    if (!t.Send() || !row.Step()) return std::nullopt;
    if (row.Bytes(0) != commit.lease.user.user || row.Bytes(1) != commit.lease.task_id) {
      return absl::InvalidArgumentError("run_id: recorded for another task");
    }
    if (!row.Bool(4)) return LeaseLost();
    return CommitResult{.memory_version = row.Int(2), .follow_up = row.Text(3)};
  };
  return Transact("commit run", Mode::kSingle, timeout, body);
}

// How many of the episodes are missing; by now, which is all that can be said.
absl::Status PostgresStore::NotPending(const RunCommit& commit) {
  const std::vector<std::string> ids = ReviewsOf(commit).ids;
  return Single("commit run", [&](Transaction& t) -> absl::Status {
    Rows row = t.Add("commit_still_pending", commit.lease.user.tenant, commit.lease.user.user, ids);
    if (!t.Send() || !row.Step()) return absl::OkStatus();
    return absl::AbortedError(absl::StrCat("commit run: ", static_cast<int64_t>(ids.size()) - row.Int(0),
                                           " of ", ids.size(), " episodes are no longer pending"));
  });
}

// A connection lost at COMMIT leaves open whether the run is in. So it is tried again: if it is in, its lease
// is gone, and its record answers; if it is not, it goes in now. A run that landed earlier answers in the
// same way.
absl::StatusOr<CommitResult> PostgresStore::CommitRun(const RunCommit& commit) {
  if (absl::Status valid = Validate(commit); !valid.ok()) return valid;
  const Deadline deadline = Deadline::After(options_.commit_timeout);
  while (true) {
    bool in_doubt = false;
    const absl::Duration left = std::max(deadline.left(), absl::Milliseconds(1));
    absl::StatusOr<CommitResult> result = CommitOnce(commit, std::min(left, options_.call_timeout), in_doubt);
    if (result.ok()) return result;
    const absl::Status& status = result.status();
    if (absl::IsAborted(status)) {
      absl::StatusOr<std::optional<CommitResult>> recorded = Recorded(commit, options_.call_timeout);
      if (!recorded.ok()) return recorded.status();
      if (recorded->has_value()) return **recorded;
      return status.message() == kNotPending ? NotPending(commit) : status;
    }
    if (!in_doubt || deadline.over()) return status;
  }
}

}  // namespace slowwave::postgres
