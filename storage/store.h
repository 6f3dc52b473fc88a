// Where all state lives. One call is one transaction: it happens whole or not at all, and is durable when it
// returns.
//
// Thread safety: every method may be called from any thread at any time.
// Time: the store's own clock (injected into the embedded one, the database's in Postgres); callers pass
// none.
// Callbacks (TriggerRule) run inside the transaction: they are pure, quick, and may be called again.
//
// Invariants that every backend keeps and storage/store_conformance tests:
//  1. Episodes and assertions are inserted and deleted, never updated.
//  2. A user has at most one task in {waiting, running, delayed} and at most one in {behind}.
//  3. An episode is in pending exactly until a committed run reviews it (or it is erased or found
//  unreadable).
//  4. A write under a lease lands only while that lease is the task's: otherwise kAborted with "lease lost",
//  and
//     nothing changed.
//  5. Two commits that read the same memory_version cannot both land: the second gets kAborted with
//     "memory changed".
//
// Errors, of every method: kUnavailable (store closed, busy past its deadline, gone), kResourceExhausted
// (disk full; the store is intact and works again once there is room), kDataLoss (corrupt), kInternal (a
// bug). Messages name what was being done, never a memory's text. Methods list only what they add.
#ifndef SLOWWAVE_STORAGE_STORE_H_
#define SLOWWAVE_STORAGE_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/types.h"

namespace slowwave {

// Lists are cut by `after` (opaque: what the last page returned, empty for the first) and `limit` (>= 1).
template <typename T>
struct Page {
  std::vector<T> items;
  std::string next;  // empty: nothing follows
};

struct EnqueueRequest {
  UserKey user;
  TriggerKind kind = TriggerKind::kManual;
  int32_t priority = 10;
  std::string reason;
  TaskOptions options;
  std::string request_id;    // empty: none
  std::string request_body;  // digest of the request; a request_id must not come back with another one
  std::string request_note;  // kept beside the request_id: what the caller will want to answer again
};

struct EnqueueResult {
  Task task;
  bool joined = false;            // an unfinished task took the request in
  bool repeated = false;          // this request_id was answered before: `task` is that one, as it is now
  std::string request_note = {};  // if `repeated`: the first request's
};

// What a run may sample. Filters come first, then rank, then limit.
struct SampleSpec {
  int32_t limit = 200;
  std::vector<EpisodeType> types;  // empty: all
  double min_importance = 0.3;
  double min_confidence = 0.3;
  absl::Time age_at;  // score = 0.4 importance + 0.3 min(ln(1+accesses)/5, 1) + 0.3 / (1 + 0.1 age in days)
  std::optional<absl::Time> window_from, window_to;
  bool ignore_backoff = false;
  int32_t context_turns = 2;
};

struct Sample {
  std::vector<Episode> episodes;  // best score first; ties by occurred_at, then id
  std::vector<int> tries;         // parallel to `episodes`
  // Turns of the same sessions at most `context_turns` away that are not in `episodes`; without embeddings.
  // Neither derived ones (nobody said them) nor unreadable ones (they would get their neighbours refused).
  std::vector<Episode> context;
  int64_t eligible = 0;  // that passed the filters, before the limit
  int64_t skipped_type = 0, skipped_threshold = 0, skipped_window = 0,
          skipped_backoff = 0;  // pending but filtered
  int64_t memory_version = 0;
  SlotRegistry registry;
};

// A user's assertions and stored facts under some keys.
struct SlotContents {
  int64_t memory_version = 0;
  std::string fold_stamp;
  std::vector<Assertion> assertions;  // those whose raw key is asked for
  std::vector<Fact> facts;            // those whose (slot) key is asked for
};

// All that a run changes. See rule 7 of the design.
struct RunCommit {
  Lease lease;
  int64_t memory_version = 0;  // as read with the slots
  RunRecord run;
  std::vector<Assertion> assertions;
  std::vector<std::string> replaced_keys;  // slots whose facts are replaced by `facts`
  std::vector<Fact> facts;
  std::vector<Quarantined> quarantine;
  std::vector<std::string> reviewed;    // ids; each must be pending unless `keep_pending`
  std::vector<std::string> cited;       // subset of reviewed
  std::vector<std::string> unreadable;  // ids
  std::vector<std::string> left;        // ids whose chunk got no answer: tries + 1
  absl::Duration left_backoff = absl::ZeroDuration();
  bool keep_pending = false;
  EpisodeStatus set_status = EpisodeStatus::kUnspecified;  // for cited episodes; nothing if `keep_pending`
  std::string fold_stamp;
  // What counts as backlog; if any is left but what is in `left`, a follow-up is queued, unless
  // `keep_pending`. A task behind becomes ready in any case, and is the follow-up then; else it has this
  // task's options, but for ignore_backoff: who asked to pass over the backoff asked for this run.
  std::optional<SampleSpec> follow_up;
};

struct CommitResult {
  int64_t memory_version = 0;
  std::string follow_up;  // task id; empty if none
};

// A condition whose task the tenant's full queue refuses is looked at again after this.
inline constexpr absl::Duration kFullQueuePause = absl::Minutes(1);

// What a rule makes of one of a user's conditions. If the queue is full (see Enqueue) it has not fired: the
// condition stays as it was, with next_due kFullQueuePause from now, and neither ingest nor sweep fails.
struct TriggerDecision {
  int condition = 0;                   // index into UserState::conditions
  TriggerCondition after;              // replaces it
  std::optional<EnqueueRequest> task;  // unset: it only moves on
};

// Whether a user's memory needs sleep, judged by the state and the time that the store's transaction sees. A
// condition may be in the answer at most once. See core/triggers.h.
using TriggerRule =
    std::function<std::vector<TriggerDecision>(const UserState&, const TenantSettings&, absl::Time now)>;

struct IngestResult {
  std::vector<IngestOutcome> outcomes;  // one an episode, in order
  std::vector<EnqueueResult> fired;
};

struct SweepResult {
  int examined = 0;  // users that had a condition due
  int fired = 0;     // tasks made or joined
};

// A condition that fired: written only if the condition is still as it was read.
struct FireRequest {
  UserKey user;
  int condition = 0;         // index into UserState::conditions
  TriggerCondition as_read;  // compare and swap
  TriggerCondition after;
  EnqueueRequest task;
};

// A task that was finished without a worker.
struct IdleTask {
  UserKey user;
  std::string task_id;  // and its run's
};

// What RescueTasks did.
struct RescueResult {
  int ready = 0;  // became ready
  int dead = 0;   // had used up their attempts
};

// The queue of all tenants, at one moment.
struct QueueCounts {
  int64_t waiting = 0;  // ready, or behind a running one; not those of paused tenants
  int64_t delayed = 0, running = 0, dead = 0;
  // For how long the ready task that is first in line has been ready; tenants that are paused have no line.
  std::optional<absl::Duration> oldest_ready;
};

struct TaskFilter {
  std::string tenant;
  std::string user;               // empty: all of the tenant's
  std::vector<TaskState> states;  // empty: all
};

struct FactFilter {
  std::string subject, category_part, key;  // exact; empty: any
};

// Limits of StoreExchanges; the first is LoadExchanges' too.
inline constexpr size_t kMaxExchanges = 1000;  // of one call
inline constexpr size_t kMaxReplyBytes = size_t{4} << 20;
inline constexpr size_t kMaxRepliesBytes = size_t{16} << 20;  // together; one statement, within its deadline
// How many exchanges past their retention one StoreExchanges deletes at most.
inline constexpr int kExpireExchanges = 32;

class Store {
 public:
  virtual ~Store() = default;

