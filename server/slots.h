// Slots and trigger conditions from the wire: judged, mapped, put.
#ifndef SLOWWAVE_SERVER_SLOTS_H_
#define SLOWWAVE_SERVER_SLOTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "slowwave/v1/memory.pb.h"
#include "storage/store.h"

namespace slowwave {

struct PutResult {
  Slot slot;
  int64_t version = 0;
  bool changed = false;
};

// Whether the tenant has just this slot.
bool IsIn(const SlotRegistry& own, const Slot& slot);

// InvalidArgument names the field under `path`.
absl::StatusOr<PutResult> PutOneSlot(Store& store, const std::string& tenant, const v1::Slot& slot,
                                     const std::string& path);

// As Registered (core/triggers.h) has them. InvalidArgument.
absl::StatusOr<std::vector<TriggerCondition>> ConditionsFrom(
    const google::protobuf::RepeatedPtrField<v1::TriggerCondition>& conditions, const std::string& path,
    absl::Time now, double jitter);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_SLOTS_H_
