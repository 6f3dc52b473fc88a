// What the client of an endpoint counts; for embeddings, `slowwave_embedding_` takes the place of
// `slowwave_llm_`. Bound once at start-up; updates never look a label up in the registry.
// Thread-safe. No tenant or user in a label. `registry` must outlive this.
#ifndef SLOWWAVE_SERVER_LLM_METRICS_H_
#define SLOWWAVE_SERVER_LLM_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>

#include "server/llm_wire.h"

namespace slowwave {

struct LlmMetrics {
  LlmMetrics(prometheus::Registry& registry, EndpointKind kind);
  // slowwave_llm_calls_total{outcome}, one for each of kCallWords; const after construction
  std::map<std::string, prometheus::Counter*> calls;
  prometheus::Gauge& in_flight;            // slowwave_llm_in_flight
  prometheus::Histogram& seconds;          // slowwave_llm_seconds: of a call, whatever came of it
  prometheus::Gauge& breaker_open;         // slowwave_llm_breaker_open: 1 while nothing is asked
  prometheus::Counter& prompt_tokens;      // slowwave_llm_tokens_total{kind="prompt"}
  prometheus::Counter* completion_tokens;  // {kind="completion"}; null for embeddings
  prometheus::Counter& cost;               // slowwave_cost_total{endpoint="llm" or "embedding"}
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_LLM_METRICS_H_
