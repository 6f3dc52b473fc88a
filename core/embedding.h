// Embeddings as a matrix of unit rows.
#ifndef SLOWWAVE_CORE_EMBEDDING_H_
#define SLOWWAVE_CORE_EMBEDDING_H_

#include <Eigen/Core>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace slowwave {

// N x D, row-major, one episode a row.
using EmbeddingMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline constexpr int kMaxEmbeddingDimension = 8192;

// InvalidArgument names what is wrong: empty, over 8192 numbers, one that is not finite, all zero.
absl::Status CheckEmbedding(absl::Span<const float> embedding);

struct UnitRows {
  EmbeddingMatrix rows;       // L2-normalised; 0 x 0 if nothing is usable
  std::vector<int> source;    // rows.row(i) is embeddings[source[i]]; ascending
  std::vector<int> unusable;  // the other inputs, ascending; strays, for the caller
};

// Normalises what can be clustered together: the embeddings that pass CheckEmbedding and have the commonest
// length among those (of equally common ones the longest). Never fails; the same on every machine.
UnitRows BuildUnitRows(absl::Span<const absl::Span<const float>> embeddings);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EMBEDDING_H_
