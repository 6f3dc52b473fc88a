// The requests to an endpoint and when each is sent: queued, under way, or waiting for another try.
#ifndef SLOWWAVE_SERVER_LLM_DISPATCHER_H_
#define SLOWWAVE_SERVER_LLM_DISPATCHER_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "core/clock.h"
#include "core/llm_client.h"
#include "server/http_transfers.h"
#include "server/llm_limits.h"
#include "server/llm_metrics.h"
#include "server/llm_wire.h"

namespace slowwave {

struct DispatchOptions {
  const char* name = "";  // in the log
  // What a request is sent as, and what an answer to it means.
  std::function<absl::StatusOr<std::string>(const LlmRequest&, ResponseFormat)> body;
  std::function<CallVerdict(const LlmRequest&, const HttpAnswer&, ResponseFormat sent, absl::Time now)> judge;
  std::string secret;  // kept out of every detail
  int max_in_flight = 16;
  double requests_per_minute = 0, tokens_per_minute = 0;  // 0: no limit
  double prompt_price = 0, completion_price = 0;          // of a million tokens, for the metrics
  std::optional<ResponseFormat> format;                   // none: the best that the endpoint takes
  RetryLimits retry;
  BreakerOptions breaker;
  SteadyClock clock;
  Clock wall_clock;                // for a Retry-After that is a date
  std::function<double()> chance;  // uniform in [0, 1)
};

// One thread, but for Wake; it calls every `done`, which may not come back to the dispatcher.
class LlmDispatcher {
 public:
  LlmDispatcher(DispatchOptions options, std::unique_ptr<HttpTransfers> transfers, LlmMetrics& metrics);
  ~LlmDispatcher();

  void Add(LlmRequest request, LlmClient::Done done);
  // Sends what may be sent, waits until something happens (100 ms at most while anything is pending, as long
  // as it takes until Wake otherwise), and deals with it.
  void Step();
  // Everything pending ends as kStopped.
  void StopAll();
  // Any thread.
  void Wake() { transfers_->Wake(); }

 private:
  struct Pending;
  using PendingPtr = std::unique_ptr<Pending>;

  void EndStopped();
  // Returns when the next may be sent, for all that is known; infinite: when another one ends.
  absl::Duration SendWhatMay();
  void Send(PendingPtr pending, std::string body, double estimate);
  void Handle(HttpTransfers::Id id, const HttpAnswer& answer);
  void Count(Pending& pending, const CallVerdict& verdict);
  void TellBreaker(const Pending& pending, const CallVerdict& verdict);
  void TryAgain(PendingPtr pending, const CallVerdict& verdict);
  void Downgrade(ResponseFormat sent);
  void BringDown();
  void Finish(PendingPtr pending, LlmOutcome outcome, absl::string_view detail, std::string content = "");
  void FinishDown(PendingPtr pending);

  const DispatchOptions options_;
  const std::unique_ptr<HttpTransfers> transfers_;
  LlmMetrics& metrics_;
  TokenBucket requests_, tokens_;
  Breaker breaker_;
  Throttle throttle_;
  std::string why_down_;
  ResponseFormat format_;
  std::deque<PendingPtr> ready_;
  std::multimap<absl::Duration, PendingPtr> waiting_;  // by when they are due
  std::map<HttpTransfers::Id, PendingPtr> in_flight_;
  HttpTransfers::Id last_id_ = 0;
  std::chrono::steady_clock::time_point swept_;  // of those that were told to stop
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_LLM_DISPATCHER_H_
