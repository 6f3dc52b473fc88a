// The class behind OpenPostgres. Its methods lie in one file a topic: users, triggers, episodes, tasks,
// leases, sampling, exchanges, commit, runs, facts, slots.
#ifndef SLOWWAVE_STORAGE_POSTGRES_STORE_IMPL_H_
#define SLOWWAVE_STORAGE_POSTGRES_STORE_IMPL_H_

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "storage/deadline.h"
#include "storage/fair_share.h"
#include "storage/postgres/enqueue_line.h"
#include "storage/postgres/listener.h"
#include "storage/postgres/pool.h"
#include "storage/postgres/postgres_store.h"
#include "storage/postgres/transaction.h"
#include "storage/store.h"

namespace slowwave::postgres {

class PostgresStore : public Store {
 public:
  explicit PostgresStore(PostgresOptions options);

  absl::StatusOr<UserState> RegisterUser(const UserKey& user,
                                         const std::vector<TriggerCondition>& conditions) override;
  absl::StatusOr<UserState> GetUser(const UserKey& user) override;
  absl::StatusOr<Page<UserKey>> ListUsers(const std::string& tenant, const std::string& after,
                                          int limit) override;
  absl::StatusOr<IngestResult> IngestEpisodes(const UserKey& user, const std::vector<Episode>& episodes,
                                              const std::vector<TriggerCondition>& defaults,
                                              const TriggerRule& rule) override;
  absl::StatusOr<StoredEpisode> GetEpisode(const UserKey& user, const std::string& id) override;
  absl::StatusOr<Page<StoredEpisode>> ListEpisodes(const UserKey& user, const std::string& after,
                                                   int limit) override;
  absl::StatusOr<EnqueueResult> Enqueue(const EnqueueRequest& request) override;
  absl::StatusOr<std::optional<EnqueueResult>> FindRequest(const EnqueueRequest& request) override;
  absl::StatusOr<std::vector<ClaimedTask>> ClaimTasks(const std::string& owner, int limit,
                                                      absl::Duration lease) override;
  absl::StatusOr<std::vector<IdleTask>> FinishIdleTasks(int limit, const std::string& report) override;
  absl::Status RenewLease(const Lease& lease, absl::Duration duration) override;
  absl::Status ReleaseTask(const Lease& lease) override;
  absl::Status PostponeTask(const Lease& lease, const std::string& why, absl::Duration delay) override;
  absl::Status FailTask(const Lease& lease, const std::string& error,
                        std::optional<absl::Duration> retry_after) override;
  absl::StatusOr<RescueResult> RescueTasks(int max_attempts, bool all_running) override;
  absl::StatusOr<QueueCounts> CountQueue(int limit) override;
  absl::StatusOr<Task> GetTask(const std::string& tenant, const std::string& task_id) override;
  absl::StatusOr<Page<Task>> ListTasks(const TaskFilter& filter, const std::string& after,
                                       int limit) override;
  absl::StatusOr<Task> CancelTask(const std::string& tenant, const std::string& task_id) override;
  absl::StatusOr<EnqueueResult> RetryTask(const std::string& tenant, const std::string& task_id) override;
  absl::StatusOr<Sample> SampleEpisodes(const Lease& lease, const SampleSpec& spec) override;
  absl::StatusOr<Sample> LoadPlanned(const Lease& lease, const std::vector<std::string>& ids,
                                     int context_turns) override;
  absl::StatusOr<Sample> LoadEpisodes(const UserKey& user, const std::vector<std::string>& ids,
                                      int context_turns) override;
  absl::Status StorePlan(const Lease& lease, const std::string& run_id, const std::string& plan) override;
  absl::StatusOr<TokenGrant> DrawTokens(const std::string& tenant, int64_t wanted, int64_t least,
                                        int64_t limit) override;
  absl::Status ReturnTokens(const std::string& tenant, int64_t day, int64_t tokens) override;
  absl::StatusOr<std::vector<Exchange>> LoadExchanges(
      const UserKey& user, const std::vector<std::string>& request_hashes) override;
  absl::Status StoreExchanges(const Lease& lease, const std::string& run_id,
                              const std::vector<Exchange>& exchanges, absl::Duration retention) override;
  absl::StatusOr<SlotContents> LoadSlots(const UserKey& user, const std::vector<std::string>& raw_keys,
                                         const std::vector<std::string>& slot_keys) override;
  absl::StatusOr<SlotContents> LoadAllSlots(const UserKey& user) override;
  absl::StatusOr<std::vector<std::string>> ListFactKeys(const UserKey& user) override;
  absl::StatusOr<CommitResult> CommitRun(const RunCommit& commit) override;
  absl::Status ReplaceFacts(const UserKey& user, int64_t memory_version, const std::string& fold_stamp,
                            const std::vector<Fact>& facts) override;
  absl::StatusOr<Page<Fact>> ListFacts(const UserKey& user, const FactFilter& filter,
                                       const std::string& after, int limit) override;
  absl::StatusOr<Page<Quarantined>> ListQuarantine(const UserKey& user, const std::string& after,
                                                   int limit) override;
  absl::StatusOr<RunRecord> GetRun(const std::string& tenant, const std::string& run_id) override;
  absl::StatusOr<Page<RunRecord>> ListRuns(const UserKey& user, const std::string& after, int limit) override;
  absl::StatusOr<SlotRegistry> GetSlots(const std::string& tenant) override;
  absl::StatusOr<SlotRegistry> PutSlots(const std::string& tenant, const std::vector<Slot>& slots) override;
  absl::StatusOr<EnqueueResult> FireTrigger(const FireRequest& request) override;
  absl::StatusOr<SweepResult> SweepTriggers(const TriggerRule& rule, int limit) override;
  absl::StatusOr<TenantSettings> GetTenant(const std::string& tenant) override;
  absl::Status PutTenant(const std::string& tenant, const TenantSettings& settings) override;
  absl::Status Ping() override;
  void OnWork(std::function<void()> wake) override;

