#include "storage/codec.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {
namespace {

Slot ReadSlot(Query& q) {
  Slot slot;
  slot.pattern = q.Text(0);
  slot.category = q.Enum<Category>(1);
  slot.value_type = q.Enum<ValueType>(2);
  slot.many = q.Bool(3);
  slot.temporal = q.Bool(4);
  slot.aliases = q.Strings(5);
  slot.description = q.Text(6);
  return slot;
}

bool Same(const Slot& a, const Slot& b) {
  return a.category == b.category && a.value_type == b.value_type && a.many == b.many &&
         a.temporal == b.temporal && a.aliases == b.aliases && a.description == b.description;
}

bool IsStored(Connection& c, const std::string& tenant, const Slot& slot) {
  Query q(c, "slot_get", tenant, slot.pattern);
  return q.Step() && Same(ReadSlot(q), slot);
}

}  // namespace

SlotRegistry LoadRegistry(Connection& c, const std::string& tenant) {
  SlotRegistry registry;
  Query version(c, "registry_version", tenant);
  if (version.Step()) registry.version = version.Int(0);
  Query q(c, "slot_list", tenant);
  while (q.Step()) registry.slots.push_back(ReadSlot(q));
  return registry;
}

absl::StatusOr<SlotRegistry> SqliteStore::GetSlots(const std::string& tenant) {
  return Read("get slots",
              [&](Connection& c) -> absl::StatusOr<SlotRegistry> { return LoadRegistry(c, tenant); });
}

absl::StatusOr<SlotRegistry> SqliteStore::PutSlots(const std::string& tenant,
                                                   const std::vector<Slot>& slots) {
  return Write("put slots", [&](Connection& c) -> absl::StatusOr<SlotRegistry> {
    bool changed = false;
    for (const Slot& slot : slots) {
      if (IsStored(c, tenant, slot)) continue;
      Query(c, "slot_put", tenant, slot.pattern, slot.category, slot.value_type, slot.many, slot.temporal,
            codec::EncodeStrings(slot.aliases), slot.description)
          .Run();
      changed = true;
    }
    if (changed) Query(c, "registry_bump", tenant).Run();
    return LoadRegistry(c, tenant);
  });
}

}  // namespace slowwave::sqlite
