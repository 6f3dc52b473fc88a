#include "core/pipeline.h"

#include <algorithm>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <numeric>
#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/digest.h"
#include "core/embedding.h"
#include "core/failpoint.h"
#include "core/refold.h"
#include "core/stages/align.h"
#include "core/stages/chunk.h"
#include "core/stages/cluster.h"
#include "core/stages/migrate.h"
#include "core/trace.h"

namespace slowwave {
namespace {

constexpr int kCommitTries = 8;
constexpr int kTriesInCompany = 3;  // unanswered, and an episode is shown alone
constexpr absl::Duration kLeftBackoff = absl::Minutes(10);
constexpr absl::Duration kPutOffPause = absl::Minutes(1);  // after an endpoint has put off all of a run
constexpr absl::Duration kRefusedPause =
    absl::Minutes(5);  // after it has refused all, which somebody has to mend

absl::Status Stopped(const RunStop& stop) {
  return stop.stopped() ? absl::CancelledError("the run was stopped") : absl::OkStatus();
}

// Indices of the episodes by event time, so that chunks read in order.
std::vector<int> ByTime(const std::vector<Episode>& episodes) {
  std::vector<int> order(episodes.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    const Episode &x = episodes[static_cast<size_t>(a)], &y = episodes[static_cast<size_t>(b)];
    return std::tie(x.occurred_at, x.session_id, x.turn, x.id) <
           std::tie(y.occurred_at, y.session_id, y.turn, y.id);
  });
  return order;
}

}  // namespace

std::string NewUuid() {
  thread_local boost::uuids::random_generator generate;
  boost::uuids::uuid id = generate();
  const auto millis = static_cast<uint64_t>(absl::ToUnixMillis(absl::Now()));
  for (size_t i = 0; i < 6; ++i) id.data[i] = static_cast<uint8_t>(millis >> (8 * (5 - i)) & 0xff);
  id.data[6] = static_cast<uint8_t>((id.data[6] & 0x0f) | 0x70);
  return boost::uuids::to_string(id);
}

Pipeline::Pipeline(PipelineOptions options, Store& store, Extractor& extractor, ProgressHub& progress,
                   EngineMetrics& metrics, Clocks clocks)
    : options_(options),
      store_(store),
      extractor_(extractor),
      progress_(progress),
      metrics_(metrics),
      clocks_(std::move(clocks)) {}

void Pipeline::Began(const RunState& run, const char* stage) const {
  ProgressEvent event;
  event.task_id = run.claimed.task.id;
  event.state = TaskState::kRunning;
  event.stage = stage;
  event.run_id = run.plan.run_id;
  event.at = clocks_.now();
  progress_.Publish(std::move(event));
}

void Pipeline::Ended(RunState& run, const char* stage, absl::Duration since, int64_t count,
                     std::map<std::string, int64_t> counts) const {
  const absl::Duration took = clocks_.steady() - since;
  run.report.stages.push_back({stage, took, std::move(counts)});
  metrics_.stage_seconds.at(stage)->Observe(absl::ToDoubleSeconds(took));
  ProgressEvent event;
  event.task_id = run.claimed.task.id;
  event.state = TaskState::kRunning;
  event.stage = stage;
  event.done = true;
  event.count = count;
  event.run_id = run.plan.run_id;
  event.at = clocks_.now();
  progress_.Publish(std::move(event));
}

SampleSpec Pipeline::SpecOf(const RunState& run) const {
  const Task& task = run.claimed.task;
  SampleSpec spec;
  spec.limit = task.options.episode_limit > 0 ? task.options.episode_limit : options_.episode_limit;
  spec.types = {EpisodeType::kEpisodicEvent, EpisodeType::kPreference, EpisodeType::kHypothesis,
                EpisodeType::kConstraint};
  spec.min_importance = options_.min_importance;
  spec.min_confidence = options_.min_confidence;
  spec.age_at = task.created_at;
  spec.window_from = task.options.window_from;
  spec.window_to = task.options.window_to;
  spec.ignore_backoff = task.options.ignore_backoff;
  spec.context_turns = kContextTurns;
  return spec;
}

