// What goes into an extractor and what comes out. Values only.
#ifndef SLOWWAVE_CORE_EXTRACTION_H_
#define SLOWWAVE_CORE_EXTRACTION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "storage/types.h"

namespace slowwave {

class RunTokens;

// An episode shown as citable. Its number in the call is its index in Chunk::memories plus one.
struct ChunkMemory {
  const Episode* episode = nullptr;  // never null; outlives the chunk
  int cluster = -1;                  // the run's cluster; -1: a stray
  float centrality = 0;              // cosine to its cluster's centroid; 0 for a stray
};

// What one extractor call is shown. Episodes of a cluster stand together.
struct Chunk {
  std::vector<ChunkMemory> memories;
  // Turns of the same sessions at most two away from a memory; not citable. In order of session and turn.
  std::vector<const Episode*> context;
  std::vector<std::string> themes;
  std::shared_ptr<const std::vector<Slot>> slots;  // what keys may be like; may be null
  std::shared_ptr<RunTokens> tokens;               // what may be spent; null: no limit
  std::string traceparent;                         // of calls about it; empty: none
};

// An episode that a gist cites: `memory` indexes Chunk::memories.
struct Citation {
  int memory = 0;
  std::string quote;
};

// One statement that an extractor found, before any check.
struct Gist {
  std::string text;  // a sentence that stands alone: 'Caroline lives in Lisbon'
  GistType type = GistType::kFact;
  double confidence = 0.8;
  std::string subject;    // as said: 'Caroline', 'user'; empty: first person of the first cited speaker
  std::string predicate;  // may be empty
  std::optional<std::string> value;
  ValueType value_type = ValueType::kText;
  std::string key;  // may be empty; then made of subject, type and predicate
  AssertionState state = AssertionState::kHolds;
  std::optional<absl::Time> valid_from;  // only if the text names a day, month or year (UTC start of it)
  std::optional<absl::Time> valid_to;
  std::vector<Citation> evidence;
  bool guessed = false;  // the extractor cited nothing: `evidence` is every memory it was shown, unquoted
  std::string defect;    // not empty: why it cannot stand, whatever it cites
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EXTRACTION_H_
