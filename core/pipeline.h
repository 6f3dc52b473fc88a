// One run, from its claim to its commit: sample -> (embed) -> cluster -> extract -> align -> migrate, in one
// direction.
//
// Prepare, MakeChunks and Finish are plain functions over a RunState; between them the run waits for an
// embedder or its extractor without a thread. Any thread, one at a time for each run.
#ifndef SLOWWAVE_CORE_PIPELINE_H_
#define SLOWWAVE_CORE_PIPELINE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/clock.h"
#include "core/embedder.h"
#include "core/extractor.h"
#include "core/metrics.h"
#include "core/progress.h"
#include "core/run_state.h"
#include "core/run_stop.h"
#include "storage/store.h"

namespace slowwave {

struct PipelineOptions {
  int episode_limit = 200;
  int chunk_budget = 25;
  double min_importance = 0.3, min_confidence = 0.3;
  int min_cluster_size = 2;
  int max_clusters = 0;
  std::optional<double> similarity_threshold;
  absl::Duration exchange_retention = absl::Hours(24 * 30);
  int64_t run_tokens = 0;                 // of an LLM, for one run; 0: no limit
  TenantTokens* tenant_tokens = nullptr;  // null: no limit; outlives the pipeline
  // Of a million tokens.
  double prompt_price = 0, completion_price = 0, embedding_price = 0;
};

class Pipeline {
 public:
  // All outlive it.
  Pipeline(PipelineOptions options, Store& store, Extractor& extractor, ProgressHub& progress,
           EngineMetrics& metrics, Clocks clocks);

  // Samples, or loads what an earlier attempt's plan names. kCancelled: `stop` was set. kAborted: the lease
  // is lost. Other errors are the store's.
  absl::Status Prepare(RunState& run, const RunStop& stop) const;

  // The texts of sampled episodes that an embedder is to be asked about: none if there is a plan, which says
  // how they are clustered. Begins the stage `embed` unless there is none.
  std::vector<std::string> TextsToEmbed(RunState& run) const;
  // `reply` is parallel to them. kUnavailable and kCancelled are the embedder's.
  absl::Status TakeEmbeddings(RunState& run, EmbedReply reply, const std::string& model) const;

  // Clusters, unless there is a plan; leaves run.chunks to be extracted (perhaps none), less those that
  // run.recalled has a reply for. Errors as Prepare.
  absl::Status MakeChunks(RunState& run, const RunStop& stop) const;

  // Keeps accepted replies, before they are used, so that no later attempt pays for them again. kAborted: the
  // lease is lost.
  absl::Status Keep(const RunState& run, const std::vector<Exchange>& exchanges) const;

  // Grounds, aligns, folds and commits what run.replies hold. kUnavailable: the extractor cannot
  // answer now. Other errors as Prepare; kAborted also
  // if an episode is no longer pending: the task is to be tried again.
  absl::Status Finish(RunState& run, const RunStop& stop) const;

 private:
  absl::Status Sample(RunState& run) const;
  absl::Status MakePlan(RunState& run) const;
  absl::Status Recall(RunState& run) const;
  // Ends a run that its budget let ask nothing: the task waits for tomorrow's.
  absl::Status CheckBudget(RunState& run) const;
  // Fails, and postpones the task, if the endpoint answered nothing at all, which no memory is to blame for.
  absl::Status CheckAnswers(RunState& run) const;
  absl::Status Commit(RunState& run, const Registry& registry, const RunStop& stop) const;
  SampleSpec SpecOf(const RunState& run) const;
  // Ends a stage: its line in the report, its metric, its event for watchers.
  void Ended(RunState& run, const char* stage, absl::Duration since, int64_t count,
             std::map<std::string, int64_t> counts) const;
  void Began(const RunState& run, const char* stage) const;

  const PipelineOptions options_;
  Store& store_;
  Extractor& extractor_;
  ProgressHub& progress_;
  EngineMetrics& metrics_;
  const Clocks clocks_;
};

// A UUID that begins with the time (version 7), lower-case: see storage/codec.h.
std::string NewUuid();

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_PIPELINE_H_
