// A chat completion endpoint, as the extractor sees it: one question, one answer, however many calls that
// took.
#ifndef SLOWWAVE_CORE_LLM_CLIENT_H_
#define SLOWWAVE_CORE_LLM_CLIENT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/run_stop.h"

namespace slowwave {

struct LlmMessage {
  std::string role;  // system, user, assistant
  std::string content;
};

struct LlmRequest {
  std::vector<LlmMessage> messages;
  std::string schema_name, schema;  // a JSON Schema (text) of the reply, for endpoints that take one
  int max_tokens = 0;               // of the reply; 0: the endpoint's own limit
  StopFlag stop;                    // null: never; once it stops, the request ends as kStopped, soon
  std::string traceparent;          // the header; empty: none
};

enum class LlmOutcome {
  kOk,          // finished of its own accord; `content` is what it said, unchecked
  kLength,      // cut off (finish_reason `length`), or too much was asked (413, context_length_exceeded)
  kRefused,     // a refusal or a content filter
  kBadReply,    // an envelope that is not JSON, has no choices, is over 4 MiB, ...
  kBadRequest,  // 4xx that trying again would not change
  kFailed,      // 5xx, timeout, connection lost, after all retries
  kBusy,        // told to wait (429, or 503 with Retry-After) for longer than there is patience
  kDown,        // the breaker is open: key refused, quota exhausted, no such model, or nothing answers
  kStopped,     // `stop`, or the client is shutting down
};

struct LlmReply {
  LlmOutcome outcome = LlmOutcome::kFailed;
  std::string detail;   // for people, in a few words; never a key or a memory's text
  std::string content;  // kOk and kLength
  int64_t calls = 0;    // sent to the endpoint, retries included
  int64_t retries = 0;
  int64_t prompt_tokens = 0, completion_tokens = 0;  // of all calls that said
  // Calls by outcome: ok, length, refused, bad_reply, rate_limited, server_error, timeout, connection,
  // denied, format_unsupported, bad_request.
  std::map<std::string, int64_t> outcomes;
};

// Any thread.
class LlmClient {
 public:
  using Done = std::function<void(LlmReply)>;
  virtual ~LlmClient() = default;
  // As configured: goes into plans, request hashes and reports.
  virtual const std::string& model() const = 0;
  // Calls `done` exactly once, from a thread of the client's, perhaps before this returns. `done` is quick.
  virtual void Complete(LlmRequest request, Done done) = 0;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_LLM_CLIENT_H_
