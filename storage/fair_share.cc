#include "storage/fair_share.h"

#include <algorithm>
#include <tuple>

namespace slowwave {

std::vector<TenantShare> FairShares(const std::vector<TenantDemand>& demands, int room) {
  std::vector<TenantShare> shares;
  std::vector<int64_t> dealt(demands.size(), 0);
  std::vector<int> share_of(demands.size(), -1);
  const auto load = [&](size_t i) {
    return static_cast<double>(demands[i].running + dealt[i]) / demands[i].weight;
  };
  for (; room > 0; --room) {
    int next = -1;
    for (size_t i = 0; i < demands.size(); ++i) {
      if (dealt[i] >= demands[i].ready) continue;
      const auto order = [&](size_t t) {
        return std::make_tuple(load(t), demands[t].best_rank, std::cref(demands[t].tenant));
      };
      if (next < 0 || order(i) < order(static_cast<size_t>(next))) next = static_cast<int>(i);
    }
    if (next < 0) break;
    const auto i = static_cast<size_t>(next);
    if (dealt[i]++ == 0) {
      share_of[i] = static_cast<int>(shares.size());
      shares.push_back({demands[i].tenant, 0});
    }
    ++shares[static_cast<size_t>(share_of[i])].tasks;
  }
  return shares;
}

}  // namespace slowwave