absl::Status Pipeline::Sample(RunState& run) const {
  const Lease& lease = run.claimed.lease;
  if (run.claimed.plan.empty()) {
    absl::StatusOr<slowwave::Sample> sample = store_.SampleEpisodes(lease, SpecOf(run));
    if (!sample.ok()) return sample.status();
    run.sample = *std::move(sample);
    run.plan.run_id = NewUuid();
    run.plan.eligible = run.sample.eligible;
    run.plan.skipped = {{"type", run.sample.skipped_type},
                        {"threshold", run.sample.skipped_threshold},
                        {"time_window", run.sample.skipped_window},
                        {"backoff", run.sample.skipped_backoff}};
    std::erase_if(run.plan.skipped, [](const auto& entry) { return entry.second == 0; });
    return absl::OkStatus();
  }
  absl::StatusOr<Plan> plan = PlanFromJson(run.claimed.plan);
  if (!plan.ok()) return plan.status();
  run.plan = *std::move(plan);
  absl::StatusOr<slowwave::Sample> sample = store_.LoadPlanned(lease, run.plan.episodes, kContextTurns);
  if (!sample.ok()) return sample.status();
  run.sample = *std::move(sample);
  return absl::OkStatus();
}

absl::Status Pipeline::MakePlan(RunState& run) const {
  const std::vector<Episode>& episodes = run.sample.episodes;
  const ClusterOptions options{options_.min_cluster_size, options_.max_clusters,
                               options_.similarity_threshold};
  absl::StatusOr<Clustering> clustering = ClusterEpisodes(episodes, options);
  if (!clustering.ok()) return clustering.status();
  for (const Episode& e : episodes) run.plan.episodes.push_back(e.id);
  run.plan.extractor = extractor_.name();
  run.plan.registry_version = run.sample.registry.version;
  run.plan.threshold = clustering->threshold;
  run.plan.threshold_method = clustering->method;
  std::vector<bool> alone(episodes.size(), false);
  for (size_t i = 0; i < episodes.size(); ++i) alone[i] = run.sample.tries[i] >= kTriesInCompany;
  run.plan.chunks = PackChunks(static_cast<int>(episodes.size()), clustering->clusters, options_.chunk_budget,
                               ByTime(episodes), alone);
  run.plan.clusters = std::move(clustering->clusters);
  if (run.report.embedded > 0) {
    run.plan.centrality.assign(episodes.size(), 0.0f);
    for (const std::vector<int>& members : run.plan.clusters) {
      const std::vector<float> centrality = CentralityOf(episodes, members);
      for (size_t m = 0; m < members.size(); ++m) {
        run.plan.centrality[static_cast<size_t>(members[m])] = centrality[m];
      }
      run.plan.cohesion.push_back(DescribeCluster(episodes, members).cohesion);
    }
  }
  return store_.StorePlan(run.claimed.lease, run.plan.run_id, PlanToJson(run.plan));
}

// What an earlier attempt was answered, or another run that asked the same.
absl::Status Pipeline::Recall(RunState& run) const {
  run.recalled.assign(run.chunks.size(), false);
  run.digests.assign(run.chunks.size(), "");
  run.questions.clear();
  std::vector<std::string> asked;
  for (const Chunk& chunk : run.chunks) {
    run.questions.push_back(extractor_.QuestionOf(chunk));
    if (!run.questions.back().empty()) asked.push_back(run.questions.back());
  }
  if (asked.empty() || run.claimed.task.options.fresh) return absl::OkStatus();
  std::vector<Exchange> exchanges;
  for (size_t from = 0; from < asked.size(); from += kMaxExchanges) {
    const size_t to = std::min(asked.size(), from + kMaxExchanges);
    const std::vector<std::string> some(asked.begin() + static_cast<std::ptrdiff_t>(from),
                                        asked.begin() + static_cast<std::ptrdiff_t>(to));
    absl::StatusOr<std::vector<Exchange>> loaded = store_.LoadExchanges(run.claimed.lease.user, some);
    if (!loaded.ok()) return loaded.status();
    std::move(loaded->begin(), loaded->end(), std::back_inserter(exchanges));
  }
  std::map<std::string, const Exchange*> by_question;
  for (const Exchange& exchange : exchanges) by_question[exchange.request_hash] = &exchange;
  for (size_t i = 0; i < run.chunks.size(); ++i) {
    const auto found = by_question.find(run.questions[i]);
    if (found == by_question.end()) continue;
    absl::StatusOr<ChunkReply> reply = extractor_.Recall(run.chunks[i], found->second->reply);
    if (!reply.ok()) {
      run.report.errors.push_back(
          absl::StrCat("chunk ", i, ": ", reply.status().message(), "; it is asked about again"));
      continue;
    }
    run.digests[i] = Sha256Hex(reply->journal);
    Free(reply->journal);
    run.replies[i] = *std::move(reply);
    run.recalled[i] = true;
  }
  return absl::OkStatus();
}

