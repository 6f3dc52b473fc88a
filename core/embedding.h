// Embeddings as a matrix of unit rows.
#ifndef SLOWWAVE_CORE_EMBEDDING_H_
#define SLOWWAVE_CORE_EMBEDDING_H_

#include <Eigen/Core>
#include <vector>

#include "absl/status/status.h"

namespace slowwave {

// N x D, row-major, one episode a row.
using EmbeddingMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// InvalidArgument names what is wrong: empty, over 8192 numbers, one that is not finite, all zero.
absl::Status CheckEmbedding(const std::vector<float>& embedding);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EMBEDDING_H_
