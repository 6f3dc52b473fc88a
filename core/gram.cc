#include "core/gram.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace slowwave {
namespace {

// Tiles are square, so that each can be mirrored while it is in the cache; a whole number of panels and of
// lines.
constexpr int kTile = 96;
// The AVX2 kernel keeps 6 x 16 sums in registers: 12 accumulators, 2 loads, 1 broadcast.
constexpr int kPanel = 16;
constexpr int kLines = 6;
// Numbers of a row multiplied in one pass: a panel of 16 such rows stays in the first-level cache.
constexpr int kDepth = 384;

#if defined(__x86_64__)
bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
}

template <int lines>
__attribute__((target("avx2,fma"))) inline void Kernel(const float* a, Eigen::Index a_stride,
                                                       const float* packed, int depth, float* out, bool add) {
  __m256 low[lines], high[lines];
#pragma GCC unroll 6
  for (int i = 0; i < lines; ++i) {
    low[i] = add ? _mm256_loadu_ps(out + i * kTile) : _mm256_setzero_ps();
    high[i] = add ? _mm256_loadu_ps(out + i * kTile + 8) : _mm256_setzero_ps();
  }
  for (int k = 0; k < depth; ++k) {
    const __m256 b0 = _mm256_loadu_ps(packed + k * kPanel);
    const __m256 b1 = _mm256_loadu_ps(packed + k * kPanel + 8);
#pragma GCC unroll 6
    for (int i = 0; i < lines; ++i) {
      const __m256 x = _mm256_broadcast_ss(a + i * a_stride + k);
      low[i] = _mm256_fmadd_ps(x, b0, low[i]);
      high[i] = _mm256_fmadd_ps(x, b1, high[i]);
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < lines; ++i) {
    _mm256_storeu_ps(out + i * kTile, low[i]);
    _mm256_storeu_ps(out + i * kTile + 8, high[i]);
  }
}

// Panels of 16 rows, number by number, `depth` numbers of all panels before the next; missing rows are zero.
void Pack(const Eigen::Ref<const EmbeddingMatrix>& rows, int column, int columns,
          std::vector<float>& packed) {
  const int padded = (columns + kPanel - 1) / kPanel * kPanel;
  packed.assign(static_cast<size_t>(padded) * rows.cols(), 0.0f);
  for (int from = 0; from < rows.cols(); from += kDepth) {
    const int depth = std::min<int>(kDepth, rows.cols() - from);
    float* chunk = packed.data() + static_cast<size_t>(from) * padded;
    for (int j = 0; j < columns; ++j) {
      const float* source = rows.data() + (column + j) * rows.outerStride() + from;
      float* target = chunk + static_cast<size_t>(j / kPanel) * kPanel * depth + j % kPanel;
      for (int k = 0; k < depth; ++k) target[k * kPanel] = source[k];
    }
  }
}

void MultiplyAvx2(const Eigen::Ref<const EmbeddingMatrix>& rows, int row, int count, int columns,
                  const std::vector<float>& packed, float* out) {
  const int padded = (columns + kPanel - 1) / kPanel * kPanel;
  for (int from = 0; from < rows.cols(); from += kDepth) {
    const int depth = std::min<int>(kDepth, rows.cols() - from);
    const float* chunk = packed.data() + static_cast<size_t>(from) * padded;
    for (int j = 0; j < columns; j += kPanel) {
      const float* panel = chunk + static_cast<size_t>(j) * depth;
      for (int i = 0; i < count; i += kLines) {
        const float* a = rows.data() + (row + i) * rows.outerStride() + from;
        float* target = out + i * kTile + j;
        if (i + kLines <= count) {
          Kernel<kLines>(a, rows.outerStride(), panel, depth, target, from > 0);
        } else {
          for (int rest = i; rest < count; ++rest, a += rows.outerStride(), target += kTile) {
            Kernel<1>(a, rows.outerStride(), panel, depth, target, from > 0);
          }
        }
      }
    }
  }
}
#endif

// Tiles of left * right^T, one strip of columns after another; with `upper` only those on or above the
// diagonal.
void ForEachTile(const Eigen::Ref<const EmbeddingMatrix>& left,
                 const Eigen::Ref<const EmbeddingMatrix>& right, bool upper, int threads,
                 const std::function<void(const GramTile&)>& use) {
  const int n = right.rows();
  const int side = (n + kTile - 1) / kTile;
  std::atomic<int> next{0};
  // A strip is one unit of work; the longest ones come first.
  auto work = [&] {
    std::vector<float> packed, values(kTile * kTile);
    for (int strip = next++; strip < side; strip = next++) {
      const int column = (side - 1 - strip) * kTile;
      const int columns = std::min(kTile, n - column);
#if defined(__x86_64__)
      if (HasAvx2()) Pack(right, column, columns, packed);
#endif
      for (int row = 0; row < (upper ? column + columns : static_cast<int>(left.rows())); row += kTile) {
        const int count = std::min<int>(kTile, left.rows() - row);
#if defined(__x86_64__)
        if (HasAvx2()) {
          MultiplyAvx2(left, row, count, columns, packed, values.data());
          use({row, count, column, columns, values.data(), kTile});
          continue;
        }
#endif
        Eigen::Map<EmbeddingMatrix, 0, Eigen::OuterStride<>> out(values.data(), count, columns,
                                                                 Eigen::OuterStride<>(kTile));
        out.noalias() = left.middleRows(row, count) * right.middleRows(column, columns).transpose();
        use({row, count, column, columns, values.data(), kTile});
      }
    }
  };
  std::vector<std::thread> helpers;
  for (int i = 1; i < std::min(threads, side); ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace

void ForEachGramTile(const Eigen::Ref<const EmbeddingMatrix>& rows, int threads,
                     const std::function<void(const GramTile&)>& use) {
  ForEachTile(rows, rows, /*upper=*/true, threads, use);
}

void ForEachProductTile(const Eigen::Ref<const EmbeddingMatrix>& left,
                        const Eigen::Ref<const EmbeddingMatrix>& right, int threads,
                        const std::function<void(const GramTile&)>& use) {
  ForEachTile(left, right, /*upper=*/false, threads, use);
}

void Gram(const Eigen::Ref<const EmbeddingMatrix>& rows, int threads, float* out, int stride) {
  ForEachGramTile(rows, threads, [=](const GramTile& tile) {
    const auto at = [&](int row, int column) { return out + static_cast<size_t>(row) * stride + column; };
    for (int i = 0; i < tile.rows; ++i) {
      std::memcpy(at(tile.row + i, tile.column), tile.values + static_cast<size_t>(i) * tile.stride,
                  sizeof(float) * tile.columns);
    }
    // Mirrored in small blocks: both sides of one fit in the first-level cache.
    constexpr int kBlock = 16;
    for (int i0 = 0; i0 < tile.rows; i0 += kBlock) {
      for (int j0 = 0; j0 < tile.columns; j0 += kBlock) {
        for (int j = j0; j < std::min(j0 + kBlock, tile.columns); ++j) {
          float* line = at(tile.column + j, tile.row);
          for (int i = i0; i < std::min(i0 + kBlock, tile.rows); ++i) {
            if (tile.row + i < tile.column + j)
              line[i] = tile.values[static_cast<size_t>(i) * tile.stride + j];
          }
        }
      }
    }
  });
}

}  // namespace slowwave
