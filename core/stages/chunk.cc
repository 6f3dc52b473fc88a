#include "core/stages/chunk.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/stages/cluster.h"

namespace slowwave {
namespace {

// The n-th of `pieces` nearly equal parts of `all`.
std::vector<int> Piece(const std::vector<int>& all, size_t n, size_t pieces) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(all.size() * n / pieces);
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(all.size() * (n + 1) / pieces);
  return {begin, end};
}

}  // namespace

bool AreNeighbours(const Episode& a, const Episode& b) {
  return !a.session_id.empty() && a.session_id == b.session_id && a.turn && b.turn &&
         std::abs(static_cast<int64_t>(*a.turn) - *b.turn) <= kContextTurns;
}

std::vector<std::vector<int>> PackChunks(int episodes, const std::vector<std::vector<int>>& clusters,
                                         int budget, const std::vector<int>& order,
                                         const std::vector<bool>& alone) {
  std::vector<int> place(static_cast<size_t>(episodes));
  for (size_t i = 0; i < order.size(); ++i) place[static_cast<size_t>(order[i])] = static_cast<int>(i);
  const auto by_place = [&](int a, int b) {
    return place[static_cast<size_t>(a)] < place[static_cast<size_t>(b)];
  };

  std::vector<std::vector<int>> parts, chunks;
  const auto is_alone = [&](int i) { return !alone.empty() && alone[static_cast<size_t>(i)]; };
  for (const int i : order) {
    if (is_alone(i)) chunks.push_back({i});
  }
  const size_t first_shared = chunks.size();
  std::vector<bool> in_cluster(static_cast<size_t>(episodes), false);
  for (std::vector<int> cluster : clusters) {
    std::erase_if(cluster, is_alone);
    std::sort(cluster.begin(), cluster.end(), by_place);
    for (const int i : cluster) in_cluster[static_cast<size_t>(i)] = true;
    const size_t pieces = (cluster.size() + static_cast<size_t>(budget) - 1) / static_cast<size_t>(budget);
    for (size_t n = 0; n < pieces; ++n) parts.push_back(Piece(cluster, n, pieces));
  }
  std::stable_sort(parts.begin(), parts.end(), [&](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : by_place(a.front(), b.front());
  });
  for (const int i : order) {
    if (!in_cluster[static_cast<size_t>(i)] && !is_alone(i)) parts.push_back({i});
  }
  size_t first_open = first_shared;
  for (const std::vector<int>& part : parts) {
    while (first_open < chunks.size() && chunks[first_open].size() == static_cast<size_t>(budget))
      ++first_open;
    size_t c = first_open;
    while (c < chunks.size() && chunks[c].size() + part.size() > static_cast<size_t>(budget)) ++c;
    if (c == chunks.size()) chunks.emplace_back();
    chunks[c].insert(chunks[c].end(), part.begin(), part.end());
  }
  return chunks;
}

void BuildChunks(RunState& run) {
  std::map<std::string, int> at;
  for (size_t i = 0; i < run.sample.episodes.size(); ++i) at[run.sample.episodes[i].id] = static_cast<int>(i);
  const auto here = [&](const std::vector<int>& planned) {
    std::vector<int> out;
    for (const int i : planned) {
      const auto found = at.find(run.plan.episodes[static_cast<size_t>(i)]);
      if (found != at.end()) out.push_back(found->second);
    }
    return out;
  };
  const bool kept = !run.plan.centrality.empty();
  std::vector<float> centrality(run.sample.episodes.size(), 0.0f);
  for (size_t i = 0; kept && i < run.plan.episodes.size(); ++i) {
    const auto found = at.find(run.plan.episodes[i]);
    if (found != at.end()) centrality[static_cast<size_t>(found->second)] = run.plan.centrality[i];
  }
  run.shown.assign(run.sample.episodes.size(), {});
  for (size_t i = 0; i < run.shown.size(); ++i) run.shown[i].episode = &run.sample.episodes[i];
  for (size_t c = 0; c < run.plan.clusters.size(); ++c) {
    const std::vector<int> members = here(run.plan.clusters[c]);
    if (members.empty()) continue;
    const std::vector<float> computed =
        kept ? std::vector<float>() : CentralityOf(run.sample.episodes, members);
    for (size_t m = 0; m < members.size(); ++m) {
      const auto member = static_cast<size_t>(members[m]);
      run.shown[member].cluster = static_cast<int>(c);
      run.shown[member].centrality = kept ? centrality[member] : computed[m];
    }
    run.report.cluster_list.push_back(DescribeCluster(run.sample.episodes, members));
    if (kept) run.report.cluster_list.back().cohesion = run.plan.cohesion[c];
  }
  // Neighbouring turns may be sampled themselves, in another chunk: then they are context here.
  std::map<std::string, std::vector<const Episode*>> sessions;
  for (const auto* list : {&run.sample.episodes, &run.sample.context}) {
    for (const Episode& e : *list) {
      if (!e.session_id.empty()) sessions[e.session_id].push_back(&e);
    }
  }
  run.chunks.clear();
  for (const std::vector<int>& planned : run.plan.chunks) {
    const std::vector<int> members = here(planned);
    if (members.empty()) continue;
    Chunk chunk;
    std::set<const Episode*> citable;
    for (const int i : members) {
      chunk.memories.push_back(run.shown[static_cast<size_t>(i)]);
      citable.insert(chunk.memories.back().episode);
    }
    std::set<const Episode*> context;
    for (const ChunkMemory& memory : chunk.memories) {
      for (const Episode* other : sessions[memory.episode->session_id]) {
        if (!citable.contains(other) && AreNeighbours(*memory.episode, *other)) context.insert(other);
      }
    }
    chunk.context.assign(context.begin(), context.end());
    std::sort(chunk.context.begin(), chunk.context.end(), [](const Episode* a, const Episode* b) {
      return std::tie(a->session_id, a->turn, a->occurred_at, a->id) <
             std::tie(b->session_id, b->turn, b->occurred_at, b->id);
    });
    chunk.themes = ThemesOf(run.sample.episodes, members);
    run.chunks.push_back(std::move(chunk));
  }
}

}  // namespace slowwave
