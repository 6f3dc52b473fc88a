#include "server/ingest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/triggers.h"
#include "server/call_trace.h"
#include "server/mapping.h"
#include "server/validation.h"

namespace slowwave {
namespace {

constexpr int kMaxProblems = 5000;

struct Answer {
  v1::IngestStatus status;
  std::string reason;
};

Answer AnswerFor(IngestOutcome outcome, const IngestItem& item, int dimension) {
  switch (outcome) {
    case IngestOutcome::kStored:
      return {v1::INGEST_STATUS_STORED, ""};
    case IngestOutcome::kExists:
      return {v1::INGEST_STATUS_EXISTS, ""};
    case IngestOutcome::kExistsDifferent:
      return {
          v1::INGEST_STATUS_EXISTS_DIFFERENT,
          absl::StrCat(item.path, ".id is taken by an episode with other content; the stored one stands")};
    case IngestOutcome::kErased:
      return {v1::INGEST_STATUS_ERASED, absl::StrCat(item.path, ".id was erased and does not come back")};
    case IngestOutcome::kWrongDimension:
      return {v1::INGEST_STATUS_REFUSED,
              absl::StrCat(item.path, ".embedding has ", item.episode.embedding.size(),
                           " numbers; allowed: ", dimension, ", as this user's others have, or none")};
  }
  return {v1::INGEST_STATUS_REFUSED, absl::StrCat(item.path, " was not taken by the store")};
}

// Only read when a length was wrong; the user then has one.
absl::StatusOr<int> DimensionOf(Store& store, const UserKey& user) {
  absl::StatusOr<UserState> state = store.GetUser(user);
  if (!state.ok()) return state.status();
  return state->embedding_dimension;
}

}  // namespace

IngestItem JudgeEpisode(const ServiceEnv& env, const v1::Episode& episode, const BadText& bad,
                        const std::string& wire_path, const std::string& path, int64_t index) {
  IngestItem item;
  item.index = index;
  item.path = path;
  if (const std::string* field = FindBad(bad, wire_path); field != nullptr) {
    item.status = NotUtf8(absl::StrCat(path, field->substr(wire_path.size())));
  } else {
    item.status = CheckEpisode(episode, path);
  }
  if (item.status.ok()) {
    item.episode = FromWire(episode, episode.id().empty() ? env.make_id() : std::string());
  } else if (FindBad(bad, wire_path + ".id") == nullptr && episode.id().size() <= kMaxIdBytes) {
    item.episode.id = episode.id();
  }
  return item;
}

absl::StatusOr<StoredItems> StoreItems(const ServiceEnv& env, const UserKey& user,
                                       std::vector<IngestItem> items) {
  StoredItems done;
  std::vector<Episode> good;
  for (IngestItem& item : items) {
    if (item.status.ok()) good.push_back(item.episode);
  }
  std::vector<IngestOutcome> outcomes;
  if (!good.empty()) {
    const TriggerRule rule = [trace = CallTrace::Current()](const UserState& state,
                                                            const TenantSettings& tenant, absl::Time now) {
      std::vector<TriggerDecision> decisions = RuleAtIngest(state, tenant, now);
      for (TriggerDecision& decision : decisions) {
        if (decision.task) decision.task->options.trace = trace;
      }
      return decisions;
    };
    absl::StatusOr<IngestResult> stored =
        env.store.IngestEpisodes(user, good, DefaultConditions(env.now(), JitterOf(user)), rule);
    if (!stored.ok()) return stored.status();
    if (stored->outcomes.size() != good.size())
      return absl::InternalError("ingest: the store answered for other episodes");
    outcomes = std::move(stored->outcomes);
    env.engine.Fired(static_cast<int>(stored->fired.size()));
    for (const EnqueueResult& fired : stored->fired) done.fired.push_back(ToWire(fired, TriggerKind::kQuota));
  }
  int dimension = 0;
  for (const IngestOutcome outcome : outcomes) {
    if (outcome != IngestOutcome::kWrongDimension) continue;
    absl::StatusOr<int> known = DimensionOf(env.store, user);
    if (!known.ok()) return known.status();
    dimension = *known;
    break;
  }
  done.results.reserve(items.size());
  size_t next = 0;
  for (const IngestItem& item : items) {
    v1::IngestResult& result = done.results.emplace_back();
    result.set_index(item.index);
    result.set_id(item.episode.id);
    Answer answer = item.status.ok() ? AnswerFor(outcomes[next++], item, dimension)
                                     : Answer{v1::INGEST_STATUS_REFUSED, std::string(item.status.message())};
    result.set_status(answer.status);
    result.set_reason(std::move(answer.reason));
  }
  return done;
}

void AddFired(std::vector<v1::FiredTrigger> fired, v1::IngestSummary& summary) {
  for (v1::FiredTrigger& trigger : fired) {
    const bool known = std::any_of(summary.fired().begin(), summary.fired().end(),
                                   [&](const auto& f) { return f.task_id() == trigger.task_id(); });
    if (!known) *summary.add_fired() = std::move(trigger);
  }
}

void AddToSummary(std::vector<v1::IngestResult> results, v1::IngestSummary& summary) {
  for (v1::IngestResult& result : results) {
    switch (result.status()) {
      case v1::INGEST_STATUS_STORED:
        summary.set_stored(summary.stored() + 1);
        continue;
      case v1::INGEST_STATUS_EXISTS:
        summary.set_existed(summary.existed() + 1);
        continue;
      case v1::INGEST_STATUS_EXISTS_DIFFERENT:
        summary.set_different(summary.different() + 1);
        break;
      case v1::INGEST_STATUS_ERASED:
        summary.set_erased(summary.erased() + 1);
        break;
      default:
        summary.set_refused(summary.refused() + 1);
    }
    if (summary.problems_size() < kMaxProblems) {
      *summary.add_problems() = std::move(result);
    } else {
      summary.set_problems_omitted(summary.problems_omitted() + 1);
    }
  }
}

}  // namespace slowwave
