// Says what a chunk of memories amounts to.
#ifndef SLOWWAVE_CORE_EXTRACTOR_H_
#define SLOWWAVE_CORE_EXTRACTOR_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/extraction.h"

namespace slowwave {

struct ChunkReply {
  absl::Status status;  // not ok: the chunk is left and tried again by a later run
  std::vector<Gist> gists;
  int64_t calls = 0, prompt_tokens = 0, completion_tokens = 0, retries = 0;
  std::string outcome;  // a stable word for the report: 'ok', 'timeout', ...
};

// Any thread. Implementations: the built-in rules here; an LLM endpoint.
class Extractor {
 public:
  using Done = std::function<void(ChunkReply)>;
  virtual ~Extractor() = default;
  // Recorded in plans and reports: 'builtin/1'.
  virtual std::string name() const = 0;
  // Calls `done` exactly once, on this thread or any other, now or later. `chunk` and its episodes outlive
  // that call.
  virtual void Extract(const Chunk& chunk, Done done) = 0;
};

// Answers at once, on the calling thread.
class BuiltinExtractor : public Extractor {
 public:
  std::string name() const override;
  void Extract(const Chunk& chunk, Done done) override;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EXTRACTOR_H_
