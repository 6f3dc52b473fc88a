#include <map>

#include "storage/codec.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {
namespace {

bool Same(const Slot& a, const Slot& b) {
  return a.category == b.category && a.value_type == b.value_type && a.many == b.many &&
         a.temporal == b.temporal && a.aliases == b.aliases && a.description == b.description;
}

}  // namespace

SlotRegistry ReadRegistry(Rows version, Rows slots) {
  SlotRegistry registry;
  if (version.Step()) registry.version = version.Int(0);
  while (slots.Step()) {
    Slot& slot = registry.slots.emplace_back();
    slot.pattern = slots.Text(0);
    slot.category = slots.Enum<Category>(1);
    slot.value_type = slots.Enum<ValueType>(2);
    slot.many = slots.Bool(3);
    slot.temporal = slots.Bool(4);
    slot.aliases = slots.Strings(5);
    slot.description = slots.Text(6);
  }
  return registry;
}

absl::StatusOr<SlotRegistry> PostgresStore::GetSlots(const std::string& tenant) {
  return Read("get slots", [&](Transaction& t) -> absl::StatusOr<SlotRegistry> {
    Rows version = t.Add("registry_version", tenant);
    Rows slots = t.Add("slot_list", tenant);
    t.Finish();
    return ReadRegistry(version, slots);
  });
}

absl::StatusOr<SlotRegistry> PostgresStore::PutSlots(const std::string& tenant,
                                                     const std::vector<Slot>& slots) {
  return Write("put slots", [&](Transaction& t) -> absl::StatusOr<SlotRegistry> {
    t.Add("tenant_ensure", tenant);
    Rows version = t.Add("registry_lock", tenant);
    Rows rows = t.Add("slot_list", tenant);
    if (!t.Send()) return SlotRegistry();
    const SlotRegistry before = ReadRegistry(version, rows);
    std::map<std::string_view, const Slot*> stored;
    for (const Slot& slot : before.slots) stored[slot.pattern] = &slot;
    bool changed = false;
    for (const Slot& slot : slots) {
      const auto known = stored.find(slot.pattern);
      if (known != stored.end() && Same(*known->second, slot)) continue;
      t.Add("slot_put", tenant, slot.pattern, slot.category, slot.value_type, slot.many, slot.temporal,
            codec::EncodeStrings(slot.aliases), slot.description);
      stored[slot.pattern] = &slot;
      changed = true;
    }
    if (changed) t.Add("registry_bump", tenant);
    Rows version_after = t.Add("registry_version", tenant);
    Rows slots_after = t.Add("slot_list", tenant);
    t.Finish();
    return ReadRegistry(version_after, slots_after);
  });
}

}  // namespace slowwave::postgres
