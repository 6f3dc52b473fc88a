#include "core/linkage.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/gram.h"

// The work is done on *sums*: the product of two groups is the sum of the cosines of all their pairs, so a
// merge adds two lines and two columns, and the mean is that over both sizes. Nothing is averaged twice.
//
// Average linkage is reducible: merging two groups never makes a third more similar to either. So every pair
// of groups that are each other's nearest may be merged at once, in any order, and the dendrogram is the
// same; only the order of its merges has to be restored at the end. Three ways to find such pairs, by size:
//   - more than kMatrixRows groups: rounds without a matrix, similarities computed in tiles and forgotten;
//   - up to there: rounds on the matrix of sums, which is rewritten smaller in each, line by line, in place:
//   no
//     strided writes, which are what costs the nearest-neighbour chain its time on a big matrix;
//   - few groups, or rounds that find few pairs: the nearest-neighbour chain.

namespace slowwave {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
// 400 MB of sums.
constexpr int kMatrixRows = 10'000;
constexpr int kChainRows = 256;
// A round that merges fewer than one group in this many does not pay for its pass over the matrix.
constexpr int kRoundPays = 24;
constexpr int kThreadsFromRows = 4096;

int Threads(int rows) {
  if (rows < kThreadsFromRows) return 1;
  return std::clamp<int>(std::thread::hardware_concurrency(), 1, 4);
}

// A merge as found: groups by number (leaves first, then found merges in order), not yet sorted.
struct Found {
  int a = 0, b = 0;
  float similarity = 0;
};

// The groups there are, and what was merged so far.
struct Groups {
  std::vector<int> id;
  std::vector<int> size;
  std::vector<Found> found;
  int leaves = 0;

