#include "storage/codec.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {
namespace {

// What one ingest adds to the user's counters.
struct Tally {
  int64_t episodes = 0;
  int64_t pending = 0;
  int64_t pending_bytes = 0;
  int64_t dimension = 0;  // the user's; 0 while none is fixed
};

std::string ErasedHash(const std::string& id) { return codec::Sha256(id).substr(0, 16); }

std::optional<IngestOutcome> Known(Connection& c, const UserKey& user, const Episode& episode,
                                   const std::string& digest) {
  const std::string hash = ErasedHash(episode.id);
  if (Query(c, "episode_erased", user.tenant, user.user, Blob{hash}).Step()) return IngestOutcome::kErased;
  Query q(c, "episode_known", user.tenant, user.user, episode.id);
  if (!q.Step()) return std::nullopt;
  const bool same_time =
      episode.occurred_at == absl::InfinitePast() || absl::ToUnixMicros(episode.occurred_at) == q.Int(1);
  return same_time && q.Bytes(0) == digest ? IngestOutcome::kExists : IngestOutcome::kExistsDifferent;
}

IngestOutcome IngestOne(Connection& c, const UserKey& user, const Episode& episode, absl::Time now,
                        Tally& tally) {
  const std::string digest = codec::ContentDigest(episode);
  if (std::optional<IngestOutcome> known = Known(c, user, episode, digest)) return *known;
  const auto dimension = static_cast<int64_t>(episode.embedding.size());
  if (dimension != 0 && tally.dimension != 0 && dimension != tally.dimension)
    return IngestOutcome::kWrongDimension;
  if (dimension != 0) tally.dimension = dimension;

  const absl::Time occurred_at = episode.occurred_at == absl::InfinitePast() ? now : episode.occurred_at;
  const std::string embedding = codec::EncodeEmbedding(episode.embedding);
  std::optional<Blob> embedding_or_null;
  if (dimension != 0) embedding_or_null = Blob{embedding};
  Query(c, "episode_insert", user.tenant, user.user, episode.id, Blob{digest}, episode.type, episode.origin,
        episode.status, occurred_at, episode.turn, episode.session_id, episode.speaker, episode.importance,
        episode.confidence, episode.access_count, episode.text, codec::EncodeStrings(episode.entities),
        episode.metadata, embedding_or_null)
      .Run();
  ++tally.episodes;
  if (episode.origin == Origin::kDerived || episode.status != EpisodeStatus::kActive)
    return IngestOutcome::kStored;

  const auto bytes = static_cast<int64_t>(episode.text.size() + embedding.size() + episode.metadata.size());
  Query(c, "pending_insert", user.tenant, user.user, episode.id, episode.type, occurred_at,
        episode.importance, episode.confidence, episode.access_count, bytes)
      .Run();
  ++tally.pending;
  tally.pending_bytes += bytes;
  return IngestOutcome::kStored;
}

}  // namespace

std::optional<StoredEpisode> LoadEpisode(Connection& c, const UserKey& user, const std::string& id) {
  Query q(c, "episode_get", user.tenant, user.user, id);
  if (!q.Step()) return std::nullopt;
  StoredEpisode stored;
  Episode& episode = stored.episode;
  episode.id = id;
  episode.type = q.Enum<EpisodeType>(0);
  episode.origin = q.Enum<Origin>(1);
  episode.status = q.Enum<EpisodeStatus>(2);
  episode.occurred_at = q.Time(3);
  if (!q.IsNull(4)) episode.turn = static_cast<int32_t>(q.Int(4));
  episode.session_id = q.Text(5);
  episode.speaker = q.Text(6);
  episode.importance = q.Real(7);
  episode.confidence = q.Real(8);
  episode.access_count = q.Int(9);
  episode.text = q.Text(10);
  episode.entities = q.Strings(11);
  episode.metadata = q.Text(12);
  if (!codec::DecodeEmbedding(q.Bytes(13), episode.embedding)) c.FailCorrupt("episode_get");
  stored.pending = q.Bool(14);
  stored.tries = static_cast<int>(q.Int(15));
  const int64_t review = q.Int(16);
  stored.unreadable = review == 3;
  stored.cited = review == 2;
  if (review == 1 || review == 2) stored.reviewed_by = q.Text(17);
  return stored;
}

absl::StatusOr<IngestResult> SqliteStore::IngestEpisodes(const UserKey& user,
                                                         const std::vector<Episode>& episodes,
                                                         const std::vector<TriggerCondition>& defaults,
                                                         const TriggerRule& rule) {
  return Write("ingest episodes", [&](Connection& c) -> absl::StatusOr<IngestResult> {
    const absl::Time now = Now();
    CreateUser(c, user, defaults, now);
    const std::optional<UserState> state = LoadUser(c, user);
    if (!state) return NoSuchUser();
    Tally tally{.dimension = state->embedding_dimension};
    IngestResult result;
    result.outcomes.reserve(episodes.size());
    for (const Episode& episode : episodes) {
      result.outcomes.push_back(IngestOne(c, user, episode, now, tally));
    }
    if (tally.episodes == 0) return result;
    Query(c, "user_count_ingest", user.tenant, user.user, tally.episodes, tally.pending, tally.pending_bytes,
          tally.dimension)
        .Run();
    if (!rule) return result;
    absl::StatusOr<std::vector<EnqueueResult>> fired = ApplyRule(c, user, rule, /*sweep=*/false, now);
    if (!fired.ok()) return fired.status();
    result.fired = *std::move(fired);
    return result;
  });
}

absl::StatusOr<StoredEpisode> SqliteStore::GetEpisode(const UserKey& user, const std::string& id) {
  return Read("get episode", [&](Connection& c) -> absl::StatusOr<StoredEpisode> {
    std::optional<StoredEpisode> stored = LoadEpisode(c, user, id);
    if (stored) return *std::move(stored);
    return LoadUser(c, user) ? absl::NotFoundError("no such episode") : NoSuchUser();
  });
}

absl::StatusOr<Page<StoredEpisode>> SqliteStore::ListEpisodes(const UserKey& user, const std::string& after,
                                                              int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  int64_t last_time = INT64_MIN;
  std::string last_id;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("episodes", after, 2);
    if (!fields.ok()) return fields.status();
    absl::StatusOr<int64_t> time = codec::PageTokenNumber((*fields)[0]);
    if (!time.ok()) return time.status();
    last_time = *time;
    last_id = (*fields)[1];
  }
  return Read("list episodes", [&](Connection& c) -> absl::StatusOr<Page<StoredEpisode>> {
    if (!LoadUser(c, user)) return NoSuchUser();
    Page<StoredEpisode> page;
    int64_t time = 0;
    Query q(c, "episode_page", user.tenant, user.user, last_time, last_id, int64_t{limit} + 1);
    while (q.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        page.next = codec::EncodePageToken("episodes", {absl::StrCat(time), page.items.back().episode.id});
        break;
      }
      std::optional<StoredEpisode> stored = LoadEpisode(c, user, q.Text(0));
      time = q.Int(1);
      if (stored) page.items.push_back(*std::move(stored));
    }
    return page;
  });
}

}  // namespace slowwave::sqlite
