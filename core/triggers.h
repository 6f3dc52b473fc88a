// When does a user's memory need sleep? Pure functions over values.
#ifndef SLOWWAVE_CORE_TRIGGERS_H_
#define SLOWWAVE_CORE_TRIGGERS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/store.h"

namespace slowwave {

// manual 10, event 5, quota 3, scheduled 0.
int DefaultPriority(TriggerKind kind);

// In [0, 1), the same for a user at all times: spreads the schedules of many.
double JitterOf(const UserKey& user);

// Scheduled every 6 h, quota 500 pending episodes or 100 MB with a cooldown of 1 h, manual.
std::vector<TriggerCondition> DefaultConditions(absl::Time now, double jitter);

// As they are registered: the first run of a schedule is at `now` plus `jitter` in [0, 1) of its interval,
// and an event is named once.
std::vector<TriggerCondition> Registered(std::vector<TriggerCondition> conditions, absl::Time now,
                                         double jitter);

// InvalidArgument names the field: kind unspecified, a figure missing, zero, negative or not finite, a kind
// twice.
absl::Status CheckConditions(const std::vector<TriggerCondition>& conditions);

struct TriggerFigures {
  int64_t episodes = 0;  // pending
  double megabytes = 0;  // pending, 10^6 bytes
  std::string event;     // empty: none
};

TriggerFigures FiguresOf(const UserState& user);

struct Firing {
  int condition = -1;      // index; the first that fires, in order of kind's priority
  std::string reason;      // 'quota: 612 pending episodes, limit 500'
  TriggerCondition after;  // with last_fired, times_fired, next_due moved on
};

// What a caller with these figures sets off. Nothing while the tenant or the user (paused_by) is paused. An
// event fires whenever it is named; a schedule that is due, in the tenant's window, if anything is pending.
std::optional<Firing> Evaluate(const UserState& user, const TenantSettings& tenant,
                               const TriggerFigures& figures, absl::Time now);

// Rules for the store, see TriggerRule. Each condition that fires makes a task of its kind.
//
// Of an ingest: a quota that is reached and has cooled down fires; one that still cools down is due when that
// ends, and one of a paused tenant at once, so that the sweep fires it then.
std::vector<TriggerDecision> RuleAtIngest(const UserState& user, const TenantSettings& tenant,
                                          absl::Time now);
// Of a sweep, for conditions that are due: a quota fires if it is (still) reached. A schedule fires if
// anything is pending, once however long it is overdue, and moves on by its interval, into the tenant's
// window; overdue outside of it, it waits for the next. For a paused user neither fires; of a paused tenant
// all stays due.
std::vector<TriggerDecision> RuleAtSweep(const UserState& user, const TenantSettings& tenant, absl::Time now);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_TRIGGERS_H_