absl::Status Pipeline::Keep(const RunState& run, const std::vector<Exchange>& exchanges) const {
  return store_.StoreExchanges(run.claimed.lease, run.plan.run_id, exchanges, options_.exchange_retention);
}

absl::Status Pipeline::Prepare(RunState& run, const RunStop& stop) const {
  Report& report = run.report;
  const Task& task = run.claimed.task;
  report.started_at = clocks_.now();
  report.task_id = task.id;
  report.user = task.user;
  report.trigger = task.kind;
  report.reasons = task.reasons;
  report.attempt = task.attempt;
  report.trace_id = TraceOf(task).trace_id;

  if (absl::Status s = Failpoint("after_claim"); !s.ok()) return s;
  const absl::Duration since = clocks_.steady();
  Began(run, "sample");
  if (absl::Status s = Sample(run); !s.ok()) return s;
  if (absl::Status s = Failpoint("after_sample"); !s.ok()) return s;
  report.run_id = run.plan.run_id;
  report.sampled = static_cast<int64_t>(run.sample.episodes.size());
  report.eligible = run.plan.eligible;
  report.skipped = run.plan.skipped;
  Ended(run, "sample", since, report.sampled, {{"sampled", report.sampled}, {"eligible", report.eligible}});
  return Stopped(stop);
}

std::vector<std::string> Pipeline::TextsToEmbed(RunState& run) const {
  std::vector<std::string> texts;
  if (!run.claimed.plan.empty()) return texts;
  for (const Episode& e : run.sample.episodes) {
    if (!CheckEmbedding(e.embedding).ok()) texts.push_back(e.text);
  }
  run.embed_began = clocks_.steady();
  if (!texts.empty()) Began(run, "embed");
  return texts;
}

absl::Status Pipeline::TakeEmbeddings(RunState& run, EmbedReply reply, const std::string& model) const {
  if (!reply.status.ok()) return reply.status;
  Report& report = run.report;
  report.embedding_model = model;
  report.embedding_calls = reply.calls;
  report.embedding_tokens = reply.tokens;
  report.errors.insert(report.errors.end(), reply.problems.begin(), reply.problems.end());
  std::set<size_t> own, given;
  size_t next = 0;
  for (Episode& e : run.sample.episodes) {
    if (CheckEmbedding(e.embedding).ok()) {
      own.insert(e.embedding.size());
      continue;
    }
    e.embedding = std::move(reply.vectors[next++]);
    if (e.embedding.empty()) continue;
    ++report.embedded;
    given.insert(e.embedding.size());
  }
  for (const size_t dimension : own) {
    if (given.empty() || given.contains(dimension)) continue;
    report.errors.push_back(absl::StrCat("embeddings that came with episodes have ", dimension,
                                         " numbers, those of ", model, " ", *given.begin(),
                                         ": they cannot be compared and were clustered apart"));
  }
  Ended(run, "embed", run.embed_began, report.embedded,
        {{"embedded", report.embedded}, {"calls", report.embedding_calls}});
  return absl::OkStatus();
}