  int Count() const { return static_cast<int>(id.size()); }
  float Similarity(int a, int b, float sum) const { return sum / (static_cast<float>(size[a]) * size[b]); }
  // Group `a` becomes the union of `a` and `b`; the caller drops `b`.
  void Join(int a, int b, float similarity) {
    for (int child : {id[a], id[b]}) {
      if (child >= leaves) similarity = std::min(similarity, found[child - leaves].similarity);
    }
    found.push_back({id[a], id[b], std::clamp(similarity, -1.0f, 1.0f)});
    id[a] = leaves + static_cast<int>(found.size()) - 1;
    size[a] += size[b];
  }
};

struct Nearest {
  int index = -1;
  float value = kNever;
};

// The first of the largest line[k] * scale[k] + mask[k].
template <bool masked>
Nearest FindNearest(const float* line, const float* scale, const float* mask, int n) {
  constexpr int kBlock = 256;
  Nearest best;
  int block = 0;
  const auto scaled = [&](int from, auto use) {
    const int count = std::min(kBlock, n - from);
    const Eigen::Map<const Eigen::ArrayXf> x(line + from, count), s(scale + from, count);
    if constexpr (masked) {
      use(x * s + Eigen::Map<const Eigen::ArrayXf>(mask + from, count));
    } else {
      use(x * s);
    }
  };
  for (int from = 0; from < n; from += kBlock) {
    scaled(from, [&](const auto& values) {
      const float top = values.maxCoeff();
      if (top > best.value) {
        best.value = top;
        block = from;
      }
    });
  }
  scaled(block, [&](const auto& values) {
    for (int k = 0; k < values.size() && best.index < 0; ++k) {
      if (values.coeff(k) == best.value) best.index = block + k;
    }
  });
  return best;
}

Eigen::ArrayXf Scales(const Groups& groups) {
  Eigen::ArrayXf scale(groups.Count());
  for (int i = 0; i < groups.Count(); ++i) scale[i] = 1.0f / static_cast<float>(groups.size[i]);
  return scale;
}

// For each group the one to join it with, the smaller number first; itself where there is none.
std::vector<int> MutualPairs(const std::vector<int>& nearest, int* pairs) {
  const int n = static_cast<int>(nearest.size());
  std::vector<int> partner(n);
  *pairs = 0;
  for (int i = 0; i < n; ++i) {
    const bool mutual = nearest[i] >= 0 && nearest[nearest[i]] == i;
    partner[i] = mutual ? nearest[i] : i;
    if (mutual && i < nearest[i]) ++*pairs;
  }
  return partner;
}

// Keeps the first of each pair, in order; returns where each kept group was.
std::vector<int> Compact(const std::vector<int>& partner, Groups& groups) {
  std::vector<int> kept;
  for (int i = 0; i < groups.Count(); ++i) {
    if (partner[i] < i) continue;
    groups.id[kept.size()] = groups.id[i];
    groups.size[kept.size()] = groups.size[i];
    kept.push_back(i);
  }
  groups.id.resize(kept.size());
  groups.size.resize(kept.size());
  return kept;
}

// Merges until at most kMatrixRows groups are left. `sums`: one line a group. Only groups whose nearest was
// merged look for a new one.
void MergeWithoutMatrix(EmbeddingMatrix& sums, Groups& groups) {
  std::vector<int> nearest(groups.Count(), -1);
  std::vector<float> value(groups.Count(), kNever);
  std::vector<int> stale(groups.Count());
  std::iota(stale.begin(), stale.end(), 0);
  while (groups.Count() > kMatrixRows) {
    const int n = groups.Count();
    const Eigen::ArrayXf scale = Scales(groups);
    EmbeddingMatrix lines(stale.size(), sums.cols());
    for (size_t i = 0; i < stale.size(); ++i) lines.row(i) = sums.row(stale[i]);
    for (int i : stale) value[i] = kNever;
    // The stale groups are the columns: one thread owns each and meets the others in order, so that ties do
    // not depend on the threads.
    ForEachProductTile(sums, lines, Threads(n), [&](const GramTile& tile) {
      for (int r = 0; r < tile.rows; ++r) {
        const int other = tile.row + r;
        const float* line = tile.values + static_cast<size_t>(r) * tile.stride;
        for (int c = 0; c < tile.columns; ++c) {
          const int group = stale[tile.column + c];
          const float similarity = line[c] * (scale[other] * scale[group]);
          if (similarity > value[group] && other != group) {
            value[group] = similarity;
            nearest[group] = other;
          }
        }
      }
    });
    int pairs = 0;
    std::vector<int> partner = MutualPairs(nearest, &pairs);
    if (pairs == 0) {
      // Only rounding can do this, among ties: the best pair there is.
      const int a = std::max_element(value.begin(), value.end()) - value.begin();
      partner[a] = nearest[a];
      partner[nearest[a]] = a;
    }
    std::vector<bool> joined(n);
    for (int i = 0; i < n; ++i) {
      if (partner[i] <= i) continue;
      groups.Join(i, partner[i], value[i]);
      sums.row(i) += sums.row(partner[i]);
      joined[i] = joined[partner[i]] = true;
    }
    const std::vector<int> kept = Compact(partner, groups);
    std::vector<int> now(n, -1);
    for (size_t i = 0; i < kept.size(); ++i) now[kept[i]] = static_cast<int>(i);
    stale.clear();
    for (size_t i = 0; i < kept.size(); ++i) {
      const int before = kept[i];
      sums.row(i) = sums.row(before);
      value[i] = value[before];
      const bool lost = joined[before] || joined[nearest[before]];
      nearest[i] = lost ? -1 : now[nearest[before]];
      if (lost) stale.push_back(static_cast<int>(i));
    }
    nearest.resize(kept.size());
    value.resize(kept.size());
    sums.conservativeResize(kept.size(), Eigen::NoChange);
  }
}

// A square of sums, its lines padded; the diagonal says "never".
class Square {
 public:
  explicit Square(const Eigen::Ref<const EmbeddingMatrix>& sums)
      : n_(sums.rows()), stride_(Stride(n_)), values_(new float[static_cast<size_t>(n_) * stride_]) {
    Gram(sums, Threads(n_), values_.get(), stride_);
    for (int i = 0; i < n_; ++i) Line(i)[i] = kNever;
  }
  int size() const { return n_; }
  float* Line(int i) { return values_.get() + static_cast<size_t>(i) * stride_; }