  // ---- users

  // Creates the user, or replaces its conditions if it exists, as MergeConditions (conditions.h) says.
  // `conditions` carry their first next_due.
  virtual absl::StatusOr<UserState> RegisterUser(const UserKey& user,
                                                 const std::vector<TriggerCondition>& conditions) = 0;
  // kNotFound.
  virtual absl::StatusOr<UserState> GetUser(const UserKey& user) = 0;
  virtual absl::StatusOr<Page<UserKey>> ListUsers(const std::string& tenant, const std::string& after,
                                                  int limit) = 0;

  // ---- episodes

  // One outcome an episode, in order. Creates the user with `defaults` if nobody registered it. Episodes are
  // in pending at once unless their origin is derived or their status not active. The first embedding fixes
  // the user's dimension. Access count and status are no content: the same words accessed more often are
  // kExists.
  // What `rule` (if any) makes of the user's state afterwards is part of the transaction; an ingest that
  // stored nothing does not ask it. Conditions that it says nothing of stay as they are, due or not.
  virtual absl::StatusOr<IngestResult> IngestEpisodes(const UserKey& user,
                                                      const std::vector<Episode>& episodes,
                                                      const std::vector<TriggerCondition>& defaults,
                                                      const TriggerRule& rule) = 0;
  // kNotFound: no such user or episode.
  virtual absl::StatusOr<StoredEpisode> GetEpisode(const UserKey& user, const std::string& id) = 0;
  // By occurred_at, then id. kNotFound: no such user.
  virtual absl::StatusOr<Page<StoredEpisode>> ListEpisodes(const UserKey& user, const std::string& after,
                                                           int limit) = 0;

  // ---- tasks