absl::Status Pipeline::MakeChunks(RunState& run, const RunStop& stop) const {
  Report& report = run.report;
  const Task& task = run.claimed.task;
  const absl::Duration since = clocks_.steady();
  Began(run, "cluster");
  if (run.claimed.plan.empty() && !run.sample.episodes.empty()) {
    if (absl::Status s = MakePlan(run); !s.ok()) return s;
    if (absl::Status s = Failpoint("after_plan"); !s.ok()) return s;
  }
  BuildChunks(run);
  FreeWhatChunksNeedNot(run);  // the run may be open for long
  const auto slots = std::make_shared<const std::vector<Slot>>(Registry(run.sample.registry).slots());
  if (options_.run_tokens > 0 || options_.tenant_tokens != nullptr) {
    run.tokens = std::make_shared<RunTokens>(options_.run_tokens, options_.tenant_tokens, task.user.tenant);
  }
  for (Chunk& chunk : run.chunks) {
    chunk.slots = slots;
    chunk.tokens = run.tokens;
    chunk.traceparent = run.traceparent;
  }
  run.replies.assign(run.chunks.size(), {});
  if (absl::Status s = Recall(run); !s.ok()) return s;
  report.extractor = extractor_.name();
  report.model = extractor_.model();
  report.prompt_version = extractor_.prompt_version();
  report.threshold = run.plan.threshold;
  report.threshold_method = run.plan.threshold_method;
  report.clusters = static_cast<int64_t>(report.cluster_list.size());
  report.chunks = static_cast<int64_t>(run.chunks.size());
  report.strays =
      std::count_if(run.shown.begin(), run.shown.end(), [](const ChunkMemory& m) { return m.cluster < 0; });
  Ended(run, "cluster", since, report.clusters,
        {{"clusters", report.clusters}, {"strays", report.strays}, {"chunks", report.chunks}});
  run.extract_began = clocks_.steady();
  Began(run, "extract");
  return Stopped(stop);
}

absl::Status Pipeline::CheckBudget(RunState& run) const {
  if (run.tokens == nullptr) return absl::OkStatus();
  Report& report = run.report;
  report.budget_met = run.tokens->met();
  if (report.budget_met.empty()) return absl::OkStatus();
  size_t waiting = 0, all = 0;
  for (size_t c = 0; c < run.chunks.size(); ++c) {
    waiting += run.replies[c].unasked.size();
    all += run.chunks[c].memories.size();
  }
  metrics_.budget_met.at(report.budget_met)->Increment();
  if (waiting == all) {
    run.postponed = run.tokens->TryAgainIn();
    return absl::FailedPreconditionError("the tenant's tokens for today are spent");
  }
  report.errors.push_back(absl::StrCat(report.budget_met == "run" ? "the run's" : "the tenant's daily",
                                       " budget of tokens is met: ", waiting,
                                       " memories wait for another run"));
  return absl::OkStatus();
}

absl::Status Pipeline::CheckAnswers(RunState& run) const {
  const std::map<std::string, int64_t>& outcomes = run.report.outcomes;
  size_t all = 0, unasked = 0, left = 0;
  std::string why;
  for (size_t c = 0; c < run.chunks.size(); ++c) {
    all += run.chunks[c].memories.size();
    unasked += run.replies[c].unasked.size();
    left += run.replies[c].left.size();
    if (why.empty() && !run.replies[c].problems.empty()) why = run.replies[c].problems.front();
  }
  if (all > 0 && unasked == all && run.report.budget_met.empty()) {
    run.postponed = kPutOffPause;
    return absl::FailedPreconditionError(absl::StrCat("nothing was answered: ", why));
  }
  const bool refuses =
      !outcomes.empty() && std::all_of(outcomes.begin(), outcomes.end(), [](const auto& one) {
        return one.first == "bad_request" || one.first == "format_unsupported";
      });
  // One memory alone may be what it cannot take; of several, hardly each.
  if (refuses && left == all && all > 1) {
    run.postponed = kRefusedPause;
    return absl::FailedPreconditionError(
        absl::StrCat("the LLM endpoint takes no request, look at its configuration: ", why));
  }
  return absl::OkStatus();
}

