// Groups sampled episodes by meaning. Pure functions over values.
#ifndef SLOWWAVE_CORE_STAGES_CLUSTER_H_
#define SLOWWAVE_CORE_STAGES_CLUSTER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/report.h"
#include "storage/types.h"

namespace slowwave {

struct ClusterOptions {
  int min_cluster_size = 2;
  int max_clusters = 0;                  // 0: unlimited; the smallest beyond it become strays
  std::optional<double> min_similarity;  // unset: calibrated
};

struct Clustering {
  std::vector<std::vector<int>> clusters;  // indices into the episodes, ascending; by first member
  double threshold = 0;
  std::string method;
};

// Episodes without a usable embedding get the built-in one. Embeddings of different lengths are not
// comparable: each length is clustered by itself. Deterministic.
absl::StatusOr<Clustering> ClusterEpisodes(const std::vector<Episode>& episodes,
                                           const ClusterOptions& options);

// What the report says of a cluster.
ClusterReport DescribeCluster(const std::vector<Episode>& episodes, const std::vector<int>& members);

// Entities in at least half of the members, most frequent first.
std::vector<std::string> ThemesOf(const std::vector<Episode>& episodes, const std::vector<int>& members);

// Cosine of each member to the mean of all, parallel to `members`.
std::vector<float> CentralityOf(const std::vector<Episode>& episodes, const std::vector<int>& members);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_STAGES_CLUSTER_H_
