#include "core/stages/cluster.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "core/builtin_embedder.h"
#include "core/embedding.h"
#include "core/linkage.h"

namespace slowwave {
namespace {

using Vectors = std::vector<std::vector<float>>;

std::vector<float> VectorOf(const Episode& episode) {
  if (CheckEmbedding(episode.embedding).ok()) return episode.embedding;
  return EmbedBuiltin(episode.text);
}

// Unit rows of those `members` that can be compared: not zero (a text without a word has no direction), and
// of one length, which all members of a cluster share unless an embedder changed between two attempts of a
// run.
struct Space {
  std::vector<int> members;
  EmbeddingMatrix rows;
};

Space SpaceOf(const Vectors& vectors, const std::vector<int>& members) {
  std::vector<absl::Span<const float>> spans;
  for (const int i : members) spans.emplace_back(vectors[static_cast<size_t>(i)]);
  UnitRows unit = BuildUnitRows(spans);
  Space space;
  for (const int row : unit.source) space.members.push_back(members[static_cast<size_t>(row)]);
  space.rows = std::move(unit.rows);
  return space;
}

Space SpaceOfMembers(const std::vector<Episode>& episodes, const std::vector<int>& members) {
  Vectors vectors(episodes.size());
  for (const int i : members) vectors[static_cast<size_t>(i)] = VectorOf(episodes[static_cast<size_t>(i)]);
  return SpaceOf(vectors, members);
}

}  // namespace

absl::StatusOr<Clustering> ClusterEpisodes(const std::vector<Episode>& episodes,
                                           const ClusterOptions& options) {
  Clustering out;
  Vectors vectors;
  std::map<size_t, std::vector<int>> by_length;
  for (size_t i = 0; i < episodes.size(); ++i) {
    vectors.push_back(VectorOf(episodes[i]));
    by_length[vectors.back().size()].push_back(static_cast<int>(i));
  }
  size_t largest = 0;
  for (const auto& [length, members] : by_length) {
    const Space space = SpaceOf(vectors, members);
    if (space.members.empty()) continue;
    absl::StatusOr<std::vector<Merge>> merges = AverageLinkage(space.rows);
    if (!merges.ok()) return merges.status();
    Calibration cut{};
    if (options.min_similarity) {
      cut = {static_cast<float>(*options.min_similarity), "configured"};
    } else {
      cut = CalibrateThreshold(space.rows, *merges);
    }
    if (space.members.size() > largest) {  // the report names the cut that most episodes were under
      largest = space.members.size();
      out.threshold = cut.min_similarity;
      out.method = cut.method;
    }
    const std::vector<int> labels =
        CutAt(*merges, static_cast<int>(space.members.size()), cut.min_similarity);
    std::map<int, std::vector<int>> groups;
    for (size_t i = 0; i < labels.size(); ++i) groups[labels[i]].push_back(space.members[i]);
    for (auto& [label, group] : groups) {
      if (static_cast<int>(group.size()) >= options.min_cluster_size)
        out.clusters.push_back(std::move(group));
    }
  }
  if (options.max_clusters > 0 && out.clusters.size() > static_cast<size_t>(options.max_clusters)) {
    std::sort(out.clusters.begin(), out.clusters.end(), [](const auto& a, const auto& b) {
      return a.size() != b.size() ? a.size() > b.size() : a.front() < b.front();
    });
    out.clusters.resize(static_cast<size_t>(options.max_clusters));
  }
  std::sort(out.clusters.begin(), out.clusters.end(),
            [](const auto& a, const auto& b) { return a.front() < b.front(); });
  return out;
}

ClusterReport DescribeCluster(const std::vector<Episode>& episodes, const std::vector<int>& members) {
  ClusterReport out;
  std::map<EpisodeType, int> types;
  for (const int i : members) {
    const Episode& e = episodes[static_cast<size_t>(i)];
    out.episode_ids.push_back(e.id);
    out.mean_confidence += e.confidence / static_cast<double>(members.size());
    if (++types[e.type] > types[out.dominant_type]) out.dominant_type = e.type;
  }
  out.themes = ThemesOf(episodes, members);
  const Space space = SpaceOfMembers(episodes, members);
  const auto n = static_cast<double>(space.rows.rows());
  if (n > 1) {  // mean of all pairs, from the sum's length: |sum|^2 = n + 2 * sum over pairs
    const Eigen::VectorXd sum = space.rows.cast<double>().colwise().sum();
    out.cohesion = (sum.squaredNorm() - n) / (n * (n - 1));
  }
  return out;
}

std::vector<std::string> ThemesOf(const std::vector<Episode>& episodes, const std::vector<int>& members) {
  std::map<std::string, int> counts;
  for (const int i : members) {
    std::vector<std::string> entities = episodes[static_cast<size_t>(i)].entities;
    std::sort(entities.begin(), entities.end());
    entities.erase(std::unique(entities.begin(), entities.end()), entities.end());
    for (const std::string& entity : entities) ++counts[entity];
  }
  std::vector<std::pair<int, std::string>> ranked;
  for (const auto& [entity, count] : counts) {
    if (2 * count >= static_cast<int>(members.size())) ranked.emplace_back(-count, entity);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> themes;
  for (auto& [count, entity] : ranked) themes.push_back(entity);
  return themes;
}

std::vector<float> CentralityOf(const std::vector<Episode>& episodes, const std::vector<int>& members) {
  const Space space = SpaceOfMembers(episodes, members);
  std::vector<float> out(members.size(), 0.0f);
  if (space.members.empty()) return out;
  Eigen::VectorXf centroid = space.rows.colwise().sum();
  if (centroid.norm() > 0) centroid.normalize();
  const Eigen::VectorXf cosines = space.rows * centroid;
  for (size_t i = 0, row = 0; i < members.size() && row < space.members.size(); ++i) {
    if (members[i] == space.members[row]) out[i] = cosines[static_cast<Eigen::Index>(row++)];
  }
  return out;
}

}  // namespace slowwave
