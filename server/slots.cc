#include "server/slots.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/keys.h"
#include "core/triggers.h"
#include "server/mapping.h"
#include "server/validation.h"

namespace slowwave {
namespace {

absl::Status Under(const std::string& path, const absl::Status& status) {
  if (status.ok() || path.empty()) return status;
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

bool Same(const Slot& a, const Slot& b) {
  return a.pattern == b.pattern && a.category == b.category && a.value_type == b.value_type &&
         a.many == b.many && a.temporal == b.temporal && a.aliases == b.aliases &&
         a.description == b.description;
}

}  // namespace

bool IsIn(const SlotRegistry& own, const Slot& slot) {
  return std::any_of(own.slots.begin(), own.slots.end(), [&](const Slot& each) { return Same(each, slot); });
}

absl::StatusOr<PutResult> PutOneSlot(Store& store, const std::string& tenant, const v1::Slot& slot,
                                     const std::string& path) {
  if (absl::Status s = CheckSlotSizes(slot, path); !s.ok()) return s;
  absl::StatusOr<SlotRegistry> own = store.GetSlots(tenant);
  if (!own.ok()) return own.status();
  const int64_t before = own->version;
  const Slot record = FromWire(slot);
  if (absl::Status s = CheckSlot(record, Registry(*std::move(own))); !s.ok()) return Under(path, s);
  absl::StatusOr<SlotRegistry> put = store.PutSlots(tenant, {record});
  if (!put.ok()) return put.status();
  PutResult result{record, put->version, put->version != before};
  for (const Slot& kept : put->slots) {
    if (kept.pattern == record.pattern) result.slot = kept;
  }
  return result;
}

absl::StatusOr<std::vector<TriggerCondition>> ConditionsFrom(
    const google::protobuf::RepeatedPtrField<v1::TriggerCondition>& conditions, const std::string& path,
    absl::Time now, double jitter) {
  std::vector<TriggerCondition> records;
  for (const v1::TriggerCondition& condition : conditions) records.push_back(FromWire(condition));
  if (absl::Status s = CheckConditions(records); !s.ok()) return Under(path, s);
  return Registered(std::move(records), now, jitter);
}

}  // namespace slowwave
