// Says what a chunk of memories amounts to.
#ifndef SLOWWAVE_CORE_EXTRACTOR_H_
#define SLOWWAVE_CORE_EXTRACTOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/extraction.h"
#include "core/run_stop.h"

namespace slowwave {

struct ChunkReply {
  // Not ok: no memory of the chunk was answered for. kUnavailable: nobody will be now, the run is handed
  // back; kCancelled: the run was stopped; else the chunk is left and tried again by a later run.
  absl::Status status;
  std::vector<Gist> gists;
  std::vector<int> left;              // memories (indices) that no answer covers: tried again by a later run
  std::vector<int> unreadable;        // memories that the endpoint refuses to read, each shown alone
  std::vector<int> unasked;           // memories that were not read for want of budget, or as the endpoint
                                      // puts them off: they wait, no try counts
  std::vector<std::string> problems;  // for the report, a line each
  int64_t calls = 0, prompt_tokens = 0, completion_tokens = 0, retries = 0;
  std::map<std::string, int64_t> outcomes;  // calls by stable words: 'ok', 'timeout', ...
  // What Recall makes the same of; empty if not all of the chunk was answered, or nothing need be kept.
  std::string journal;
};

// Any thread. Implementations: the built-in rules here; an LLM endpoint.
class Extractor {
 public:
  using Done = std::function<void(ChunkReply)>;
  // Runs work on a thread that may take its time. False: it is dropped, all is shutting down.
  using Post = std::function<bool(std::function<void()>)>;
  virtual ~Extractor() = default;
  // Recorded in plans and reports: 'builtin/1'.
  virtual std::string name() const = 0;
  virtual std::string model() const { return ""; }
  virtual std::string prompt_version() const { return ""; }
  // Where replies are read. Called once, before the first Extract.
  virtual void PostTo(Post) {}
  // Under which a reply's journal is kept; empty: it is not.
  virtual std::string QuestionOf(const Chunk&) const { return ""; }
  // The reply that `journal` was made of, with no calls. InvalidArgument: it is not of this chunk.
  virtual absl::StatusOr<ChunkReply> Recall(const Chunk& chunk, const std::string& journal) const;
  // Calls `done` exactly once, on this thread or any other, now or later. `chunk` and its episodes outlive
  // that call. Once `stop` (may be null) stops, the answer is kCancelled, soon.
  virtual void Extract(const Chunk& chunk, StopFlag stop, Done done) = 0;
};

// Answers at once, on the calling thread.
class BuiltinExtractor : public Extractor {
 public:
  std::string name() const override;
  void Extract(const Chunk& chunk, StopFlag stop, Done done) override;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EXTRACTOR_H_
