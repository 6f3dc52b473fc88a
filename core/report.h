// What a run did, line by line. The store keeps it as JSON text; the server maps it to the wire.
#ifndef SLOWWAVE_CORE_REPORT_H_
#define SLOWWAVE_CORE_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/types.h"

namespace slowwave {

struct StageReport {
  std::string name;  // sample, embed (if an endpoint was asked), cluster, extract, align, migrate
  absl::Duration took;
  std::map<std::string, int64_t> counts;
};

struct ClusterReport {
  std::vector<std::string> episode_ids;
  std::vector<std::string> themes;
  EpisodeType dominant_type = EpisodeType::kUnspecified;
  double mean_confidence = 0;
  double cohesion = 0;  // mean pairwise cosine
};

enum class ChangeKind : int {
  kUnspecified = 0,
  kCreated = 1,
  kReinforced = 2,
  kSuperseded = 3,
  kEnded = 4,
  kContested = 5,
  kCorrected = 6,
  kRemoved = 7,
};

// One line of a change set: a fact as it is now, and what it was.
struct Change {
  ChangeKind kind = ChangeKind::kUnspecified;
  Fact fact;                // after; before, if removed
  std::string replaced_by;  // superseded or corrected: the value that took its place
  double confidence_before = 0;
  std::string note;  // contested: why this assertion changed nothing
};

struct Report {
  std::string run_id, task_id;
  std::string trace_id;  // of the distributed trace that the run belongs to
  UserKey user;
  TriggerKind trigger = TriggerKind::kUnspecified;
  std::vector<std::string> reasons;
  int attempt = 0;
  absl::Time started_at, finished_at;
  bool succeeded = false;
  bool partial = false;  // some chunks were left
  std::vector<StageReport> stages;
  int64_t sampled = 0, eligible = 0, clusters = 0, strays = 0, chunks = 0, gists = 0, assertions = 0;
  int64_t integrated = 0, created_keys = 0;  // gists under a known slot or key; under a new one
  // A fact that is created already closed counts as created, and as superseded or ended.
  int64_t facts_created = 0, facts_reinforced = 0, facts_superseded = 0, facts_ended = 0, facts_contested = 0;
  std::map<std::string, int64_t> quarantined;  // by reason
  std::map<std::string, int64_t> skipped;      // pending episodes not sampled, by reason
  int64_t supported_nothing = 0;               // episodes reviewed that no gist rests on
  double threshold = 0;                        // cosine at which clusters were cut
  std::string threshold_method;
  std::vector<ClusterReport> cluster_list;
  std::vector<Change> changes;
  std::string extractor, model, prompt_version;
  int64_t calls = 0, prompt_tokens = 0, completion_tokens = 0, retries = 0;
  std::map<std::string, int64_t> outcomes;
  std::string budget_met;  // `run`, `tenant_day`: which budget of tokens ended it early; empty: none
  double cost = 0;         // of its tokens, at the configured prices
  // Of episodes without an embedding of their own; model empty: no endpoint was asked.
  std::string embedding_model;
  int64_t embedded = 0, embedding_calls = 0, embedding_tokens = 0;
  std::vector<std::string> errors;
  std::vector<std::string> suggestions;  // 'key looks like key'
  std::string follow_up;
};

std::string ReportToJson(const Report& report);
// DataLoss: not such a text.
absl::StatusOr<Report> ReportFromJson(const std::string& json);

// What is stored of runs that found nothing to read and are finished together: what they have in common. The
// rest is in the record of each and in its task, and ReportOf takes it from there.
std::string IdleReport(const std::string& extractor);
// DataLoss: as ReportFromJson.
absl::StatusOr<Report> ReportOf(const RunRecord& run);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_REPORT_H_
