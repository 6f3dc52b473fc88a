// What goes to a chat completion endpoint and what its answers mean. Pure functions: no socket, no clock.
#ifndef SLOWWAVE_SERVER_LLM_WIRE_H_
#define SLOWWAVE_SERVER_LLM_WIRE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/llm_client.h"

namespace slowwave {

// What an endpoint does.
enum class EndpointKind { kChat, kEmbeddings };

// How the reply's form is asked for, least demanding first.
enum class ResponseFormat { kNone, kJsonObject, kJsonSchema };
const char* ResponseFormatName(ResponseFormat format);  // none, json_object, json_schema

// The body of one call: the same bytes for the same request. Temperature 0. A request without a schema is
// sent without a format. InvalidArgument, without a text's content: the schema is not JSON, something is not
// UTF-8.
absl::StatusOr<std::string> ChatBody(const std::string& model, const LlmRequest& request,
                                     ResponseFormat format);

// How a call ended below HTTP.
enum class Transport {
  kAnswered,    // there is a status; headers and body are whole
  kTimeout,     // connecting, silent or altogether too long
  kConnection,  // refused, reset, cut off, a name that does not resolve
  kUntrusted,   // the certificate is not accepted, or the address cannot be used at all
  kTooLarge,    // a body of more than kMaxJsonBytes
};

struct HttpAnswer {
  Transport transport = Transport::kConnection;
  std::string problem;      // unless kAnswered: for people
  int status = 0;           // of HTTP
  std::string retry_after;  // the header's value; empty: none
  std::string body;
};

// What a call says about the endpoint, for the breaker.
enum class EndpointHealth {
  kAlive,    // it understood us, whatever it thought of the request
  kBusy,     // it asks us to come later
  kFailing,  // nothing usable came
  kDenied,   // key, quota, model or address: trying again does not help until somebody acts
};

struct CallVerdict {
  enum class Next {
    kFinish,     // with `outcome`
    kWait,       // and ask again, for as long as patience lasts
    kRetry,      // a few times
    kDowngrade,  // ask again with less of a format
  };
  const char* word = "";  // of LlmReply::outcomes
  Next next = Next::kFinish;
  LlmOutcome outcome = LlmOutcome::kFailed;  // kFinish; otherwise how it ends if no further try is due
  EndpointHealth health = EndpointHealth::kAlive;
  std::string detail;                  // for people; not a word of the prompt or of the reply
  std::string content;                 // kOk, kLength
  std::optional<absl::Duration> wait;  // kWait: as told; none: nothing (sensible) was said
  int64_t prompt_tokens = 0, completion_tokens = 0;
};

// The words of LlmReply::outcomes.
inline constexpr const char* kCallWords[] = {
    "ok",      "length",     "refused", "bad_reply",          "rate_limited", "server_error",
    "timeout", "connection", "denied",  "format_unsupported", "bad_request"};

// `sent`: what was asked for; kNone if the request had no schema or the format is fixed by configuration, so
// that a refusal of it is final. `now`: for a Retry-After that is a date.
CallVerdict JudgeCall(const HttpAnswer& answer, ResponseFormat sent, absl::Time now);

inline constexpr absl::Duration kMaxRetryAfter = absl::Minutes(5);
// Seconds, or a date of HTTP (RFC 9110, all three forms); clamped to [0, kMaxRetryAfter]. None: neither.
std::optional<absl::Duration> ParseRetryAfter(absl::string_view value, absl::Time now);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_LLM_WIRE_H_
