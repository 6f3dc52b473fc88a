#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {

TenantSettings LoadTenant(Connection& c, const std::string& tenant) {
  TenantSettings settings;
  Query q(c, "tenant_get", tenant);
  if (!q.Step()) return settings;
  settings.paused = q.Bool(0);
  settings.weight = q.Real(1);
  settings.max_waiting = static_cast<int32_t>(q.Int(2));
  settings.window_from = q.MaybeDuration(3);
  settings.window_to = q.MaybeDuration(4);
  return settings;
}

absl::StatusOr<TenantSettings> SqliteStore::GetTenant(const std::string& tenant) {
  return Read("get tenant",
              [&](Connection& c) -> absl::StatusOr<TenantSettings> { return LoadTenant(c, tenant); });
}

absl::Status SqliteStore::PutTenant(const std::string& tenant, const TenantSettings& settings) {
  return Write("put tenant", [&](Connection& c) -> absl::Status {
    Query(c, "tenant_put", tenant, settings.paused, settings.weight, settings.max_waiting,
          settings.window_from, settings.window_to)
        .Run();
    return absl::OkStatus();
  });
}

}  // namespace slowwave::sqlite