  // Rounds, while they pay.
  void MergeInRounds(Groups& groups);
  // The nearest-neighbour chain, to the end.
  void MergeByChain(Groups& groups);

 private:
  static int Stride(int n) { return (n + 15) / 16 * 16; }

  int n_;
  int stride_;
  std::unique_ptr<float[]> values_;
};

void Square::MergeInRounds(Groups& groups) {
  if (n_ <= kChainRows) return;
  Eigen::ArrayXf scale = Scales(groups);
  std::vector<int> nearest(n_);
  for (int i = 0; i < n_; ++i) nearest[i] = FindNearest<false>(Line(i), scale.data(), nullptr, n_).index;
  std::vector<float> line(n_ + 1);
  while (n_ > kChainRows) {
    int pairs = 0;
    const std::vector<int> partner = MutualPairs(nearest, &pairs);
    if (pairs < n_ / kRoundPays) return;
    for (int i = 0; i < n_; ++i) {
      if (partner[i] > i) groups.Join(i, partner[i], groups.Similarity(i, partner[i], Line(i)[partner[i]]));
    }
    const std::vector<int> kept = Compact(partner, groups);
    // Every new line goes to where lines already read were: line `to` of the new stride ends before line
    // kept[to] + 1.
    const int left = static_cast<int>(kept.size());
    std::vector<int> first(left), second(left);
    for (int to = 0; to < left; ++to) {
      first[to] = kept[to];
      second[to] = partner[kept[to]] == kept[to] ? n_ : partner[kept[to]];
    }
    scale = Scales(groups);
    const int stride = Stride(left);
    for (int to = 0; to < left; ++to) {
      const float* a = Line(first[to]);
      if (second[to] == n_) {
        std::memcpy(line.data(), a, sizeof(float) * n_);
      } else {
        const float* b = Line(second[to]);
        for (int k = 0; k < n_; ++k) line[k] = a[k] + b[k];
      }
      line[n_] = 0;
      float* target = values_.get() + static_cast<size_t>(to) * stride;
      for (int k = 0; k < left; ++k) target[k] = line[first[k]] + line[second[k]];
      nearest[to] = FindNearest<false>(target, scale.data(), nullptr, left).index;
    }
    nearest.resize(left);
    n_ = left;
    stride_ = stride;
  }
}

void Square::MergeByChain(Groups& groups) {
  // Lines were summed in another order than columns: made equal to the last bit, so that a chain cannot run
  // in circles.
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) Line(i)[j] = Line(j)[i];
  }
  Eigen::ArrayXf scale = Scales(groups);
  Eigen::ArrayXf gone = Eigen::ArrayXf::Zero(n_);
  std::vector<int> chain;
  int start = 0;
  for (int left = n_; left > 1;) {
    if (chain.empty()) {
      while (gone[start] != 0) ++start;
      chain.push_back(start);
    }
    const int a = chain.back();
    const Nearest nearest = FindNearest<true>(Line(a), scale.data(), gone.data(), n_);
    const int before = chain.size() > 1 ? chain[chain.size() - 2] : -1;
    if (before < 0 || nearest.value > Line(a)[before] * scale[before]) {
      chain.push_back(nearest.index);
      continue;
    }
    chain.resize(chain.size() - 2);
    const int keep = std::min(a, before), drop = std::max(a, before);
    groups.Join(keep, drop, groups.Similarity(keep, drop, Line(keep)[drop]));
    scale[keep] = 1.0f / static_cast<float>(groups.size[keep]);
    gone[drop] = kNever;
    float* kept = Line(keep);
    const float* dropped = Line(drop);
    for (int k = 0; k < n_; ++k) {
      if (gone[k] != 0) continue;
      kept[k] += dropped[k];
      Line(k)[keep] = kept[k];
    }
    --left;
  }
}

