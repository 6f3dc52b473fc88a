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
// that graph: the likelihood of the degree-corrected planted partition (Karrer and Newman 2011; Newman 2016),
// which asks for one rate of links inside groups and another between them,
//
//   in log(in / expected_in) + out log(out / expected_out),   expected_in = sum of squared group degrees /
//   all.
//
// Modularity is its first-order cousin, but merges small groups as soon as there are many; here the rate
// inside is fitted, so that a hundred topics of ten are found as well as five of thirty.
//
// What is left to choose is k, and with it the size of the topics that the graph can show: a row of a topic
// of three has two companions, and with k = 5 links to three strangers, neighbouring topics mostly, so that
// these look like one; with k = 1 a topic of thirty falls into pairs. The graphs themselves tell:
//
// - A link carries at most max over cuts of likelihood / links, its information. While k is below the number
//   of companions this hardly falls; beyond, it falls like 1 / k. So sqrt(k) * information(k) peaks about
//   there. Less than half of that is taken: the nearer companions are the surer ones.
// - Reciprocity, the share of rows that are the nearest of their nearest. Inside a large group it is about a
//   half in many dimensions, less with hubs (Schilling 1986; Radovanovic et al. 2010); a pair is always
//   mutual. Where it is higher topics are smaller than the first measure makes believe.
//
// Both are counted from the rows, and few rows count badly: reciprocity strays by about 1 / sqrt(N), and k
// takes its third power. Too few links split the topics, and lose more than too many do: so k is raised by
// what the estimate may lack, a factor of exp(8 / sqrt(N)), three at most. And three curves are added, each
// as a share of its own top, for that k and for somewhat fewer and more links.
//
// With less than one link a row, links that are not mutual lose weight: a graph of mutual nearest alone is
// what finds pairs and triples among rows that have no companion at all.
//
// What this does not manage: a hundred topics of one to three rows each, where topics are related among
// themselves. By ranks they look like a few wide topics, and are cut like those.

namespace slowwave {
namespace {

constexpr std::array<int, 6> kNeighbours = {1, 2, 3, 5, 10, 20};
constexpr int kMostNeighbours = 20;
constexpr int kThreadsFromRows = 4096;
constexpr int kFewestRows = 7;
constexpr int kFewRows = 24;
// Where the data show no structure: near repeats merge, under any model. Some put unrelated texts at 0.8.
constexpr float kFixedSimilarity = 0.9f;
constexpr double kShareOfPeak = 0.4;
constexpr double kUsualReciprocity = 0.5;
// How much one of the two measures counts against the other. From 2 to 5 all do about equally well.
constexpr double kReciprocityPower = 3;
// A reciprocity far below the usual tells of hubs, not of large topics.
constexpr double kMostFromReciprocity = 2;
// Neighbouring graphs differ by little: the place of the peak is their mean, weighted by this power.
constexpr double kPeakSharpness = 20;
// These two, and the steps, were chosen by trial on labelled requests, news titles and tweets.
constexpr double kAllowance = 8;
constexpr double kMostAllowed = 3;
constexpr std::array<double, 3> kSteps = {1 / 1.6, 1.0, 1.6};

// The nearest of a row, nearest first; of equals the smaller number. Where there are too few: -1.
struct Neighbours {
  std::array<float, kMostNeighbours> similarity;
  std::array<int, kMostNeighbours> index;

