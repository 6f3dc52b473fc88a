#include "server/llm_metrics.h"

#include "server/llm_wire.h"

namespace slowwave {
namespace {

prometheus::Gauge& GaugeOf(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Counter& CounterOf(prometheus::Registry& registry, const char* name, const char* help,
                               const prometheus::Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}

prometheus::Histogram& SecondsOf(prometheus::Registry& registry) {
  const prometheus::Histogram::BucketBoundaries buckets = {0.05, 0.1, 0.25, 0.5, 1,  2.5,
                                                           5,    10,  20,   30,  60, 180};
  return prometheus::BuildHistogram()
      .Name("slowwave_llm_seconds")
      .Help("Time of a call to the LLM endpoint, whatever came of it.")
      .Register(registry)
      .Add({}, buckets);
}

constexpr char kTokens[] = "slowwave_llm_tokens_total";
constexpr char kTokensHelp[] = "Tokens as the LLM endpoint counted them.";

}  // namespace

LlmMetrics::LlmMetrics(prometheus::Registry& registry)
    : in_flight(GaugeOf(registry, "slowwave_llm_in_flight", "Calls to the LLM endpoint under way.")),
      seconds(SecondsOf(registry)),
      breaker_open(GaugeOf(registry, "slowwave_llm_breaker_open",
                           "1 while the LLM endpoint is not asked, because it refuses us or is out.")),
      prompt_tokens(CounterOf(registry, kTokens, kTokensHelp, {{"kind", "prompt"}})),
      completion_tokens(CounterOf(registry, kTokens, kTokensHelp, {{"kind", "completion"}})) {
  for (const char* word : kCallWords) {
    calls[word] = &CounterOf(registry, "slowwave_llm_calls_total", "Calls to the LLM endpoint by outcome.",
                             {{"outcome", word}});
  }
}

}  // namespace slowwave
