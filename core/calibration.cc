#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>

#include "core/gram.h"
#include "core/linkage.h"

// Which cut of the dendrogram parts the topics, when nothing is known about the model that made the vectors?
//
// Similarities themselves say little: one model's unrelated texts are at 0.0, another's at 0.8. Ranks do
// carry over, so every row is linked to its k nearest, and each cut is judged by how well its groups explain
// that graph: the likelihood of the degree-corrected planted partition, which asks for one rate of links
// inside groups and another between them,
//
//   in log(in / expected_in) + out log(out / expected_out),   expected_in = sum of squared group degrees /
//   all.
//
// Modularity is its first-order cousin, but merges small groups as soon as there are many; here the rate
// inside is fitted, so that a hundred topics of ten are found as well as five of thirty. Small k suits small
// topics and large k large ones: curves for several k, each as a share of its own top, are added.

namespace slowwave {
namespace {

constexpr std::array<int, 3> kNeighbours = {2, 3, 5};
constexpr int kMostNeighbours = 5;
constexpr int kThreadsFromRows = 4096;
constexpr int kFewRows = 24;
// Where the data show no structure: near repeats merge, under any model. Some put unrelated texts at 0.8.
constexpr float kFixedSimilarity = 0.9f;

// The nearest of a row, nearest first; of equals the smaller number.
struct Neighbours {
  std::array<float, kMostNeighbours> similarity;
  std::array<int, kMostNeighbours> index;

  Neighbours() {
    similarity.fill(-std::numeric_limits<float>::infinity());
    index.fill(-1);
  }
  void Offer(float value, int row) {
    if (value < similarity.back()) return;
    int at = kMostNeighbours;
    while (at > 0 && (value > similarity[at - 1] || (value == similarity[at - 1] && row < index[at - 1])))
      --at;
    if (at == kMostNeighbours) return;
    for (int i = kMostNeighbours - 1; i > at; --i) {
      similarity[i] = similarity[i - 1];
      index[i] = index[i - 1];
    }
    similarity[at] = value;
    index[at] = row;
  }
};

std::vector<Neighbours> FindNeighbours(const Eigen::Ref<const EmbeddingMatrix>& embeddings) {
  const int n = embeddings.rows();
  std::vector<Neighbours> found(n);
  if (n < kThreadsFromRows) {
    ForEachGramTile(embeddings, 1, [&](const GramTile& tile) {
      for (int r = 0; r < tile.rows; ++r) {
        const float* line = tile.values + static_cast<size_t>(r) * tile.stride;
        const int row = tile.row + r;
        for (int c = std::max(0, row + 1 - tile.column); c < tile.columns; ++c) {
          found[row].Offer(line[c], tile.column + c);
          found[tile.column + c].Offer(line[c], row);
        }
      }
    });
    return found;
  }
  // Columns belong to one thread each; rows do not, so both halves of the product are computed.
  const int threads = std::clamp<int>(std::thread::hardware_concurrency(), 1, 4);
  ForEachProductTile(embeddings, embeddings, threads, [&](const GramTile& tile) {
    for (int r = 0; r < tile.rows; ++r) {
      const float* line = tile.values + static_cast<size_t>(r) * tile.stride;
      const int row = tile.row + r;
      for (int c = 0; c < tile.columns; ++c) {
        if (row != tile.column + c) found[tile.column + c].Offer(line[c], row);
      }
    }
  });
  return found;
}

// Answers at which merge two leaves come together. Union by size without path compression: O(log N) a
// question.
class JoinTimes {
 public:
  JoinTimes(const std::vector<Merge>& merges, int leaves)
      : parent_(leaves, -1), when_(leaves, std::numeric_limits<int>::max()) {
    std::vector<int> root(leaves + merges.size()), size(leaves, 1);
    std::iota(root.begin(), root.begin() + leaves, 0);
    for (size_t i = 0; i < merges.size(); ++i) {
      int a = root[merges[i].left], b = root[merges[i].right];
      if (size[a] < size[b]) std::swap(a, b);
      parent_[b] = a;
      when_[b] = static_cast<int>(i);
      size[a] += size[b];
      root[leaves + i] = a;
    }
  }
  int operator()(int a, int b) const {
    int time = -1;
    while (a != b) {
      if (when_[a] > when_[b]) std::swap(a, b);
      time = when_[a];
      a = parent_[a];
    }
    return time;
  }

