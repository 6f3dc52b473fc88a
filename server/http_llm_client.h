// An OpenAI-compatible endpoint over HTTP. One thread carries all calls.
//
// What comes back and what is done about it: llm_wire.h. How often and how fast it is asked: llm_limits.h.
#ifndef SLOWWAVE_SERVER_HTTP_LLM_CLIENT_H_
#define SLOWWAVE_SERVER_HTTP_LLM_CLIENT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "core/clock.h"
#include "core/llm_client.h"
#include "server/llm_limits.h"
#include "server/llm_metrics.h"
#include "server/llm_wire.h"

namespace slowwave {

class LlmDispatcher;

struct HttpLlmOptions {
  // Of embeddings: each message is a text, and the answer's content is what UnpackVectors takes.
  EndpointKind kind = EndpointKind::kChat;
  std::string base_url;  // http://host/v1; see CheckBaseUrl
  std::string model;
  std::string api_key;                                    // empty: none
  int max_in_flight = 16;                                 // calls at once
  double requests_per_minute = 0, tokens_per_minute = 0;  // 0: no limit
  double prompt_price = 0, completion_price = 0;          // of a million tokens, for the metrics
  absl::Duration connect_timeout = absl::Seconds(10);
  // To the first byte, and between bytes. An answer is silent until the model has finished it.
  absl::Duration silence_timeout = absl::Seconds(60);
  absl::Duration total_timeout = absl::Seconds(180);
  std::optional<ResponseFormat> format;  // none: the best that the endpoint takes, learnt from its refusals
  RetryLimits retry;
  BreakerOptions breaker;
  std::string proxy;    // empty: none, whatever the environment says
  std::string ca_file;  // empty: the system's
  SteadyClock clock = SystemSteadyClock();
  Clock wall_clock = SystemClock();
  std::function<double()> chance;  // uniform in [0, 1); empty: dice of its own
};

// An http or https address with a host, without credentials, query or fragment; a slash at its end does not
// matter. InvalidArgument says what is allowed, without the address.
absl::Status CheckBaseUrl(absl::string_view url);

class HttpLlmClient : public LlmClient {
 public:
  // InvalidArgument: the address, no model, a key that cannot stand in a header, a limit below one.
  // `registry` outlives the client.
  static absl::StatusOr<std::unique_ptr<HttpLlmClient>> Start(HttpLlmOptions options,
                                                              prometheus::Registry& registry);
  // As Stop.
  ~HttpLlmClient() override;

  const std::string& model() const override { return model_; }
  // Whether the breaker is open: nothing is asked. Any thread.
  bool down() const { return metrics_.breaker_open.Value() > 0; }
  // `done` is called from the client's thread; after Stop from the caller's. It may call Complete.
  void Complete(LlmRequest request, Done done) override;
  // Everything pending ends as kStopped, and so does whatever comes later. Any thread but the client's own;
  // again is fine.
  void Stop();

 private:
  HttpLlmClient(const HttpLlmOptions& options, prometheus::Registry& registry);
  void Run();

  const std::string model_;
  LlmMetrics metrics_;
  std::unique_ptr<LlmDispatcher> dispatcher_;  // the thread's, once it runs
  absl::Mutex mutex_;
  std::vector<std::pair<LlmRequest, Done>> inbox_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Mutex join_mutex_;
  std::thread thread_ ABSL_GUARDED_BY(join_mutex_);
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_HTTP_LLM_CLIENT_H_
