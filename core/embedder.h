// Turns texts into vectors whose cosine says how alike the texts are. Implementations: an endpoint over HTTP;
// without one, episodes that come without an embedding get the built-in one (builtin_embedder.h).
#ifndef SLOWWAVE_CORE_EMBEDDER_H_
#define SLOWWAVE_CORE_EMBEDDER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/run_stop.h"

namespace slowwave {

struct EmbedRequest {
  std::vector<std::string> texts;
  StopFlag stop;                 // null: never; once it stops, the answer is kCancelled, soon
  std::string traceparent = {};  // the header of calls; empty: none
};

struct EmbedReply {
  // kUnavailable: the endpoint is not asked now (key refused, nothing answers): the run is handed back.
  // kCancelled: stopped. Otherwise ok, whatever could not be embedded.
  absl::Status status;
  // One a text: usable (see CheckEmbedding), or empty for a text that none could be had for.
  std::vector<std::vector<float>> vectors;
  std::vector<std::string> problems;  // for the report, a line each; not a word of a text
  int64_t calls = 0, tokens = 0;
};

// Any thread.
class Embedder {
 public:
  using Done = std::function<void(EmbedReply)>;
  virtual ~Embedder() = default;
  // As configured: for reports.
  virtual const std::string& model() const = 0;
  // Calls `done` exactly once, from any thread, perhaps before this returns. `done` is quick.
  virtual void Embed(EmbedRequest request, Done done) = 0;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EMBEDDER_H_
