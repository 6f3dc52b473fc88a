// What tenants' runs may still spend today.
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {

absl::StatusOr<TokenGrant> PostgresStore::DrawTokens(const std::string& tenant, int64_t wanted, int64_t least,
                                                     int64_t limit) {
  return Single("draw tokens", [&](Transaction& t) -> absl::StatusOr<TokenGrant> {
    Rows row = t.Add("budget_draw", tenant, wanted, least, limit, t.clock());
    t.Send();
    TokenGrant grant;
    if (!row.Step()) return grant;
    grant = {row.Int(0), row.Int(1), absl::ZeroDuration()};
    grant.day_left = absl::FromUnixSeconds((grant.day + 1) * 86400) - row.Time(2);
    return grant;
  });
}

absl::Status PostgresStore::ReturnTokens(const std::string& tenant, int64_t day, int64_t tokens) {
  return Single("return tokens", [&](Transaction& t) -> absl::Status {
    t.Add("budget_return", tenant, day, tokens);
    t.Send();
    return absl::OkStatus();
  });
}

}  // namespace slowwave::postgres
