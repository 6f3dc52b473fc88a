#include "server/llm_metrics.h"

#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

prometheus::Gauge& GaugeOf(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Counter& CounterOf(prometheus::Registry& registry, const std::string& name,
                               const std::string& help, const prometheus::Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}

prometheus::Histogram& SecondsOf(prometheus::Registry& registry, const std::string& name,
                                 const std::string& help) {
  const prometheus::Histogram::BucketBoundaries buckets = {0.05, 0.1, 0.25, 0.5, 1,  2.5,
                                                           5,    10,  20,   30,  60, 180};
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

struct Names {
  std::string prefix, endpoint;
};

Names NamesOf(EndpointKind kind) {
  if (kind == EndpointKind::kEmbeddings) return {"slowwave_embedding_", "the embeddings endpoint"};
  return {"slowwave_llm_", "the LLM endpoint"};
}

prometheus::Counter& TokensOf(prometheus::Registry& registry, const Names& names, const char* kind) {
  return CounterOf(registry, names.prefix + "tokens_total",
                   absl::StrCat("Tokens as ", names.endpoint, " counted them."), {{"kind", kind}});
}

}  // namespace

LlmMetrics::LlmMetrics(prometheus::Registry& registry, EndpointKind kind)
    : in_flight(GaugeOf(registry, NamesOf(kind).prefix + "in_flight",
                        absl::StrCat("Calls to ", NamesOf(kind).endpoint, " under way."))),
      seconds(
          SecondsOf(registry, NamesOf(kind).prefix + "seconds",
                    absl::StrCat("Time of a call to ", NamesOf(kind).endpoint, ", whatever came of it."))),
      breaker_open(GaugeOf(registry, NamesOf(kind).prefix + "breaker_open",
                           absl::StrCat("1 while ", NamesOf(kind).endpoint,
                                        " is not asked, because it refuses us or is out."))),
      prompt_tokens(TokensOf(registry, NamesOf(kind), "prompt")),
      completion_tokens(kind == EndpointKind::kChat ? &TokensOf(registry, NamesOf(kind), "completion")
                                                    : nullptr),
      cost(CounterOf(registry, "slowwave_cost_total",
                     "Cost of calls at the configured prices, in the currency that those are in.",
                     {{"endpoint", kind == EndpointKind::kChat ? "llm" : "embedding"}})) {
  const Names names = NamesOf(kind);
  for (const char* word : kCallWords) {
    calls[word] = &CounterOf(registry, names.prefix + "calls_total",
                             absl::StrCat("Calls to ", names.endpoint, " by outcome."), {{"outcome", word}});
  }
}

}  // namespace slowwave
