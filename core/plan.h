// What a run decided before it extracts: which episodes, in which clusters and chunks. Stored with the task,
// so that a later attempt shows an extractor the very same chunks, whatever was ingested meanwhile.
#ifndef SLOWWAVE_CORE_PLAN_H_
#define SLOWWAVE_CORE_PLAN_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace slowwave {

struct Plan {
  std::string run_id;
  std::string extractor;  // name() of the one that the chunks were made for
  int64_t registry_version = 0;
  std::vector<std::string> episodes;       // in order of the sample
  std::vector<std::vector<int>> clusters;  // indices into `episodes`
  std::vector<std::vector<int>> chunks;    // indices into `episodes`; each episode in exactly one
  // By an embedder's vectors, which a later attempt does not have; empty: computed from the episodes.
  std::vector<float> centrality;  // parallel to `episodes`; 0 for a stray
  std::vector<double> cohesion;   // parallel to `clusters`
  double threshold = 0;
  std::string threshold_method;
  int64_t eligible = 0;
  std::map<std::string, int64_t> skipped;
};

std::string PlanToJson(const Plan& plan);
// DataLoss: not such a text, or an index out of range.
absl::StatusOr<Plan> PlanFromJson(const std::string& json);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_PLAN_H_
