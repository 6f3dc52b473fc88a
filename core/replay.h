// Reads what a run was answered once more, with this binary's parser, checks and slots, and compares what
// comes out with what the run recorded. Calls no endpoint and changes nothing.
#ifndef SLOWWAVE_CORE_REPLAY_H_
#define SLOWWAVE_CORE_REPLAY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/store.h"

namespace slowwave {

// A gist that only one side has.
struct ReplayDifference {
  bool recorded = false;  // by the run, else it is what comes out now
  std::string key;
  std::optional<std::string> value;
  std::string text;
  std::string reason, detail;  // why it is quarantined; empty: it is asserted
  std::vector<Evidence> evidence;
};

struct Replay {
  std::string extractor, model, prompt_version;  // the run's
  std::string reader;                            // name of the extractor that reads now
  int64_t chunks = 0, replayed_chunks = 0;
  int64_t same_assertions = 0, same_quarantined = 0;
  int64_t not_compared = 0;                   // recorded, of chunks that could not be replayed
  std::vector<ReplayDifference> differences;  // what is asserted first, then by key, text and side
  std::vector<std::string> problems;          // a chunk that could not be replayed, and why
};

// Any thread. Turns ingested since, next to the run's memories, count as context, and slots are those of now.
// FailedPrecondition: recorded by an earlier version, or by an extractor that this binary does not have.
// Other errors are the store's.
absl::StatusOr<Replay> ReplayRun(const RunRecord& record, Store& store);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_REPLAY_H_
