// The class behind OpenSqlite. Its methods lie in one file a topic: users, episodes, tasks, leases, sampling,
// exchanges, commit, runs, facts, slots, triggers, tenants.
#ifndef SLOWWAVE_STORAGE_SQLITE_STORE_IMPL_H_
#define SLOWWAVE_STORAGE_SQLITE_STORE_IMPL_H_

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
#include "storage/sqlite/connection.h"
#include "storage/sqlite/file_lock.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/store.h"

namespace slowwave::sqlite {

class SqliteStore : public Store {
 public:
  SqliteStore(SqliteOptions options, std::unique_ptr<FileLock> lock, std::unique_ptr<Connection> writer);
  ~SqliteStore() override;

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
  // The file belongs to one process, so no other makes work.
  void OnWork(std::function<void()>) override {}

 private:
  static const absl::Status& StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
    return result.status();
  }

  // Runs `body(connection)`, which returns a Status or StatusOr, as one transaction. See Connection on
  // errors.
  template <typename Body>
  auto Transact(Connection& connection, std::string_view doing, bool write, Body& body, ObservedCall& call)
      -> decltype(body(connection)) {
    absl::Status end;
    try {
      if (absl::Status begun = connection.Begin(doing, write); !begun.ok()) {
        call.Fail(begun);
        return begun;
      }
      auto result = body(connection);
      end = connection.Commit(StatusOf(result));
      if (end.ok()) return result;
      if (connection.failed() || StatusOf(result).ok()) call.Fail(end);
    } catch (const std::exception& error) {
      end = connection.Commit(absl::InternalError(absl::StrCat(std::string(doing), ": ", error.what())));
      call.Fail(end);
    }
    return end;
  }

  template <typename Body>
  auto Write(std::string_view doing, Body body) -> decltype(body(std::declval<Connection&>())) {
    ObservedCall call(options_.observer, doing);
    absl::MutexLock lock(&write_mutex_);
    return Transact(*writer_, doing, /*write=*/true, body, call);
  }

  // Sees one state of the database throughout.
  template <typename Body>
  auto Read(std::string_view doing, Body body) -> decltype(body(std::declval<Connection&>())) {
    ObservedCall call(options_.observer, doing);
    if (in_memory_) {
      absl::MutexLock lock(&write_mutex_);
      return Transact(*writer_, doing, /*write=*/false, body, call);
    }
    absl::StatusOr<std::unique_ptr<Connection>> reader = TakeReader();
    if (!reader.ok()) {
      call.Fail(reader.status());
      return reader.status();
    }
    auto result = Transact(**reader, doing, /*write=*/false, body, call);
    ReturnReader(std::move(*reader));
    return result;
  }

  absl::StatusOr<std::unique_ptr<Connection>> TakeReader();
  void ReturnReader(std::unique_ptr<Connection> reader);

  absl::Time Now() const { return options_.now(); }

  const SqliteOptions options_;
  const bool in_memory_;  // a database in memory belongs to one connection, which then serves reads too
  const std::unique_ptr<FileLock> lock_;

  absl::Mutex write_mutex_;
  const std::unique_ptr<Connection> writer_ ABSL_PT_GUARDED_BY(write_mutex_);

  absl::Mutex reader_mutex_;
  SteadyCondVar reader_returned_;
  std::vector<std::unique_ptr<Connection>> idle_readers_ ABSL_GUARDED_BY(reader_mutex_);
  int readers_ ABSL_GUARDED_BY(reader_mutex_) = 0;
};

}  // namespace slowwave::sqlite

#endif  // SLOWWAVE_STORAGE_SQLITE_STORE_IMPL_H_
