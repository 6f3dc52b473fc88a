// Packs clusters and strays into chunks, and chunks into what an extractor is shown. Pure functions over
// values.
#ifndef SLOWWAVE_CORE_STAGES_CHUNK_H_
#define SLOWWAVE_CORE_STAGES_CHUNK_H_

#include <vector>

#include "core/run_state.h"

namespace slowwave {

// How far around its memories a chunk shows turns.
inline constexpr int kContextTurns = 2;

// Every episode of [0, `episodes`) in exactly one chunk of at most `budget` (>= 1). A cluster that fits is
// never split; one that does not is cut into pieces as equal as can be. Clusters go in whole, largest first,
// each into the first chunk with room (first fit decreasing); strays fill what is left, in order. Within a
// cluster and among strays the order is that of `order` (a permutation of the episodes: by time). An episode
// marked in `alone` (empty: none) has a chunk of its own.
std::vector<std::vector<int>> PackChunks(int episodes, const std::vector<std::vector<int>>& clusters,
                                         int budget, const std::vector<int>& order,
                                         const std::vector<bool>& alone = {});

// Turns of one session, at most two apart.
bool AreNeighbours(const Episode& a, const Episode& b);

// Fills run.chunks and run.shown from run.plan and run.sample. Episodes of the plan that are gone are left
// out.
void BuildChunks(RunState& run);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_STAGES_CHUNK_H_
