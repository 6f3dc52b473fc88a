// All that one run knows, from its claim to its commit. Owned by one stage at a time, so it needs no lock.
#ifndef SLOWWAVE_CORE_RUN_STATE_H_
#define SLOWWAVE_CORE_RUN_STATE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/extractor.h"
#include "core/keys.h"
#include "core/plan.h"
#include "core/report.h"
#include "core/token_budget.h"
#include "storage/store.h"

namespace slowwave {

struct RunState {
  ClaimedTask claimed;
  std::string traceparent;  // of the calls that it makes
  Sample sample;            // the episodes live here; chunks point into it
  Plan plan;
  std::vector<Chunk> chunks;
  absl::Duration embed_began, extract_began;  // by the steady clock
  std::vector<ChunkMemory> shown;             // parallel to sample.episodes: cluster and centrality
  std::vector<ChunkReply> replies;            // by chunk
  // By chunk: what its reply is kept under (empty: it is not), and whether the store had it already.
  std::vector<std::string> questions;
  std::vector<bool> recalled;
  std::vector<std::string> digests;   // by chunk: SHA-256 of the journal of its reply; empty: it has none
  std::shared_ptr<RunTokens> tokens;  // null: no budget
  std::optional<absl::Duration> postponed;  // set with an error: the task is to wait so long
  std::vector<Assertion> assertions;
  std::vector<Quarantined> quarantine;
  std::vector<std::string> reviewed, cited, left, unreadable;
  Report report;
};

// Gives up what a string or a vector has reserved, which assigning nothing to it does not.
template <typename T>
void Free(T& held) {
  T().swap(held);
}

// About how many bytes of memory a run takes while it waits: what it has sampled, and, once there are chunks,
// their questions and replies.
int64_t BytesOf(const RunState& run);
// Those of one reply; and of a question while it is asked, which repeats its chunk's texts.
int64_t BytesOf(const ChunkReply& reply);
int64_t BytesOfQuestion(const Chunk& chunk);

// Gives up what nothing reads once there are chunks: the episodes' embeddings, entities and metadata.
void FreeWhatChunksNeedNot(RunState& run);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_RUN_STATE_H_