absl::Status Pipeline::Finish(RunState& run, const RunStop& stop) const {
  Report& report = run.report;
  int64_t gists = 0;
  for (const ChunkReply& reply : run.replies) gists += static_cast<int64_t>(reply.gists.size());
  Ended(run, "extract", run.extract_began, gists, {{"gists", gists}, {"calls", report.calls}});
  if (absl::Status s = Failpoint("after_extract"); !s.ok()) return s;
  if (absl::Status s = Stopped(stop); !s.ok()) return s;

  // Nobody answers now, so this run is not the one that finds out what its episodes amount to.
  for (const ChunkReply& reply : run.replies) {
    if (absl::IsUnavailable(reply.status) || absl::IsCancelled(reply.status)) return reply.status;
  }

  if (absl::Status s = CheckBudget(run); !s.ok()) return s;
  if (absl::Status s = CheckAnswers(run); !s.ok()) return s;
  report.cost = (static_cast<double>(report.prompt_tokens) * options_.prompt_price +
                 static_cast<double>(report.completion_tokens) * options_.completion_price +
                 static_cast<double>(report.embedding_tokens) * options_.embedding_price) /
                1e6;

  const absl::Duration since = clocks_.steady();
  Began(run, "align");
  const Registry registry(run.sample.registry);
  std::set<std::string> known_keys;
  if (gists > 0) {
    absl::StatusOr<std::vector<std::string>> keys = store_.ListFactKeys(run.claimed.lease.user);
    if (!keys.ok()) return keys.status();
    known_keys.insert(keys->begin(), keys->end());
  }
  Align(run, registry, known_keys);
  Ended(run, "align", since, report.assertions,
        {{"assertions", report.assertions},
         {"quarantined", static_cast<int64_t>(run.quarantine.size())},
         {"integrated", report.integrated},
         {"new", report.created_keys}});
  if (absl::Status s = Failpoint("after_align"); !s.ok()) return s;
  if (absl::Status s = Stopped(stop); !s.ok()) return s;
  return Commit(run, registry, stop);
}

absl::Status Pipeline::Commit(RunState& run, const Registry& registry, const RunStop& stop) const {
  const absl::Duration since = clocks_.steady();
  Began(run, "migrate");
  const Report aligned = run.report;  // what a retry begins with again
  for (int attempt = 1;; ++attempt) {
    if (absl::Status s = Stopped(stop); !s.ok()) return s;
    run.report = aligned;
    absl::StatusOr<Migration> migration = Migrate(run, registry, store_);
    if (!migration.ok()) return migration.status();
    Report& report = run.report;
    report.succeeded = true;
    report.finished_at = clocks_.now();
    const auto changed = static_cast<int64_t>(report.changes.size());
    report.stages.push_back({"migrate", clocks_.steady() - since, {{"changes", changed}}});
    RunCommit& commit = migration->commit;
    for (Quarantined& q : commit.quarantine) q.at = report.finished_at;
    commit.left_backoff = kLeftBackoff;
    if (!commit.keep_pending) {
      commit.follow_up = SpecOf(run);
      // As the follow-up's own options will have it.
      commit.follow_up->ignore_backoff = false;
    }
    commit.run.started_at = report.started_at;
    commit.run.finished_at = report.finished_at;
    commit.run.succeeded = true;
    commit.run.report = ReportToJson(report);
    if (absl::Status s = Stopped(stop); !s.ok()) return s;  // reading and folding may have taken long
    if (absl::Status s = Failpoint("before_commit"); !s.ok()) return s;
    absl::StatusOr<CommitResult> result = store_.CommitRun(commit);
    if (!result.ok()) {
      if (absl::IsAborted(result.status()) &&
          absl::StrContains(result.status().message(), "memory changed") && attempt < kCommitTries) {
        metrics_.commit_retries.Increment();
        continue;
      }
      return result.status();
    }
    Failpoint("after_commit").IgnoreError();  // it cannot be armed with one
    report.stages.pop_back();
    Ended(run, "migrate", since, changed, {{"changes", changed}});
    report.follow_up = result->follow_up;
    metrics_.episodes_reviewed.Increment(static_cast<double>(run.reviewed.size()));
    metrics_.gists_accepted.Increment(static_cast<double>(report.integrated + report.created_keys));
    metrics_.gists_quarantined.Increment(static_cast<double>(run.quarantine.size()));
    return absl::OkStatus();
  }
}

}  // namespace slowwave
