// The journal of exchanges with the LLM endpoint.
#include "storage/exchanges.h"

#include <set>

#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {

absl::StatusOr<std::vector<Exchange>> SqliteStore::LoadExchanges(
    const UserKey& user, const std::vector<std::string>& request_hashes) {
  if (absl::Status checked = CheckHashes(request_hashes); !checked.ok()) return checked;
  return Read("load exchanges", [&](Connection& c) -> absl::StatusOr<std::vector<Exchange>> {
    std::vector<Exchange> found;
    for (const std::string& hash : std::set<std::string>(request_hashes.begin(), request_hashes.end())) {
      Query q(c, "exchange_get", user.tenant, user.user, hash);
      if (!q.Step()) continue;
      found.push_back({.request_hash = hash,
                       .reply = q.Text(0),
                       .model = q.Text(1),
                       .prompt_tokens = q.Int(2),
                       .completion_tokens = q.Int(3)});
    }
    return found;
  });
}

absl::Status SqliteStore::StoreExchanges(const Lease& lease, const std::string& run_id,
                                         const std::vector<Exchange>& exchanges, absl::Duration retention) {
  if (absl::Status checked = CheckExchanges(exchanges); !checked.ok()) return checked;
  return Write("store exchanges", [&](Connection& c) -> absl::Status {
    if (absl::Status held = CheckLease(c, lease); !held.ok()) return held;
    const absl::Time now = Now();
    const UserKey& user = lease.user;
    // First, so that what has expired does not keep its successor out.
    Query(c, "exchange_expire", user.tenant, user.user, now - ClampRetention(retention), run_id,
          kExpireExchanges)
        .Run();
    for (const Exchange& one : exchanges) {
      Query(c, "exchange_insert", user.tenant, user.user, one.request_hash, run_id, now, one.model,
            one.prompt_tokens, one.completion_tokens, one.reply)
          .Run();
    }
    return absl::OkStatus();
  });
}

}  // namespace slowwave::sqlite
