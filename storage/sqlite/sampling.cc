#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "storage/codec.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {
namespace {

int64_t TypeBits(const SampleSpec& spec) {
  int64_t bits = 0;
  for (EpisodeType type : spec.types) bits |= int64_t{1} << static_cast<int>(type);
  return bits;
}

std::optional<absl::Time> BackoffTime(const SampleSpec& spec, absl::Time now) {
  if (spec.ignore_backoff) return std::nullopt;
  return now;
}

// What a context query returns, as sampling.sql lists it.
Episode ReadWords(Query& q) {
  Episode episode;
  episode.id = q.Text(0);
  episode.type = q.Enum<EpisodeType>(1);
  episode.origin = q.Enum<Origin>(2);
  episode.status = q.Enum<EpisodeStatus>(3);
  episode.occurred_at = q.Time(4);
  if (!q.IsNull(5)) episode.turn = static_cast<int32_t>(q.Int(5));
  episode.session_id = q.Text(6);
  episode.speaker = q.Text(7);
  episode.importance = q.Real(8);
  episode.confidence = q.Real(9);
  episode.access_count = q.Int(10);
  episode.text = q.Text(11);
  episode.entities = q.Strings(12);
  episode.metadata = q.Text(13);
  return episode;
}

struct TurnRange {
  int64_t from, to;
};

// The turns within `reach` of the sample's, by session, as few ranges.
std::map<std::string, std::vector<TurnRange>> TurnRanges(const std::vector<Episode>& episodes, int reach) {
  std::map<std::string, std::vector<TurnRange>> sessions;
  for (const Episode& episode : episodes) {
    if (episode.session_id.empty() || !episode.turn) continue;
    sessions[episode.session_id].push_back({int64_t{*episode.turn} - reach, int64_t{*episode.turn} + reach});
  }
  for (auto& [session, ranges] : sessions) {
    std::sort(ranges.begin(), ranges.end(), [](TurnRange a, TurnRange b) { return a.from < b.from; });
    std::vector<TurnRange> merged;
    for (TurnRange range : ranges) {
      if (!merged.empty() && range.from <= merged.back().to + 1) {
        merged.back().to = std::max(merged.back().to, range.to);
      } else {
        merged.push_back(range);
      }
    }
    ranges = std::move(merged);
  }
  return sessions;
}

std::vector<Episode> LoadContext(Connection& c, const UserKey& user, const std::vector<Episode>& episodes,
                                 int context_turns) {
  std::vector<Episode> context;
  if (context_turns <= 0) return context;
  std::set<std::string> seen;
  for (const Episode& episode : episodes) seen.insert(episode.id);
  const auto take = [&](Query& q) {
    while (q.Step()) {
      if (seen.insert(q.Text(0)).second) context.push_back(ReadWords(q));
    }
  };
  for (const auto& [session, ranges] : TurnRanges(episodes, context_turns)) {
    for (const TurnRange& range : ranges) {
      Query q(c, "context_by_turn", user.tenant, user.user, session, range.from, range.to);
      take(q);
    }
  }
  for (const Episode& episode : episodes) {
    if (episode.session_id.empty() || episode.turn) continue;
    for (std::string_view side : {"context_before", "context_after"}) {
      Query q(c, side, user.tenant, user.user, episode.session_id, episode.occurred_at, episode.id,
              context_turns);
      take(q);
    }
  }
  const auto place = [](const Episode& e) {
    return std::make_tuple(std::cref(e.session_id), e.turn.value_or(0), e.occurred_at, std::cref(e.id));
  };
  std::sort(context.begin(), context.end(),
            [&](const Episode& a, const Episode& b) { return place(a) < place(b); });
  return context;
}

// All of a sample but its episodes and counts.
absl::Status Complete(Connection& c, const UserKey& user, int context_turns, Sample& sample) {
  const std::optional<UserState> state = LoadUser(c, user);
  if (!state) return NoSuchUser();
  sample.memory_version = state->memory_version;
  sample.registry = LoadRegistry(c, user.tenant);
  sample.context = LoadContext(c, user, sample.episodes, context_turns);
  return absl::OkStatus();
}

}  // namespace

