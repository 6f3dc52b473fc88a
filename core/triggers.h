// When does a user's memory need sleep? Pure functions over values.
#ifndef SLOWWAVE_CORE_TRIGGERS_H_
#define SLOWWAVE_CORE_TRIGGERS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/types.h"

namespace slowwave {

// manual 10, event 5, quota 3, scheduled 0.
int DefaultPriority(TriggerKind kind);

// Scheduled every 6 h (first run at `now` plus `jitter` in [0, 1) of the interval), quota 500 pending
// episodes or 100 MB with a cooldown of 1 h, manual.
std::vector<TriggerCondition> DefaultConditions(absl::Time now, double jitter);

// InvalidArgument names the field: kind unspecified, a figure missing, zero, negative or not finite, a kind
// twice.
absl::Status CheckConditions(const std::vector<TriggerCondition>& conditions);

struct TriggerFigures {
  int64_t episodes = 0;  // pending
  double megabytes = 0;  // pending, 10^6 bytes
  std::string event;     // empty: none
};

struct Firing {
  int condition = -1;      // index; the first that fires, in order of kind's priority
  std::string reason;      // 'quota: 612 pending episodes, limit 500'
  TriggerCondition after;  // with last_fired, times_fired, next_due moved on
};

// Nothing fires while automatic triggers are paused (UserState::paused_by). An event fires whenever it is
// named.
std::optional<Firing> Evaluate(const std::vector<TriggerCondition>& conditions, const TriggerFigures& figures,
                               absl::Time now);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_TRIGGERS_H_
