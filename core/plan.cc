#include "core/plan.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace slowwave {

using nlohmann::json;

std::string PlanToJson(const Plan& p) {
  json j = {{"run_id", p.run_id},
            {"extractor", p.extractor},
            {"registry_version", p.registry_version},
            {"episodes", p.episodes},
            {"clusters", p.clusters},
            {"chunks", p.chunks},
            {"threshold", p.threshold},
            {"threshold_method", p.threshold_method},
            {"eligible", p.eligible},
            {"skipped", p.skipped}};
  if (!p.centrality.empty()) {
    j["centrality"] = p.centrality;
    j["cohesion"] = p.cohesion;
  }
  return j.dump();
}

absl::StatusOr<Plan> PlanFromJson(const std::string& text) {
  Plan p;
  try {
    const json j = json::parse(text);
    p.run_id = j.at("run_id");
    p.extractor = j.at("extractor");
    p.registry_version = j.at("registry_version");
    p.episodes = j.at("episodes");
    p.clusters = j.at("clusters");
    p.chunks = j.at("chunks");
    p.threshold = j.at("threshold");
    p.threshold_method = j.at("threshold_method");
    p.eligible = j.at("eligible");
    p.skipped = j.at("skipped");
    if (j.contains("centrality")) {
      p.centrality = j.at("centrality").get<std::vector<float>>();
      p.cohesion = j.at("cohesion").get<std::vector<double>>();
    }
  } catch (const json::exception& e) {
    return absl::DataLossError(absl::StrCat("reading a stored plan: ", e.what()));
  }
  if (!p.centrality.empty() &&
      (p.centrality.size() != p.episodes.size() || p.cohesion.size() != p.clusters.size())) {
    return absl::DataLossError("reading a stored plan: centralities do not fit");
  }
  for (const auto* groups : {&p.clusters, &p.chunks}) {
    for (const std::vector<int>& group : *groups) {
      for (const int i : group) {
        if (i < 0 || static_cast<size_t>(i) >= p.episodes.size()) {
          return absl::DataLossError("reading a stored plan: an index is out of range");
        }
      }
    }
  }
  return p;
}

}  // namespace slowwave