bool AnyEligible(Connection& c, const UserKey& user, const SampleSpec& spec,
                 const std::vector<std::string>& except, absl::Time now) {
  return Query(c, "sample_any", user.tenant, user.user, TypeBits(spec), spec.min_importance,
               spec.min_confidence, spec.window_from, spec.window_to, BackoffTime(spec, now),
               codec::EncodeStrings(except))
      .Step();
}

absl::StatusOr<Sample> SqliteStore::SampleEpisodes(const Lease& lease, const SampleSpec& spec) {
  if (absl::Status checked = CheckLimit(spec.limit); !checked.ok()) return checked;
  return Read("sample episodes", [&](Connection& c) -> absl::StatusOr<Sample> {
    if (absl::Status held = CheckLease(c, lease); !held.ok()) return held;
    const UserKey& user = lease.user;
    const std::optional<absl::Time> backoff = BackoffTime(spec, Now());
    Sample sample;
    Query counts(c, "sample_counts", user.tenant, user.user, TypeBits(spec), spec.min_importance,
                 spec.min_confidence, spec.window_from, spec.window_to, backoff);
    if (counts.Step()) {
      sample.skipped_type = counts.Int(0);
      sample.skipped_threshold = counts.Int(1);
      sample.skipped_window = counts.Int(2);
      sample.skipped_backoff = counts.Int(3);
      sample.eligible = counts.Int(4);
    }
    Query ranked(c, "sample_ranked", user.tenant, user.user, TypeBits(spec), spec.min_importance,
                 spec.min_confidence, spec.window_from, spec.window_to, backoff, spec.age_at, spec.limit);
    while (ranked.Step()) {
      std::optional<StoredEpisode> stored = LoadEpisode(c, user, ranked.Text(0));
      if (!stored) {
        c.FailCorrupt("sample_ranked");
        break;
      }
      sample.episodes.push_back(std::move(stored->episode));
      sample.tries.push_back(stored->tries);
    }
    if (absl::Status done = Complete(c, user, spec.context_turns, sample); !done.ok()) return done;
    return sample;
  });
}

absl::StatusOr<Sample> SqliteStore::LoadPlanned(const Lease& lease, const std::vector<std::string>& ids,
                                                int context_turns) {
  return Read("load planned episodes", [&](Connection& c) -> absl::StatusOr<Sample> {
    if (absl::Status held = CheckLease(c, lease); !held.ok()) return held;
    Sample sample;
    std::set<std::string> seen;
    for (const std::string& id : ids) {
      if (!seen.insert(id).second) continue;
      std::optional<StoredEpisode> stored = LoadEpisode(c, lease.user, id);
      if (!stored || !stored->pending) continue;
      sample.episodes.push_back(std::move(stored->episode));
      sample.tries.push_back(stored->tries);
    }
    sample.eligible = static_cast<int64_t>(sample.episodes.size());
    if (absl::Status done = Complete(c, lease.user, context_turns, sample); !done.ok()) return done;
    return sample;
  });
}

absl::StatusOr<Sample> SqliteStore::LoadEpisodes(const UserKey& user, const std::vector<std::string>& ids,
                                                 int context_turns) {
  return Read("load episodes", [&](Connection& c) -> absl::StatusOr<Sample> {
    Sample sample;
    std::set<std::string> seen;
    for (const std::string& id : ids) {
      if (!seen.insert(id).second) continue;
      if (std::optional<StoredEpisode> stored = LoadEpisode(c, user, id); stored) {
        sample.episodes.push_back(std::move(stored->episode));
      }
    }
    if (absl::Status done = Complete(c, user, context_turns, sample); !done.ok()) return done;
    return sample;
  });
}

}  // namespace slowwave::sqlite