  Neighbours() {
    similarity.fill(-std::numeric_limits<float>::infinity());
    index.fill(-1);
  }
  void Offer(float value, int row) {
    const auto before = [&](int at) {
      return value > similarity[at] || (value == similarity[at] && row < index[at]);
    };
    int at = kMostNeighbours - 1;
    if (!before(at)) return;
    for (; at > 0 && before(at - 1); --at) {
      similarity[at] = similarity[at - 1];
      index[at] = index[at - 1];
    }
    similarity[at] = value;
    index[at] = row;
  }
};

std::vector<Neighbours> FindNeighbours(const Eigen::Ref<const EmbeddingMatrix>& embeddings) {
  const int n = embeddings.rows();
  std::vector<Neighbours> found(n);
  // The similarity of each row's last, packed: nearly all questions end here.
  std::vector<float> least(n, -std::numeric_limits<float>::infinity());
  const auto offer = [&](int row, float value, int other) {
    if (value < least[row]) return;
    found[row].Offer(value, other);
    least[row] = found[row].similarity.back();
  };
  if (n < kThreadsFromRows) {
    ForEachGramTile(embeddings, 1, [&](const GramTile& tile) {
      for (int r = 0; r < tile.rows; ++r) {
        const float* line = tile.values + static_cast<size_t>(r) * tile.stride;
        const int row = tile.row + r;
        for (int c = std::max(0, row + 1 - tile.column); c < tile.columns; ++c) {
          offer(row, line[c], tile.column + c);
          offer(tile.column + c, line[c], row);
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
        if (row != tile.column + c) offer(tile.column + c, line[c], row);
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

// The graph of the nearest, in the terms of the dendrogram.
class NeighbourGraph {
 public:
  // Links below `least` don't count.
  NeighbourGraph(const std::vector<Neighbours>& neighbours, const std::vector<Merge>& merges, float least)
      : neighbours_(neighbours), merges_(merges), links_(neighbours.size(), 0), mutual_(neighbours.size()) {
    const int n = static_cast<int>(neighbours.size());
    const JoinTimes joined_at(merges, n);
    joins_.resize(n);
    int linked = 0, mutual = 0;
    for (int i = 0; i < n; ++i) {
      const Neighbours& near = neighbours[i];
      int& t = links_[i];
      for (; t < kMostNeighbours && near.index[t] >= 0 && near.similarity[t] >= least; ++t)
        joins_[i][t] = joined_at(i, near.index[t]);
      if (t == 0) continue;
      mutual_[i] = near.similarity[0] >= neighbours[near.index[0]].similarity[0];
      ++linked;
      mutual += mutual_[i];
    }
    reciprocity_ = linked > 0 ? static_cast<double>(mutual) / linked : 1.0;
  }

  double reciprocity() const { return reciprocity_; }

  // The log likelihood per link after each number of merges, each row linked to its k nearest; a fraction of
  // k is the weight of the last. With k from 1/2 to 1 that is the weight of links that are not mutual, from
  // 0 to 1.
  std::vector<double> PlantedPartition(double k) const {
    const size_t n = neighbours_.size();
    const int most = static_cast<int>(std::ceil(k));
    const double last = k < 1 ? 2 * k - 1 : k - (most - 1);
    double all = 0;
    std::vector<double> degree(n + merges_.size(), 0.0), joins(merges_.size(), 0.0);
    for (size_t i = 0; i < n; ++i) {
      for (int t = 0; t < std::min(most, links_[i]); ++t) {
        const double weight = t < most - 1 || (k < 1 && mutual_[i]) ? 1.0 : last;
        all += 2 * weight;
        degree[i] += weight;
        degree[neighbours_[i].index[t]] += weight;
        joins[joins_[i][t]] += 2 * weight;
      }
    }
    std::vector<double> likelihood(n, 0.0);
    if (all == 0) return likelihood;
    double inside = 0, squares = 0;
    for (size_t i = 0; i < n; ++i) squares += degree[i] * degree[i];
    for (size_t i = 0; i < merges_.size(); ++i) {
      const double a = degree[merges_[i].left], b = degree[merges_[i].right];
      degree[n + i] = a + b;
      inside += joins[i];
      squares += 2 * a * b;
      const double expected = squares / all, outside = all - inside;
      // Fewer links inside than by chance explain the graph too, but are no topics.
      if (inside <= expected) continue;
      double value = inside * std::log(inside / expected);
      if (outside > 0 && expected < all) value += outside * std::log(outside / (all - expected));
      likelihood[i + 1] = value / all;
    }
    return likelihood;
  }

 private:
  const std::vector<Neighbours>& neighbours_;
  const std::vector<Merge>& merges_;
  std::vector<std::array<int, kMostNeighbours>> joins_;  // at which merge a link comes inside
  std::vector<int> links_;
  std::vector<char> mutual_;
  double reciprocity_ = 1;
};

// The number of neighbours that suits the size of the topics; 0 where no graph shows any.
double SuitableNeighbours(const NeighbourGraph& graph, int n) {
  std::vector<double> scales, strengths;
  for (const int k : kNeighbours) {
    if (2 * k >= n) break;
    const std::vector<double> curve = graph.PlantedPartition(k);
    scales.push_back(std::log(k));
    strengths.push_back(std::sqrt(k) * *std::max_element(curve.begin(), curve.end()));
  }
  const double top = *std::max_element(strengths.begin(), strengths.end());
  if (top <= 0) return 0;
  double sum = 0, weights = 0;
  for (size_t i = 0; i < scales.size(); ++i) {
    const double weight = std::pow(strengths[i] / top, kPeakSharpness);
    sum += weight * scales[i];
    weights += weight;
  }
  const double correction = std::pow(kUsualReciprocity / graph.reciprocity(), kReciprocityPower);
  const double k = kShareOfPeak * std::exp(sum / weights) * std::min(correction, kMostFromReciprocity);
  const double allowed = std::min(std::exp(kAllowance / std::sqrt(n)), kMostAllowed);
  return std::clamp(k, 0.5, std::exp(scales.back())) * allowed;
}

}  // namespace

Calibration CalibrateThreshold(const Eigen::Ref<const EmbeddingMatrix>& embeddings,
                               const std::vector<Merge>& merges) {
  const int n = embeddings.rows();
  if (n < kFewestRows) return {kFixedSimilarity, "fixed"};
  const std::vector<Neighbours> neighbours = FindNeighbours(embeddings);
  const NeighbourGraph graph(neighbours, merges, LeastLink(embeddings));
  const double k = SuitableNeighbours(graph, n);
  if (k == 0) return {kFixedSimilarity, "fixed"};
  std::vector<double> score(n, 0.0);
  for (const double step : kSteps) {
    const double most = std::min<double>(kMostNeighbours, n / 2.0);
    const std::vector<double> curve = graph.PlantedPartition(std::clamp(k * step, 0.5, most));
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
