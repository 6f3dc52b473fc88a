// Steps that several topics share. All run inside the caller's transaction.
#ifndef SLOWWAVE_STORAGE_POSTGRES_ROWS_H_
#define SLOWWAVE_STORAGE_POSTGRES_ROWS_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/postgres/transaction.h"
#include "storage/store.h"

namespace slowwave::postgres {

// The time that a page token names, within what Postgres can have.
absl::Time TimeOfToken(int64_t micros);

// users.cc
absl::Status NoSuchUser();
// The limit of a list must be positive.
absl::Status CheckLimit(int limit);
// The columns of user_get, from `column` on; without conditions.
UserState ReadUser(const UserKey& user, const Rows& row, int column = 0);
// The columns of trig_list, from `column` on.
TriggerCondition ReadCondition(Rows& row, int column = 0);
std::vector<TriggerCondition> ReadConditions(Rows rows);
TenantSettings ReadTenant(Rows rows);
void InsertConditions(Transaction& t, const UserKey& user, const std::vector<TriggerCondition>& conditions);

// Whether the condition is still what the request read, at the grain at which it is stored.
bool IsAsRead(const std::vector<TriggerCondition>& conditions, const FireRequest& request);

// What changes of conditions when they fire, gathered for one statement.
class ConditionUpdates {
 public:
  void Add(const std::string& user, int ord, const TriggerCondition& after);
  void Write(Transaction& t, const std::string& tenant) const;

 private:
  std::vector<std::string> users_;
  std::vector<int> ords_;
  std::vector<std::optional<absl::Time>> last_fired_, next_due_;
  std::vector<int64_t> times_fired_;
};

// episodes.cc
// The columns from `first` on are those of episode_get.
Episode ReadEpisode(Rows& row, int first);
StoredEpisode ReadStoredEpisode(Rows& row);

// tasks.cc
absl::Status NoSuchTask();
// The columns of task_get.
Task ReadTask(const std::string& tenant, Rows& row);
// Tasks to insert, gathered for one statement.
class NewTasks {
 public:
  // Returns the id.
  std::string Add(const EnqueueRequest& request, TaskState state);
  // One that was added here takes another request in. False: it was not added here.
  bool Join(const std::string& task_id, const EnqueueRequest& request);
  void Write(Transaction& t, const std::string& tenant) const;

 private:
  struct New {
    std::string id, user;
    TriggerKind kind;
    TaskState state;
    int32_t priority;
    std::vector<std::string> reasons;
    TaskOptions options;
  };
  std::vector<New> tasks_;
};

// An unfinished task as tasks_live and tasks_behind give it.
struct Unfinished {
  std::string task_id;
  TaskState state = TaskState::kUnspecified;
  int32_t priority = 0;
  std::vector<std::string> reasons;
  TaskOptions options;
};
// The unfinished tasks of some users of a tenant.
class UnfinishedTasks {
 public:
  UnfinishedTasks(Transaction& t, const std::string& tenant, const std::vector<std::string>& users)
      : live_(t.Add("tasks_live", tenant, users)), behind_(t.Add("tasks_behind", tenant, users)) {}
  // Once they were sent. By user.
  std::map<std::string, std::vector<Unfinished>> Read();

 private:
  Rows live_, behind_;
};

// Where a request goes: joins an unfinished task (whose row is then updated), or is a new one.
struct Placed {
  std::string task_id;
  bool joined = false;
};
// `unfinished` are the user's, as the transaction has them locked; a new one is added to them.
Placed Place(Transaction& t, const EnqueueRequest& request, std::vector<Unfinished>& unfinished,
             NewTasks& fresh);

// Whether a request of the user's would be a new task rather than join one.
bool IsNew(std::vector<Unfinished>& unfinished);

// triggers.cc
// What a rule decided about users of one tenant, gathered and written together.
class Firings {
 public:
  Firings(Transaction& t, std::string tenant, const TenantSettings& settings)
      : t_(t), tenant_(std::move(tenant)), settings_(settings) {}
  // Reads what a full queue is told by. False: the transaction failed.
  bool CountQueue();
  // Says whether a condition was due. `unfinished` are the user's tasks. In a `sweep` due conditions that
  // were not decided about are not due any more.
  bool Apply(const UserState& before, const std::vector<TriggerDecision>& decisions,
             std::vector<Unfinished>& unfinished, bool sweep);
  void Write();
  const std::vector<Placed>& fired() const { return fired_; }

 private:
  Transaction& t_;
  const std::string tenant_;
  const TenantSettings settings_;
  int64_t waiting_ = 0;
  ConditionUpdates updates_;
  NewTasks fresh_;
  std::vector<Placed> fired_;
};

// leases.cc
absl::Status LeaseLost();

// slots.cc
SlotRegistry ReadRegistry(Rows version, Rows slots);

// facts.cc
void InsertFacts(Transaction& t, const UserKey& user, const std::vector<Fact>& facts);
void InsertAssertions(Transaction& t, const UserKey& user, const std::vector<Assertion>& assertions);

}  // namespace slowwave::postgres

#endif  // SLOWWAVE_STORAGE_POSTGRES_ROWS_H_