 private:
  std::vector<int> parent_, when_;
};

// The similarity from which a link between a few rows says something. Each row has a nearest, be it a
// stranger, and a few such links look like structure; so those count that stand out from the median of all
// pairs by three times the spread below it, where related pairs are rare. For many rows this would do harm:
// their distributions are skewed.
float LeastLink(const Eigen::Ref<const EmbeddingMatrix>& embeddings) {
  const int n = embeddings.rows();
  if (n > kFewRows) return -std::numeric_limits<float>::infinity();
  std::vector<float> pairs;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) pairs.push_back(embeddings.row(i).dot(embeddings.row(j)));
  }
  std::sort(pairs.begin(), pairs.end());
  const float median = pairs[pairs.size() / 2];
  // Rows of random direction have cosines of about 1 / sqrt(D); four times that is no accident among 24.
  const float noise = std::min(4.0f / std::sqrt(static_cast<float>(embeddings.cols())), kFixedSimilarity);
  return std::max(noise, median + 3 * (median - pairs[pairs.size() / 6]));
}

// The log likelihood of the graph of the k nearest, as far as they are at least `least`, after each number of
// merges.
std::vector<double> PlantedPartition(const std::vector<Neighbours>& neighbours, int k,
                                     const std::vector<Merge>& merges, const JoinTimes& joined_at,
                                     float least) {
  double all = 0;
  const int n = static_cast<int>(neighbours.size());
  std::vector<double> degree(n + merges.size(), 0.0), joins(merges.size(), 0.0);
  for (int i = 0; i < n; ++i) {
    for (int t = 0; t < k; ++t) {
      const int j = neighbours[i].index[t];
      if (neighbours[i].similarity[t] < least) break;
      all += 2;
      degree[i] += 1;
      degree[j] += 1;
      joins[joined_at(i, j)] += 2;
    }
  }
  if (all == 0) return std::vector<double>(n, 0.0);
  double inside = 0, squares = 0;
  for (int i = 0; i < n; ++i) squares += degree[i] * degree[i];
  std::vector<double> likelihood = {0.0};
  for (size_t i = 0; i < merges.size(); ++i) {
    const double a = degree[merges[i].left], b = degree[merges[i].right];
    degree[n + i] = a + b;
    inside += joins[i];
    squares += 2 * a * b;
    const double expected = squares / all, outside = all - inside;
    double value = inside > 0 ? inside * std::log(inside / expected) : 0.0;
    if (outside > 0 && expected < all) value += outside * std::log(outside / (all - expected));
    // Fewer links inside than by chance explain the graph too, but are no topics.
    likelihood.push_back(inside > expected ? value : 0.0);
  }
  return likelihood;
}

}  // namespace

Calibration CalibrateThreshold(const Eigen::Ref<const EmbeddingMatrix>& embeddings,
                               const std::vector<Merge>& merges) {
  const int n = embeddings.rows();
  if (n <= kMostNeighbours + 1) return {kFixedSimilarity, "fixed"};
  const std::vector<Neighbours> neighbours = FindNeighbours(embeddings);
  const JoinTimes joined_at(merges, n);
  const float least = LeastLink(embeddings);
  std::vector<double> score(n, 0.0);
  for (int k : kNeighbours) {
    const std::vector<double> curve = PlantedPartition(neighbours, k, merges, joined_at, least);
    const double top = *std::max_element(curve.begin(), curve.end());
    if (top <= 0) continue;
    for (int i = 0; i < n; ++i) score[i] += curve[i] / top;
  }
  int best = 0;
  for (int i = 1; i < n - 1; ++i) {
    const bool cuttable = merges[i].similarity < merges[i - 1].similarity;
    if (cuttable && score[i] > score[best]) best = i;
  }
  if (best == 0) return {kFixedSimilarity, "fixed"};
  return {(merges[best - 1].similarity + merges[best].similarity) / 2, "planted_partition"};
}

}  // namespace slowwave