  // A waiting task of the user takes the request in (highest priority, reason added); beside a running one it
  // waits behind. kNotFound: no such user. kInvalidArgument: request_id reused with another body (within a
  // day). kResourceExhausted: the tenant's queue is full (TenantSettings::max_waiting), as 'queue: tenant has
  // 7 waiting tasks, limit 7'; joining is always possible. A manual one, joined
  // or not but no repetition, ends the user's pause (paused_by) and counts in the user's manual condition, if
  // there is one (last_fired, times_fired).
  virtual absl::StatusOr<EnqueueResult> Enqueue(const EnqueueRequest& request) = 0;
  // What Enqueue or FireTrigger answered to this user, request_id and request_body within a day; unset if
  // nothing. kInvalidArgument: as Enqueue's.
  virtual absl::StatusOr<std::optional<EnqueueResult>> FindRequest(const EnqueueRequest& request) = 0;
  // Claims up to `limit` ready tasks. Tenants share: the next goes to the one with the fewest running tasks
  // for its weight, paused ones get none (see fair_share.h). Within a tenant the best rank is first: ready
  // time less six minutes a point of priority, so that nothing waits for ever. Their attempt counts.
  virtual absl::StatusOr<std::vector<ClaimedTask>> ClaimTasks(const std::string& owner, int limit,
                                                              absl::Duration lease) = 0;
  // Finishes up to `limit` of the next ready tasks whose users have nothing pending, as runs that sampled
  // nothing, but many in a transaction; the memory's version stays. Each run has its task's id and `report`.
  // Left to a worker are a task that another waits behind, one that somebody is changing, and those of paused
  // tenants.
  virtual absl::StatusOr<std::vector<IdleTask>> FinishIdleTasks(int limit, const std::string& report) = 0;
  // kAborted: the lease is lost.
  virtual absl::Status RenewLease(const Lease& lease, absl::Duration duration) = 0;
  // Hands a claimed task back as it was before the claim; the attempt does not count. kAborted.
  virtual absl::Status ReleaseTask(const Lease& lease) = 0;
  // As ReleaseTask, but delayed until `delay` from now. `why` is its last error. kAborted.
  virtual absl::Status PostponeTask(const Lease& lease, const std::string& why, absl::Duration delay) = 0;
  // The attempt failed. Delayed until `retry_after` from now, or dead if unset. kAborted.
  virtual absl::Status FailTask(const Lease& lease, const std::string& error,
                                std::optional<absl::Duration> retry_after) = 0;
  // Makes tasks whose lease has run out ready again (dead after `max_attempts`), and delayed ones whose time
  // has come. With `all_running` (an embedded store at start) every running task counts as run out, and its
  // attempt does not count.
  virtual absl::StatusOr<RescueResult> RescueTasks(int max_attempts, bool all_running) = 0;
  // Cheap however much there is: of no kind more than `limit` are counted.
  virtual absl::StatusOr<QueueCounts> CountQueue(int limit) = 0;
  // kNotFound.
  virtual absl::StatusOr<Task> GetTask(const std::string& tenant, const std::string& task_id) = 0;
  // Newest first: a tenant's by id, a user's by created_at.
  virtual absl::StatusOr<Page<Task>> ListTasks(const TaskFilter& filter, const std::string& after,
                                               int limit) = 0;
  // Takes effect at once; a running attempt loses its lease. kNotFound; kFailedPrecondition: finished
  // already.
  virtual absl::StatusOr<Task> CancelTask(const std::string& tenant, const std::string& task_id) = 0;
  // A dead or cancelled task becomes ready with a fresh count of attempts (waits behind a running one; joins
  // a waiting one, which is then returned). kNotFound; kFailedPrecondition: neither dead nor cancelled.
  virtual absl::StatusOr<EnqueueResult> RetryTask(const std::string& tenant, const std::string& task_id) = 0;

  // ---- a run