// Sorted by falling similarity, children before parents, nodes numbered in that order.
std::vector<Merge> InOrder(const Groups& groups) {
  const int n = groups.leaves;
  std::vector<int> order(groups.found.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return groups.found[a].similarity > groups.found[b].similarity; });
  std::vector<int> node(n + order.size()), size(n + order.size(), 1), least(n + order.size());
  std::iota(node.begin(), node.begin() + n, 0);
  std::iota(least.begin(), least.begin() + n, 0);
  std::vector<Merge> merges;
  merges.reserve(order.size());
  for (int i : order) {
    const Found& found = groups.found[i];
    int left = node[found.a], right = node[found.b];
    if (least[left] > least[right]) std::swap(left, right);
    const int made = n + static_cast<int>(merges.size());
    node[n + i] = made;
    size[made] = size[left] + size[right];
    least[made] = least[left];
    merges.push_back({left, right, found.similarity, size[made]});
  }
  return merges;
}

absl::Status CheckRows(const Eigen::Ref<const EmbeddingMatrix>& embeddings) {
  if (embeddings.rows() == 0) return absl::InvalidArgumentError("linkage: no rows");
  for (Eigen::Index i = 0; i < embeddings.rows(); ++i) {
    const double norm = embeddings.row(i).cast<double>().norm();
    if (!(std::abs(norm - 1) < 1e-3)) {
      return absl::InvalidArgumentError(absl::StrCat("linkage: row ", i, " is not of unit length: ", norm));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Merge>> AverageLinkage(const Eigen::Ref<const EmbeddingMatrix>& embeddings) {
  if (absl::Status status = CheckRows(embeddings); !status.ok()) return status;
  const int n = embeddings.rows();
  Groups groups;
  groups.leaves = n;
  groups.found.reserve(n - 1);

  // Equal rows ("ok", "thanks") are one group from the start: they are ties, and would make rounds long.
  absl::flat_hash_map<absl::string_view, int> seen;
  seen.reserve(n);
  std::vector<int> rows;
  for (int i = 0; i < n; ++i) {
    const absl::string_view bytes(
        reinterpret_cast<const char*>(embeddings.data() + i * embeddings.outerStride()),
        sizeof(float) * embeddings.cols());
    const auto [it, fresh] = seen.try_emplace(bytes, groups.Count());
    groups.id.push_back(i);
    groups.size.push_back(1);
    if (fresh) {
      rows.push_back(i);
    } else {
      groups.Join(it->second, groups.Count() - 1, 1.0f);
      groups.id.pop_back();
      groups.size.pop_back();
    }
  }
  const bool all_differ = groups.Count() == n;
  EmbeddingMatrix sums;
  if (!all_differ || n > kMatrixRows) {
    sums.resize(groups.Count(), embeddings.cols());
    for (int i = 0; i < groups.Count(); ++i) {
      sums.row(i) = embeddings.row(rows[i]) * static_cast<float>(groups.size[i]);
    }
    if (groups.Count() > kMatrixRows) MergeWithoutMatrix(sums, groups);
  }
  Square square = sums.size() > 0 ? Square(sums) : Square(embeddings);
  sums.resize(0, 0);
  square.MergeInRounds(groups);
  square.MergeByChain(groups);
  return InOrder(groups);
}

std::vector<int> CutAt(const std::vector<Merge>& merges, int leaves, float min_similarity) {
  std::vector<int> parent(leaves + merges.size());
  std::iota(parent.begin(), parent.end(), 0);
  for (size_t i = 0; i < merges.size() && merges[i].similarity >= min_similarity; ++i) {
    parent[merges[i].left] = parent[merges[i].right] = leaves + static_cast<int>(i);
  }
  // Parents have higher numbers than their children.
  for (int i = static_cast<int>(parent.size()) - 1; i >= 0; --i) parent[i] = parent[parent[i]];
  std::vector<int> label(parent.size(), -1), labels(leaves);
  int next = 0;
  for (int i = 0; i < leaves; ++i) {
    int& mine = label[parent[i]];
    if (mine < 0) mine = next++;
    labels[i] = mine;
  }
  return labels;
}

}  // namespace slowwave
