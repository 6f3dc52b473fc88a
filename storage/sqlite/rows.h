// Steps that several topics share. All run inside the caller's transaction; errors stick to the connection.
#ifndef SLOWWAVE_STORAGE_SQLITE_ROWS_H_
#define SLOWWAVE_STORAGE_SQLITE_ROWS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/sqlite/connection.h"
#include "storage/store.h"

namespace slowwave::sqlite {

// users.cc
absl::Status NoSuchUser();
std::optional<UserState> LoadUser(Connection& c, const UserKey& user);  // without conditions
// Makes the user unless it is there; says whether it was made.
bool CreateUser(Connection& c, const UserKey& user, const std::vector<TriggerCondition>& conditions,
                absl::Time now);

// triggers.cc
std::vector<TriggerCondition> LoadConditions(Connection& c, const UserKey& user);
void PutCondition(Connection& c, const UserKey& user, int ord, const TriggerCondition& condition);
// Lets `rule` judge the user and does what it says; the user's tasks that it made or joined. In a sweep, due
// conditions that it says nothing of lose their next_due.
absl::StatusOr<std::vector<EnqueueResult>> ApplyRule(Connection& c, const UserKey& user,
                                                     const TriggerRule& rule, bool sweep, absl::Time now);

// tenants.cc
TenantSettings LoadTenant(Connection& c, const std::string& tenant);

// episodes.cc
std::optional<StoredEpisode> LoadEpisode(Connection& c, const UserKey& user, const std::string& id);

// tasks.cc
std::optional<Task> LoadTask(Connection& c, const std::string& tenant, const std::string& task_id);
std::string InsertTask(Connection& c, const UserKey& user, TaskState state, TriggerKind kind,
                       int32_t priority, const std::string& reasons, const std::string& options,
                       absl::Time now);
// Also refuses a used request_id.
absl::StatusOr<EnqueueResult> EnqueueInside(Connection& c, const EnqueueRequest& request, absl::Time now);
// The answer that the request_id got before, if it did within a day.
absl::StatusOr<std::optional<EnqueueResult>> RepeatedRequest(Connection& c, const EnqueueRequest& request,
                                                             absl::Time now);
// The task behind becomes ready, now that nothing of the user runs. Its id, or empty.
std::string ActivateBehind(Connection& c, const UserKey& user, absl::Time now);

// leases.cc
// kAborted unless the lease is the task's.
absl::Status CheckLease(Connection& c, const Lease& lease);

// sampling.cc
// Whether a run with this spec would find something but what is in `except`.
bool AnyEligible(Connection& c, const UserKey& user, const SampleSpec& spec,
                 const std::vector<std::string>& except, absl::Time now);

// slots.cc
SlotRegistry LoadRegistry(Connection& c, const std::string& tenant);

// facts.cc
void InsertAssertion(Connection& c, const UserKey& user, const Assertion& assertion);
// `ord` counts from 0 in each key.
void InsertFacts(Connection& c, const UserKey& user, const std::vector<Fact>& facts);

// The limit of a list must be positive.
absl::Status CheckLimit(int limit);

}  // namespace slowwave::sqlite

#endif  // SLOWWAVE_STORAGE_SQLITE_ROWS_H_