  // kAborted: the lease is lost.
  virtual absl::StatusOr<Sample> SampleEpisodes(const Lease& lease, const SampleSpec& spec) = 0;
  // The episodes of a stored plan that are still pending, in the plan's order, with context and registry.
  virtual absl::StatusOr<Sample> LoadPlanned(const Lease& lease, const std::vector<std::string>& ids,
                                             int context_turns) = 0;
  // Those of `ids` that are there, pending or not, in that order, with context and registry; without tries.
  // kNotFound: no such user.
  virtual absl::StatusOr<Sample> LoadEpisodes(const UserKey& user, const std::vector<std::string>& ids,
                                              int context_turns) = 0;
  // kAborted.
  virtual absl::Status StorePlan(const Lease& lease, const std::string& run_id, const std::string& plan) = 0;
  // The journal: which of these requests the endpoint has answered for this user, each once, by hash.
  // kInvalidArgument: more than kMaxExchanges.
  virtual absl::StatusOr<std::vector<Exchange>> LoadExchanges(
      const UserKey& user, const std::vector<std::string>& request_hashes) = 0;
  // What a run was answered, before it is used. A hash that is there already stays as it was; so the same
  // call may be made again. Also deletes the user's exchanges that are older than `retention`, oldest first
  // and kExpireExchanges at most, but not this run's (absl::InfiniteDuration(): none). kAborted;
  // kInvalidArgument: over a limit above. In Postgres a crash of the server itself may lose the last of them,
  // never one of a run that has committed.
  virtual absl::Status StoreExchanges(const Lease& lease, const std::string& run_id,
                                      const std::vector<Exchange>& exchanges, absl::Duration retention) = 0;
  // Draws `wanted` tokens of the tenant's today (UTC, by the store's clock), or what is left of `limit` if
  // that is at least `least`, or none. One whose answer is lost counts as drawn.
  virtual absl::StatusOr<TokenGrant> DrawTokens(const std::string& tenant, int64_t wanted, int64_t least,
                                                int64_t limit) = 0;
  // Of what was drawn on `day`; in vain once that is over.
  virtual absl::Status ReturnTokens(const std::string& tenant, int64_t day, int64_t tokens) = 0;
  // `raw_keys` as assertions carry them, `slot_keys` as facts do.
  virtual absl::StatusOr<SlotContents> LoadSlots(const UserKey& user,
                                                 const std::vector<std::string>& raw_keys,
                                                 const std::vector<std::string>& slot_keys) = 0;
  // Everything of a user, for refolding, verification and export.
  virtual absl::StatusOr<SlotContents> LoadAllSlots(const UserKey& user) = 0;
  // Distinct slot keys that the user has facts under.
  virtual absl::StatusOr<std::vector<std::string>> ListFactKeys(const UserKey& user) = 0;
  // kAborted: lease lost, memory changed, or a reviewed episode no longer pending. Idempotent: a commit whose
  // run_id this attempt has recorded already answers as the first did. (If it was a later attempt that did,
  // with the same plan, the lease is lost.) kInvalidArgument: it contradicts itself, such as `cited` outside
  // `reviewed`, or a fact whose key is not replaced.
  virtual absl::StatusOr<CommitResult> CommitRun(const RunCommit& commit) = 0;
  // Replaces all of a user's facts, if its memory is still at `memory_version`. kAborted: it is not.
  virtual absl::Status ReplaceFacts(const UserKey& user, int64_t memory_version,
                                    const std::string& fold_stamp, const std::vector<Fact>& facts) = 0;

  // ---- what was learned

  // By key, then time. kNotFound: no such user.
  virtual absl::StatusOr<Page<Fact>> ListFacts(const UserKey& user, const FactFilter& filter,
                                               const std::string& after, int limit) = 0;
  // By time, then run, then ordinal. kNotFound: no such user.
  virtual absl::StatusOr<Page<Quarantined>> ListQuarantine(const UserKey& user, const std::string& after,
                                                           int limit) = 0;
  // kNotFound.
  virtual absl::StatusOr<RunRecord> GetRun(const std::string& tenant, const std::string& run_id) = 0;
  // Newest first. Without change sets. kNotFound: no such user.
  virtual absl::StatusOr<Page<RunRecord>> ListRuns(const UserKey& user, const std::string& after,
                                                   int limit) = 0;

  // ---- slots

  // The tenant's own; the built-in ones are merged in by core/registry.h.
  virtual absl::StatusOr<SlotRegistry> GetSlots(const std::string& tenant) = 0;
  // Inserts or replaces by pattern; the version grows only if something changed.
  virtual absl::StatusOr<SlotRegistry> PutSlots(const std::string& tenant,
                                                const std::vector<Slot>& slots) = 0;

  // ---- triggers

  // Writes the condition and the task in one transaction. kAborted: the condition is no longer as read.
  virtual absl::StatusOr<EnqueueResult> FireTrigger(const FireRequest& request) = 0;
  // One sweep: users with a condition whose next_due has come, earliest first, at most `limit` of them, are
  // put to `rule`; a due condition that it says nothing of loses its next_due. Users whose row another
  // process is working on are left for the next sweep, and so is a tenant that is paused.
  virtual absl::StatusOr<SweepResult> SweepTriggers(const TriggerRule& rule, int limit) = 0;

  // ---- tenants

  // Defaults if nobody set them.
  virtual absl::StatusOr<TenantSettings> GetTenant(const std::string& tenant) = 0;
  virtual absl::Status PutTenant(const std::string& tenant, const TenantSettings& settings) = 0;

  // ---- upkeep

  // A cheap read that proves the store answers. kFailedPrecondition: it does, but lacks migrations of this
  // binary.
  virtual absl::Status Ping() = 0;
  // `wake` is called, from a thread of the store's, when another process may have made work ready; null ends
  // that, and returns once no call is under way. Stores of one process never call it.
  virtual void OnWork(std::function<void()> wake) = 0;
};

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_STORE_H_
