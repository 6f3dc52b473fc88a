// What tenants' runs may still spend today.
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {

absl::StatusOr<TokenGrant> SqliteStore::DrawTokens(const std::string& tenant, int64_t wanted, int64_t least,
                                                   int64_t limit) {
  return Write("draw tokens", [&](Connection& c) -> absl::StatusOr<TokenGrant> {
    const absl::Time now = Now();
    const int64_t today = absl::ToUnixSeconds(now) / 86400;
    TokenGrant grant;
    Query q(c, "budget_draw", tenant, today, wanted, least, limit, now);
    if (q.Step()) grant = {q.Int(0), q.Int(1), absl::ZeroDuration()};
    grant.day_left = absl::FromUnixSeconds((grant.day + 1) * 86400) - now;
    return grant;
  });
}

absl::Status SqliteStore::ReturnTokens(const std::string& tenant, int64_t day, int64_t tokens) {
  return Write("return tokens", [&](Connection& c) -> absl::Status {
    Query(c, "budget_return", tenant, day, tokens).Run();
    return absl::OkStatus();
  });
}

}  // namespace slowwave::sqlite
