// How free workers are dealt out among tenants that have ready tasks. A pure function.
#ifndef SLOWWAVE_STORAGE_FAIR_SHARE_H_
#define SLOWWAVE_STORAGE_FAIR_SHARE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace slowwave {

struct TenantDemand {
  std::string tenant;
  double weight = 1;      // > 0
  int64_t running = 0;    // tasks under way, of all processes
  int64_t ready = 0;      // tasks that could be claimed; counting may stop at `room`
  int64_t best_rank = 0;  // of the first of those; smaller is earlier
};

struct TenantShare {
  std::string tenant;
  int tasks = 0;  // >= 1
};

// Deals `room` workers one at a time: the next goes to the tenant with the smallest (running + dealt) /
// weight that has a task left; of equals to the best rank, then the smallest name. In the order of first
// deals.
std::vector<TenantShare> FairShares(const std::vector<TenantDemand>& demands, int room);

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_FAIR_SHARE_H_
