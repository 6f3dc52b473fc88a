// The journal of exchanges with the LLM endpoint.
#include "storage/exchanges.h"

#include <algorithm>

#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {

absl::StatusOr<std::vector<Exchange>> PostgresStore::LoadExchanges(
    const UserKey& user, const std::vector<std::string>& request_hashes) {
  if (absl::Status checked = CheckHashes(request_hashes); !checked.ok()) return checked;
  std::vector<Exchange> found;
  if (request_hashes.empty()) return found;
  std::vector<std::string> hashes = request_hashes;
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return Read("load exchanges", [&](Transaction& t) -> absl::StatusOr<std::vector<Exchange>> {
    found.clear();
    Rows rows = t.Add("exchange_load", user.tenant, user.user, hashes);
    t.Finish();
    while (rows.Step()) {
      found.push_back({.request_hash = rows.Text(0),
                       .reply = rows.Text(1),
                       .model = rows.Text(2),
                       .prompt_tokens = rows.Int(3),
                       .completion_tokens = rows.Int(4)});
    }
    // The plan keeps the order of the hashes, but does not promise it.
    std::sort(found.begin(), found.end(),
              [](const Exchange& a, const Exchange& b) { return a.request_hash < b.request_hash; });
    return found;
  });
}

absl::Status PostgresStore::StoreExchanges(const Lease& lease, const std::string& run_id,
                                           const std::vector<Exchange>& exchanges, absl::Duration retention) {
  if (absl::Status checked = CheckExchanges(exchanges); !checked.ok()) return checked;
  const UserKey& user = lease.user;
  std::vector<std::string_view> hashes, replies, models;
  std::vector<int64_t> prompt_tokens, completion_tokens;
  for (const Exchange& one : exchanges) {
    hashes.push_back(one.request_hash);
    replies.push_back(one.reply);
    models.push_back(one.model);
    prompt_tokens.push_back(one.prompt_tokens);
    completion_tokens.push_back(one.completion_tokens);
  }
  return Write("store exchanges", [&](Transaction& t) -> absl::Status {
    t.Add("lease_hold", user.tenant, lease.task_id, user.user, lease.token, lease.attempt);
    t.Guard(LeaseLost());
    t.Add("exchange_settings");
    // First, so that what has expired does not keep its successor out.
    t.Add("exchange_expire", user.tenant, user.user, ClampRetention(retention), run_id, kExpireExchanges,
          t.clock());
    t.Add("exchange_put", user.tenant, user.user, run_id, hashes, replies, models, prompt_tokens,
          completion_tokens, t.clock());
    return absl::OkStatus();
  });
}

}  // namespace slowwave::postgres
