// Inner products of rows, in tiles: the arithmetic under the linkage.
#ifndef SLOWWAVE_CORE_GRAM_H_
#define SLOWWAVE_CORE_GRAM_H_

#include <Eigen/Core>
#include <functional>

#include "core/embedding.h"

namespace slowwave {

// A block of a product: lines [row, row + rows) of the left, [column, column + columns) of the right.
// `values` holds `rows` lines, `stride` floats apart.
struct GramTile {
  int row = 0, rows = 0;
  int column = 0, columns = 0;
  const float* values = nullptr;
  int stride = 0;
};

// Calls `use` for tiles that together cover the upper triangle of X * X^T, each pair of rows at least once
// and in one tile only; tiles on the diagonal are square and whole. With `threads` > 1 `use` is called from
// several threads at once. A value depends on neither the threads nor the number of rows.
void ForEachGramTile(const Eigen::Ref<const EmbeddingMatrix>& rows, int threads,
                     const std::function<void(const GramTile&)>& use);

// The same for all of left * right^T.
void ForEachProductTile(const Eigen::Ref<const EmbeddingMatrix>& left,
                        const Eigen::Ref<const EmbeddingMatrix>& right, int threads,
                        const std::function<void(const GramTile&)>& use);

// Writes all of X * X^T to `out`, N lines `stride` floats apart, exactly symmetric.
void Gram(const Eigen::Ref<const EmbeddingMatrix>& rows, int threads, float* out, int stride);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_GRAM_H_
