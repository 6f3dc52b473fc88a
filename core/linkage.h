// Average linkage on cosine distance, exact, in bounded memory; and a threshold calibrated from the data.
#ifndef SLOWWAVE_CORE_LINKAGE_H_
#define SLOWWAVE_CORE_LINKAGE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/embedding.h"

namespace slowwave {

// One step of the agglomeration. Leaves are 0..N-1; step i makes node N + i.
struct Merge {
  int left = 0, right = 0;
  float similarity = 0;  // mean pairwise cosine of the two groups
  int size = 0;
};

// The whole dendrogram: N - 1 merges in order of falling similarity (average linkage has no inversions).
// `embeddings`: N x D, one L2-normalised row per episode. Deterministic; the same partition at every cut as
// the textbook algorithm, but for ties. InvalidArgument: N == 0, a row that is not finite or not of unit
// length.
absl::StatusOr<std::vector<Merge>> AverageLinkage(const Eigen::Ref<const EmbeddingMatrix>& embeddings);

// Labels in [0, K), numbered by first appearance: the groups left when all merges of at least
// `min_similarity` are made. `leaves` == merges.size() + 1.
std::vector<int> CutAt(const std::vector<Merge>& merges, int leaves, float min_similarity);

struct Calibration {
  float min_similarity = 0;  // cosine in [-1, 1]
  const char* method = "";   // "planted_partition", or "fixed" where the rows show no structure; static
};

// The cut at which these embeddings part into topics, whatever model made them. Uses ranks and the dendrogram
// only, so a direction that all rows share changes nothing but the threshold. `merges` is
// AverageLinkage(embeddings). Never parts equal rows. Under 7 rows, and where nothing stands out, only near
// repeats (0.9) merge. Deterministic; costs about one product of the matrix with itself.
Calibration CalibrateThreshold(const Eigen::Ref<const EmbeddingMatrix>& embeddings,
                               const std::vector<Merge>& merges);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_LINKAGE_H_
