#include "storage/conditions.h"

namespace slowwave {
namespace {

bool Same(const std::optional<absl::Time>& a, const std::optional<absl::Time>& b) {
  return a.has_value() == b.has_value() && (!a || absl::ToUnixMicros(*a) == absl::ToUnixMicros(*b));
}

bool Same(const std::optional<absl::Duration>& a, const std::optional<absl::Duration>& b) {
  return a.has_value() == b.has_value() &&
         (!a || absl::ToInt64Microseconds(*a) == absl::ToInt64Microseconds(*b));
}

bool SameFigures(const TriggerCondition& a, const TriggerCondition& b) {
  return a.kind == b.kind && Same(a.interval, b.interval) && a.episodes == b.episodes &&
         a.megabytes == b.megabytes && Same(a.cooldown, b.cooldown) && a.events == b.events;
}

}  // namespace

bool SameCondition(const TriggerCondition& a, const TriggerCondition& b) {
  return SameFigures(a, b) && Same(a.last_fired, b.last_fired) && Same(a.next_due, b.next_due) &&
         a.times_fired == b.times_fired;
}

std::vector<TriggerCondition> MergeConditions(const std::vector<TriggerCondition>& stored,
                                              std::vector<TriggerCondition> registered) {
  for (TriggerCondition& condition : registered) {
    for (const TriggerCondition& before : stored) {
      if (before.kind != condition.kind) continue;
      condition.last_fired = before.last_fired;
      condition.times_fired = before.times_fired;
      if (SameFigures(before, condition)) condition.next_due = before.next_due;
    }
  }
  return registered;
}

}  // namespace slowwave
