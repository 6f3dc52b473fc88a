// Trigger conditions as rows. Pure functions over values, at the grain of stored times (microseconds).
#ifndef SLOWWAVE_STORAGE_CONDITIONS_H_
#define SLOWWAVE_STORAGE_CONDITIONS_H_

#include <vector>

#include "storage/types.h"

namespace slowwave {

// Every field.
bool SameCondition(const TriggerCondition& a, const TriggerCondition& b);

// What a registration leaves: `registered`, where each condition goes on from the stored one of its kind. It
// keeps when that last fired and how often, and, if its figures are the same, when it is next due.
std::vector<TriggerCondition> MergeConditions(const std::vector<TriggerCondition>& stored,
                                              std::vector<TriggerCondition> registered);

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_CONDITIONS_H_