 private:
  static const absl::Status& StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
    return result.status();
  }

  // Runs `body(transaction)`, which returns a Status or StatusOr, and commits if that is fine. It is run
  // again if transactions collided or the connection was stale. `in_doubt` (if given) says whether a failure
  // may have been committed all the same.
  template <typename Body>
  auto Transact(std::string_view doing, Mode mode, absl::Duration timeout, Body& body,
                bool* in_doubt = nullptr) -> decltype(body(std::declval<Transaction&>())) {
    ObservedCall call(options_.observer, doing);
    const Deadline deadline = Deadline::After(timeout);
    for (int attempt = 1;; ++attempt) {
      absl::StatusOr<std::unique_ptr<Connection>> connection = pool_.Take(deadline);
      if (!connection.ok()) {
        call.Fail(connection.status());
        return Named(doing, connection.status());
      }
      std::optional<absl::Time> clock;
      if (options_.now) clock = options_.now();
      Transaction transaction(**connection, mode, deadline, clock);
      absl::Status end;
      bool thrown = false;
      try {
        auto result = body(transaction);
        end = transaction.End(StatusOf(result));
        if (end.ok()) {
          pool_.Return(std::move(*connection));
          return result;
        }
      } catch (const std::exception& error) {
        end = transaction.End(absl::InternalError(error.what()));
        thrown = true;
      }
      pool_.Return(std::move(*connection));
      if (in_doubt != nullptr) *in_doubt = transaction.in_doubt();
      if (!transaction.worth_another_try() || attempt >= kTries || deadline.over()) {
        if (transaction.failed_itself() || thrown) call.Fail(end);
        return transaction.failed_itself() ? Named(doing, end) : end;
      }
    }
  }
  template <typename Body>
  auto Write(std::string_view doing, Body body) {
    return Transact(doing, Mode::kWrite, options_.call_timeout, body);
  }
  template <typename Body>
  auto Read(std::string_view doing, Body body) {
    return Transact(doing, Mode::kRead, options_.call_timeout, body);
  }
  template <typename Body>
  auto Single(std::string_view doing, Body body) {
    return Transact(doing, Mode::kSingle, options_.call_timeout, body);
  }
  static absl::Status Named(std::string_view doing, const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(std::string(doing), ": ", status.message()));
  }

  // Tells other processes of new work, if there is any.
  template <typename T>
  absl::StatusOr<T> Announced(const std::string& tenant, absl::StatusOr<T> result) {
    if (!result.ok()) return result;
    listener_.Announce();
    absl::MutexLock lock(&hint_mutex_);
    requested_tenant_ = tenant;
    return result;
  }
  // tasks.cc
  // Unset where it is not the simple case that one statement is for.
  absl::StatusOr<EnqueueLine::Answers> EnqueueNew(const EnqueueLine::Batch& batch, Deadline deadline);
  absl::StatusOr<EnqueueResult> EnqueueInside(Transaction& t, const EnqueueRequest& request,
                                              const FireRequest* fire);
  void ExpireRequests(Transaction& t, const EnqueueRequest& request);
  // Takes the lock of the task's user, then reads the task. kNotFound.
  static absl::StatusOr<Task> LockTask(Transaction& t, const std::string& tenant, const std::string& task_id);
  // leases.cc
  absl::StatusOr<std::vector<TenantDemand>> ReadDemands(int room);
  absl::StatusOr<std::vector<ClaimedTask>> ClaimOfTenant(const TenantShare& share, const std::string& owner,
                                                         absl::Duration lease);
  absl::StatusOr<std::vector<IdleTask>> FinishIdleOfTenant(const std::string& tenant, int limit,
                                                           const std::string& report);
  // The only tenant that has ready tasks, as far as is known; empty if there may be others.
  std::string OnlyTenant();
  absl::StatusOr<RescueResult> RescueTenant(const std::string& tenant, int max_attempts, bool all_running);
  // triggers.cc
  absl::StatusOr<SweepResult> SweepTenant(const std::string& tenant, const TriggerRule& rule, int limit);
  // commit.cc
  absl::StatusOr<CommitResult> CommitOnce(const RunCommit& commit, absl::Duration timeout, bool& in_doubt);
  absl::StatusOr<std::optional<CommitResult>> Recorded(const RunCommit& commit, absl::Duration timeout);
  absl::Status NotPending(const RunCommit& commit);

  static constexpr int kTries = 5;
  static constexpr char kNotPending[] = "commit run: episodes are no longer pending";

  const PostgresOptions options_;
  Pool pool_;
  EnqueueLine enqueue_line_{
      [this](const EnqueueLine::Batch& batch, Deadline deadline) { return EnqueueNew(batch, deadline); }};
  std::atomic<int64_t> requests_ = 0;  // that had a request_id
  absl::Mutex hint_mutex_;
  // Of the last request that came by way of this process, and whether the tenants that were last seen to have
  // ready tasks were others.
  std::string requested_tenant_ ABSL_GUARDED_BY(hint_mutex_);
  std::vector<std::string> seen_tenants_ ABSL_GUARDED_BY(hint_mutex_);
  std::optional<Deadline> seen_until_ ABSL_GUARDED_BY(hint_mutex_);
  Listener listener_;  // last: it has a thread
};

}  // namespace slowwave::postgres

#endif  // SLOWWAVE_STORAGE_POSTGRES_STORE_IMPL_H_
