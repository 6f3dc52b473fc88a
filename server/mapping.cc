#include "server/mapping.h"

#include <algorithm>

#include "core/fold.h"
#include "server/json_object.h"
#include "server/validation.h"

namespace slowwave {
namespace {

// A number that is added on one side only does not compile.
static_assert(v1::EpisodeType_ARRAYSIZE == kEpisodeTypeCount);
static_assert(v1::Origin_ARRAYSIZE == kOriginCount);
static_assert(v1::GistType_ARRAYSIZE == kGistTypeCount);
static_assert(v1::Category_ARRAYSIZE == kCategoryCount);
static_assert(v1::ValueType_ARRAYSIZE == kValueTypeCount);
static_assert(v1::EPISODE_TYPE_SUMMARY == static_cast<int>(EpisodeType::kSummary));
static_assert(v1::ORIGIN_DERIVED == static_cast<int>(Origin::kDerived));
static_assert(v1::EPISODE_STATUS_DELETED == static_cast<int>(EpisodeStatus::kDeleted));
static_assert(v1::GIST_TYPE_POLICY == static_cast<int>(GistType::kPolicy));
static_assert(v1::CATEGORY_CUSTOM == static_cast<int>(Category::kCustom));
static_assert(v1::VALUE_TYPE_LIST == static_cast<int>(ValueType::kList));
static_assert(v1::ASSERTION_STATE_ENDED == static_cast<int>(AssertionState::kEnded));
static_assert(v1::TRIGGER_KIND_MANUAL == static_cast<int>(TriggerKind::kManual));
static_assert(v1::TASK_STATE_CANCELLED == static_cast<int>(TaskState::kCancelled));
static_assert(v1::CHANGE_KIND_REMOVED == static_cast<int>(ChangeKind::kRemoved));

template <typename Wire, typename Ours>
Wire Enum(Ours value) {
  return static_cast<Wire>(static_cast<int>(value));
}

// Unset leaves the message's field unset.
template <typename Message>
void SetTime(const std::optional<absl::Time>& time, Message&& mutable_field) {
  if (time.has_value()) *mutable_field() = ToWire(*time);
}

template <typename Items, typename Field>
void AddAll(const Items& items, Field* field) {
  for (const auto& item : items) *field->Add() = ToWire(item);
}

template <typename Field>
void AddStrings(const std::vector<std::string>& strings, Field* field) {
  field->Assign(strings.begin(), strings.end());
}

template <typename Field>
void AddCounts(const std::map<std::string, int64_t>& counts, Field* field) {
  field->insert(counts.begin(), counts.end());
}

}  // namespace

absl::Time FromWire(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Microseconds(time.nanos() / 1000);
}

google::protobuf::Timestamp ToWire(absl::Time time) {
  const int64_t micros =
      std::clamp(absl::ToUnixMicros(time), kMinSeconds * 1'000'000, kMaxSeconds * 1'000'000 + 999'999);
  int64_t seconds = micros / 1'000'000;
  int64_t rest = micros % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  google::protobuf::Timestamp wire;
  wire.set_seconds(seconds);
  wire.set_nanos(static_cast<int32_t>(rest * 1000));
  return wire;
}

absl::Duration FromWire(const google::protobuf::Duration& span) {
  return absl::Seconds(span.seconds()) + absl::Microseconds(span.nanos() / 1000);
}

google::protobuf::Duration ToWire(absl::Duration span) {
  google::protobuf::Duration wire;
  absl::Duration rest;
  wire.set_seconds(absl::IDivDuration(span, absl::Seconds(1), &rest));
  wire.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return wire;
}

Episode FromWire(const v1::Episode& episode, const std::string& made_id) {
  Episode record;
  record.id = episode.id().empty() ? made_id : episode.id();
  if (episode.type() != v1::EPISODE_TYPE_UNSPECIFIED) record.type = Enum<EpisodeType>(episode.type());
  record.text = episode.text();
  record.speaker = episode.speaker();
  record.session_id = episode.session_id();
  if (episode.has_turn()) record.turn = episode.turn();
  record.occurred_at = episode.has_occurred_at() ? FromWire(episode.occurred_at()) : absl::InfinitePast();
  if (episode.origin() != v1::ORIGIN_UNSPECIFIED) record.origin = Enum<Origin>(episode.origin());
  record.entities.assign(episode.entities().begin(), episode.entities().end());
  record.embedding.assign(episode.embedding().begin(), episode.embedding().end());
  if (episode.has_importance()) record.importance = episode.importance();
  if (episode.has_confidence()) record.confidence = episode.confidence();
  record.access_count = episode.access_count();
  if (!episode.metadata().empty()) {
    record.metadata = NormalJsonObject(episode.metadata(), kMaxMetadataDepth).value_or(episode.metadata());
    if (record.metadata == "{}") record.metadata.clear();  // as no metadata is printed
  }
  return record;
}

v1::Episode ToWire(const Episode& episode) {
  v1::Episode wire;
  wire.set_id(episode.id);
  wire.set_type(Enum<v1::EpisodeType>(episode.type));
  wire.set_text(episode.text);
  wire.set_speaker(episode.speaker);
  wire.set_session_id(episode.session_id);
  if (episode.turn.has_value()) wire.set_turn(*episode.turn);
  *wire.mutable_occurred_at() = ToWire(episode.occurred_at);
  wire.set_origin(Enum<v1::Origin>(episode.origin));
  AddStrings(episode.entities, wire.mutable_entities());
  wire.mutable_embedding()->Assign(episode.embedding.begin(), episode.embedding.end());
  wire.set_importance(episode.importance);
  wire.set_confidence(episode.confidence);
  wire.set_access_count(episode.access_count);
  wire.set_metadata(episode.metadata);
  return wire;
}

v1::StoredEpisode ToWire(const StoredEpisode& episode) {
  v1::StoredEpisode wire;
  *wire.mutable_episode() = ToWire(episode.episode);
  wire.set_status(Enum<v1::EpisodeStatus>(episode.episode.status));
  wire.set_pending(episode.pending);
  wire.set_tries(episode.tries);
  wire.set_unreadable(episode.unreadable);
  wire.set_reviewed_by(episode.reviewed_by);
  wire.set_cited(episode.cited);
  return wire;
}

Slot FromWire(const v1::Slot& slot) {
  Slot record;
  record.pattern = slot.pattern();
  record.category = Enum<Category>(slot.category());
  record.value_type =
      slot.value_type() == v1::VALUE_TYPE_UNSPECIFIED ? ValueType::kText : Enum<ValueType>(slot.value_type());
  record.many = slot.cardinality() == v1::CARDINALITY_MANY;
  record.temporal = !slot.has_temporal() || slot.temporal();
  record.aliases.assign(slot.aliases().begin(), slot.aliases().end());
  record.description = slot.description();
  return record;
}

v1::Slot ToWire(const Slot& slot) {
  v1::Slot wire;
  wire.set_pattern(slot.pattern);
  wire.set_category(Enum<v1::Category>(slot.category));
  wire.set_value_type(Enum<v1::ValueType>(slot.value_type));
  wire.set_cardinality(slot.many ? v1::CARDINALITY_MANY : v1::CARDINALITY_ONE);
  wire.set_temporal(slot.temporal);
  AddStrings(slot.aliases, wire.mutable_aliases());
  wire.set_description(slot.description);
  wire.set_builtin(slot.builtin);
  return wire;
}

TriggerCondition FromWire(const v1::TriggerCondition& condition) {
  TriggerCondition record;
  record.kind = Enum<TriggerKind>(condition.kind());
  if (condition.has_interval()) record.interval = FromWire(condition.interval());
  if (condition.has_episodes()) record.episodes = condition.episodes();
  if (condition.has_megabytes()) record.megabytes = condition.megabytes();
  if (condition.has_cooldown()) record.cooldown = FromWire(condition.cooldown());
  record.events.assign(condition.events().begin(), condition.events().end());
  return record;
}

v1::TriggerCondition ToWire(const TriggerCondition& condition) {
  v1::TriggerCondition wire;
  wire.set_kind(Enum<v1::TriggerKind>(condition.kind));
  if (condition.interval.has_value()) *wire.mutable_interval() = ToWire(*condition.interval);
  if (condition.episodes.has_value()) wire.set_episodes(*condition.episodes);
  if (condition.megabytes.has_value()) wire.set_megabytes(*condition.megabytes);
  if (condition.cooldown.has_value()) *wire.mutable_cooldown() = ToWire(*condition.cooldown);
  AddStrings(condition.events, wire.mutable_events());
  SetTime(condition.last_fired, [&] { return wire.mutable_last_fired(); });
  SetTime(condition.next_due, [&] { return wire.mutable_next_due(); });
  wire.set_times_fired(condition.times_fired);
  return wire;
}

v1::Evidence ToWire(const Evidence& evidence) {
  v1::Evidence wire;
  wire.set_episode_id(evidence.episode_id);
  wire.set_quote(evidence.quote);
  return wire;
}

v1::Fact ToWire(const Fact& fact, absl::Time as_of) {
  v1::Fact wire;
  wire.set_key(fact.key);
  wire.set_category(Enum<v1::Category>(fact.category));
  wire.set_subject(fact.subject);
  wire.set_predicate(fact.predicate);
  wire.set_value(fact.value);
  wire.set_text(fact.text);
  wire.set_confidence(fact.confidence);
  wire.set_trust(fact.trust);
  SetTime(fact.valid_from, [&] { return wire.mutable_valid_from(); });
  SetTime(fact.valid_to, [&] { return wire.mutable_valid_to(); });
  wire.set_current(CurrentAt(fact, as_of));
  AddAll(fact.evidence, wire.mutable_evidence());
  wire.set_run_id(fact.run_id);
  AddAll(fact.closing, wire.mutable_closing());
  wire.set_value_type(Enum<v1::ValueType>(fact.value_type));
  wire.set_type(Enum<v1::GistType>(fact.type));
  wire.set_temporal(fact.temporal);
  wire.set_closed(fact.closed);
  return wire;
}

v1::Assertion ToWire(const Assertion& assertion) {
  v1::Assertion wire;
  wire.set_id(assertion.id);
  wire.set_run_id(assertion.run_id);
  wire.set_key(assertion.key);
  if (assertion.value.has_value()) wire.set_value(*assertion.value);
  wire.set_value_type(Enum<v1::ValueType>(assertion.value_type));
  wire.set_type(Enum<v1::GistType>(assertion.type));
  wire.set_state(Enum<v1::AssertionState>(assertion.state));
  *wire.mutable_said_at() = ToWire(assertion.said_at);
  SetTime(assertion.valid_from, [&] { return wire.mutable_valid_from(); });
  SetTime(assertion.valid_to, [&] { return wire.mutable_valid_to(); });
  wire.set_session(assertion.session);
  wire.set_turn(assertion.turn);
  wire.set_trust(assertion.trust);
  wire.set_confidence(assertion.confidence);
  wire.set_episode_confidence(assertion.episode_confidence);
  wire.set_text(assertion.text);
  AddAll(assertion.evidence, wire.mutable_evidence());
  AddAll(assertion.context, wire.mutable_context());
  return wire;
}

v1::FactDetail ToWire(const FactDetail& detail, absl::Time as_of) {
  v1::FactDetail wire;
  for (const Fact& fact : detail.history) *wire.add_history() = ToWire(fact, as_of);
  AddAll(detail.assertions, wire.mutable_assertions());
  for (const Unused& unused : detail.unused) {
    v1::UnusedAssertion& entry = *wire.add_unused();
    entry.set_reason(unused.reason);
    entry.set_key(unused.key);
    *entry.mutable_assertion() = ToWire(unused.assertion);
  }
  return wire;
}

v1::QuarantinedGist ToWire(const Quarantined& gist) {
  v1::QuarantinedGist wire;
  wire.set_run_id(gist.run_id);
  wire.set_ordinal(gist.ordinal);
  wire.set_reason(gist.reason);
  wire.set_detail(gist.detail);
  wire.set_text(gist.text);
  wire.set_key(gist.key);
  if (gist.value.has_value()) wire.set_value(*gist.value);
  AddAll(gist.evidence, wire.mutable_evidence());
  *wire.mutable_at() = ToWire(gist.at);
  return wire;
}

v1::ReplayRunResponse ToWire(const Replay& replay) {
  v1::ReplayRunResponse wire;
  wire.set_extractor(replay.extractor);
  wire.set_model(replay.model);
  wire.set_prompt_version(replay.prompt_version);
  wire.set_reader(replay.reader);
  wire.set_chunks(replay.chunks);
  wire.set_replayed_chunks(replay.replayed_chunks);
  wire.set_same_assertions(replay.same_assertions);
  wire.set_same_quarantined(replay.same_quarantined);
  wire.set_not_compared(replay.not_compared);
  for (const ReplayDifference& d : replay.differences) {
    v1::ReplayDifference& line = *wire.add_differences();
    line.set_side(d.recorded ? v1::REPLAY_SIDE_RECORDED : v1::REPLAY_SIDE_REPLAYED);
    line.set_key(d.key);
    if (d.value.has_value()) line.set_value(*d.value);
    line.set_text(d.text);
    line.set_reason(d.reason);
    line.set_detail(d.detail);
    AddAll(d.evidence, line.mutable_evidence());
  }
  for (const std::string& problem : replay.problems) wire.add_problems(problem);
  return wire;
}

v1::User ToWire(const UserState& user, const std::string& digest) {
  v1::User wire;
  wire.set_tenant(user.user.tenant);
  wire.set_user(user.user.user);
  *wire.mutable_registered_at() = ToWire(user.registered_at);
  wire.set_memory_version(user.memory_version);
  wire.set_episodes(user.episodes);
  wire.set_pending(user.pending);
  wire.set_pending_bytes(user.pending_bytes);
  wire.set_unreadable(user.unreadable);
  wire.set_facts(user.facts);
  wire.set_quarantined(user.quarantined);
  wire.set_embedding_dimension(user.embedding_dimension);
  wire.set_paused_by(user.paused_by);
  AddAll(user.conditions, wire.mutable_conditions());
  wire.set_digest(digest);
  return wire;
}

v1::VerifyUserResponse ToWire(const Verification& verification) {
  v1::VerifyUserResponse wire;
  wire.set_equal(verification.equal);
  wire.set_facts(verification.facts);
  wire.set_assertions(verification.assertions);
  wire.set_stored_digest(verification.stored_digest);
  wire.set_folded_digest(verification.folded_digest);
  AddStrings(verification.differences, wire.mutable_differences());
  return wire;
}

TaskOptions OptionsOf(const v1::TriggerConsolidationRequest& request) {
  TaskOptions options;
  options.episode_limit = request.episode_limit();
  if (request.time_window().has_from()) options.window_from = FromWire(request.time_window().from());
  if (request.time_window().has_to()) options.window_to = FromWire(request.time_window().to());
  options.keep_pending = request.keep_pending();
  options.set_status = Enum<EpisodeStatus>(request.set_status());
  options.include_reverted = request.include_reverted();
  options.fresh = request.fresh();
  options.ignore_backoff = true;
  return options;
}

v1::FiredTrigger ToWire(const EnqueueResult& fired, TriggerKind kind) {
  v1::FiredTrigger wire;
  wire.set_kind(Enum<v1::TriggerKind>(kind));
  wire.set_task_id(fired.task.id);
  wire.set_joined(fired.joined);
  return wire;
}

TenantSettings FromWire(const v1::TenantSettings& settings) {
  TenantSettings record;
  record.paused = settings.paused();
  if (settings.has_weight()) record.weight = settings.weight();
  record.max_waiting = settings.max_waiting();
  if (settings.has_window_from()) record.window_from = FromWire(settings.window_from());
  if (settings.has_window_to()) record.window_to = FromWire(settings.window_to());
  return record;
}

v1::TenantSettings ToWire(const TenantSettings& settings) {
  v1::TenantSettings wire;
  wire.set_paused(settings.paused);
  wire.set_weight(settings.weight);
  wire.set_max_waiting(settings.max_waiting);
  if (settings.window_from) *wire.mutable_window_from() = ToWire(*settings.window_from);
  if (settings.window_to) *wire.mutable_window_to() = ToWire(*settings.window_to);
  return wire;
}

v1::Task ToWire(const Task& task) {
  v1::Task wire;
  wire.set_id(task.id);
  wire.set_tenant(task.user.tenant);
  wire.set_user(task.user.user);
  wire.set_kind(Enum<v1::TriggerKind>(task.kind));
  wire.set_state(Enum<v1::TaskState>(task.state));
  wire.set_priority(task.priority);
  AddStrings(task.reasons, wire.mutable_reasons());
  v1::RunOptions& options = *wire.mutable_options();
  options.set_episode_limit(task.options.episode_limit);
  SetTime(task.options.window_from, [&] { return options.mutable_time_window()->mutable_from(); });
  SetTime(task.options.window_to, [&] { return options.mutable_time_window()->mutable_to(); });
  options.set_keep_pending(task.options.keep_pending);
  options.set_set_status(Enum<v1::EpisodeStatus>(task.options.set_status));
  options.set_include_reverted(task.options.include_reverted);
  options.set_fresh(task.options.fresh);
  *wire.mutable_created_at() = ToWire(task.created_at);
  SetTime(task.run_after, [&] { return wire.mutable_run_after(); });
  SetTime(task.started_at, [&] { return wire.mutable_started_at(); });
  SetTime(task.finished_at, [&] { return wire.mutable_finished_at(); });
  wire.set_attempt(task.attempt);
  wire.set_last_error(task.last_error);
  wire.set_run_id(task.run_id);
  wire.set_follow_up(task.follow_up);
  return wire;
}

v1::TaskEvent ToWire(const ProgressEvent& event) {
  v1::TaskEvent wire;
  wire.set_task_id(event.task_id);
  wire.set_state(Enum<v1::TaskState>(event.state));
  wire.set_stage(event.stage);
  wire.set_done(event.done);
  wire.set_count(event.count);
  wire.set_run_id(event.run_id);
  wire.set_message(event.message);
  *wire.mutable_at() = ToWire(event.at);
  return wire;
}

v1::Report ToWire(const Report& report) {
  v1::Report wire;
  wire.set_run_id(report.run_id);
  wire.set_task_id(report.task_id);
  wire.set_tenant(report.user.tenant);
  wire.set_user(report.user.user);
  wire.set_trigger(Enum<v1::TriggerKind>(report.trigger));
  AddStrings(report.reasons, wire.mutable_reasons());
  wire.set_attempt(report.attempt);
  *wire.mutable_started_at() = ToWire(report.started_at);
  *wire.mutable_finished_at() = ToWire(report.finished_at);
  wire.set_succeeded(report.succeeded);
  wire.set_partial(report.partial);
  for (const StageReport& stage : report.stages) {
    v1::StageReport& entry = *wire.add_stages();
    entry.set_name(stage.name);
    *entry.mutable_took() = ToWire(stage.took);
    AddCounts(stage.counts, entry.mutable_counts());
  }
  wire.set_sampled(report.sampled);
  wire.set_eligible(report.eligible);
  wire.set_clusters(report.clusters);
  wire.set_strays(report.strays);
  wire.set_chunks(report.chunks);
  wire.set_gists(report.gists);
  wire.set_assertions(report.assertions);
  wire.set_integrated(report.integrated);
  wire.set_created_keys(report.created_keys);
  wire.set_facts_created(report.facts_created);
  wire.set_facts_reinforced(report.facts_reinforced);
  wire.set_facts_superseded(report.facts_superseded);
  wire.set_facts_ended(report.facts_ended);
  wire.set_facts_contested(report.facts_contested);
  AddCounts(report.quarantined, wire.mutable_quarantined());
  AddCounts(report.skipped, wire.mutable_skipped());
  wire.set_supported_nothing(report.supported_nothing);
  wire.set_threshold(report.threshold);
  wire.set_threshold_method(report.threshold_method);
  for (const ClusterReport& cluster : report.cluster_list) {
    v1::ClusterReport& entry = *wire.add_cluster_list();
    AddStrings(cluster.episode_ids, entry.mutable_episode_ids());
    AddStrings(cluster.themes, entry.mutable_themes());
    entry.set_dominant_type(Enum<v1::EpisodeType>(cluster.dominant_type));
    entry.set_mean_confidence(cluster.mean_confidence);
    entry.set_cohesion(cluster.cohesion);
  }
  for (const Change& change : report.changes) {
    v1::Change& entry = *wire.add_changes();
    entry.set_kind(Enum<v1::ChangeKind>(change.kind));
    *entry.mutable_fact() = ToWire(change.fact, report.finished_at);
    entry.set_replaced_by(change.replaced_by);
    entry.set_confidence_before(change.confidence_before);
    entry.set_note(change.note);
  }
  wire.set_extractor(report.extractor);
  wire.set_model(report.model);
  wire.set_trace_id(report.trace_id);
  wire.set_prompt_version(report.prompt_version);
  wire.set_calls(report.calls);
  wire.set_prompt_tokens(report.prompt_tokens);
  wire.set_completion_tokens(report.completion_tokens);
  wire.set_retries(report.retries);
  AddCounts(report.outcomes, wire.mutable_outcomes());
  wire.set_budget_met(report.budget_met);
  wire.set_cost(report.cost);
  wire.set_embedding_model(report.embedding_model);
  wire.set_embedded(report.embedded);
  wire.set_embedding_calls(report.embedding_calls);
  wire.set_embedding_tokens(report.embedding_tokens);
  AddStrings(report.errors, wire.mutable_errors());
  AddStrings(report.suggestions, wire.mutable_suggestions());
  wire.set_follow_up(report.follow_up);
  return wire;
}

}  // namespace slowwave
