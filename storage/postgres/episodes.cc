#include <map>
#include <set>

#include "storage/codec.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {
namespace {

std::string ErasedHash(const std::string& id) { return codec::Sha256(id).substr(0, 16); }

// What is stored under an id already.
struct Known {
  std::string digest;
  absl::Time occurred_at;
};

// What one ingest adds, as columns.
struct Columns {
  std::vector<std::string> ids, digests, sessions, speakers, texts, entities, metadata, embeddings;
  std::vector<EpisodeType> types;
  std::vector<Origin> origins;
  std::vector<EpisodeStatus> statuses;
  std::vector<absl::Time> times;
  std::vector<std::optional<int32_t>> turns;
  std::vector<double> importances, confidences;
  std::vector<int64_t> accesses;
  // pending
  std::vector<std::string> pending_ids;
  std::vector<EpisodeType> pending_types;
  std::vector<absl::Time> pending_times;
  std::vector<double> pending_importances, pending_confidences;
  std::vector<int64_t> pending_accesses, pending_bytes;
  int64_t bytes = 0;
};

void Add(Columns& c, const Episode& e, const std::string& digest, absl::Time now) {
  const absl::Time at = e.occurred_at == absl::InfinitePast() ? now : e.occurred_at;
  c.ids.push_back(e.id);
  c.digests.push_back(digest);
  c.types.push_back(e.type);
  c.origins.push_back(e.origin);
  c.statuses.push_back(e.status);
  c.times.push_back(at);
  c.turns.push_back(e.turn);
  c.sessions.push_back(e.session_id);
  c.speakers.push_back(e.speaker);
  c.importances.push_back(e.importance);
  c.confidences.push_back(e.confidence);
  c.accesses.push_back(e.access_count);
  c.texts.push_back(e.text);
  c.entities.push_back(codec::EncodeStrings(e.entities));
  c.metadata.push_back(e.metadata);
  c.embeddings.push_back(codec::EncodeEmbedding(e.embedding));
  if (e.origin == Origin::kDerived || e.status != EpisodeStatus::kActive) return;
  c.pending_ids.push_back(e.id);
  c.pending_types.push_back(e.type);
  c.pending_times.push_back(at);
  c.pending_importances.push_back(e.importance);
  c.pending_confidences.push_back(e.confidence);
  c.pending_accesses.push_back(e.access_count);
  c.pending_bytes.push_back(
      static_cast<int64_t>(e.text.size() + c.embeddings.back().size() + e.metadata.size()));
  c.bytes += c.pending_bytes.back();
}

std::vector<Blob> Blobs(const std::vector<std::string>& list) {
  std::vector<Blob> blobs;
  for (const std::string& one : list) blobs.push_back({one});
  return blobs;
}

std::vector<std::optional<Blob>> BlobsOrNull(const std::vector<std::string>& list) {
  std::vector<std::optional<Blob>> blobs;
  for (const std::string& one : list) blobs.push_back(one.empty() ? std::nullopt : std::optional(Blob{one}));
  return blobs;
}

void Write(Transaction& t, const UserKey& user, const Columns& c, int64_t dimension) {
  t.Add("episode_insert", user.tenant, user.user, c.ids, Blobs(c.digests), c.types, c.origins, c.statuses,
        c.times, c.turns, c.sessions, c.speakers, c.importances, c.confidences, c.accesses, c.texts,
        c.entities, c.metadata, BlobsOrNull(c.embeddings));
  if (!c.pending_ids.empty()) {
    t.Add("pending_insert", user.tenant, user.user, c.pending_ids, c.pending_types, c.pending_times,
          c.pending_importances, c.pending_confidences, c.pending_accesses, c.pending_bytes);
  }
  t.Add("user_count_ingest", user.tenant, user.user, c.ids.size(), c.pending_ids.size(), c.bytes, dimension);
}

}  // namespace

Episode ReadEpisode(Rows& row, int first) {
  Episode episode;
  episode.id = row.Text(first);
  episode.type = row.Enum<EpisodeType>(first + 1);
  episode.origin = row.Enum<Origin>(first + 2);
  episode.status = row.Enum<EpisodeStatus>(first + 3);
  episode.occurred_at = row.Time(first + 4);
  if (!row.IsNull(first + 5)) episode.turn = static_cast<int32_t>(row.Int(first + 5));
  episode.session_id = row.Text(first + 6);
  episode.speaker = row.Text(first + 7);
  episode.importance = row.Real(first + 8);
  episode.confidence = row.Real(first + 9);
  episode.access_count = row.Int(first + 10);
  episode.text = row.Text(first + 11);
  episode.entities = row.Strings(first + 12);
  episode.metadata = row.Text(first + 13);
  if (!codec::DecodeEmbedding(row.Bytes(first + 14), episode.embedding)) row.FailCorrupt();
  return episode;
}

StoredEpisode ReadStoredEpisode(Rows& row) {
  StoredEpisode stored;
  stored.episode = ReadEpisode(row, 0);
  stored.pending = row.Bool(15);
  stored.tries = static_cast<int>(row.Int(16));
  const int64_t review = row.Int(17);
  stored.unreadable = review == 3;
  stored.cited = review == 2;
  if (review == 1 || review == 2) stored.reviewed_by = row.Text(18);
  return stored;
}

absl::StatusOr<IngestResult> PostgresStore::IngestEpisodes(const UserKey& user,
                                                           const std::vector<Episode>& episodes,
                                                           const std::vector<TriggerCondition>& defaults,
                                                           const TriggerRule& rule) {
  std::vector<std::string> ids, hashes;
  for (const Episode& episode : episodes) {
    ids.push_back(episode.id);
    hashes.push_back(ErasedHash(episode.id));
  }
  absl::StatusOr<IngestResult> ingested =
      Write("ingest episodes", [&](Transaction& t) -> absl::StatusOr<IngestResult> {
        t.Add("tenant_ensure", user.tenant);
        Rows made = t.Add("user_insert", user.tenant, user.user, t.clock());
        Rows locked = t.Add("user_lock", user.tenant, user.user);
        Rows known_rows = t.Add("episodes_known", user.tenant, user.user, ids);
        Rows erased_rows = t.Add("episodes_erased", user.tenant, user.user, Blobs(hashes));
        Rows condition_rows = t.Add("trig_list", user.tenant, user.user);
        Rows tenant_row = t.Add("tenant_get", user.tenant);
        if (!t.Send() || !locked.Step()) return NoSuchUser();

        const bool is_new = made.Step();
        UserState state = ReadUser(user, locked);
        state.conditions = is_new ? defaults : ReadConditions(condition_rows);
        if (is_new) InsertConditions(t, user, defaults);
        std::map<std::string, Known> known;
        while (known_rows.Step()) known[known_rows.Text(0)] = {known_rows.Text(1), known_rows.Time(2)};
        std::set<std::string> erased;
        while (erased_rows.Step()) erased.insert(erased_rows.Text(0));

        IngestResult result;
        Columns columns;
        for (size_t i = 0; i < episodes.size(); ++i) {
          const Episode& episode = episodes[i];
          IngestOutcome& outcome = result.outcomes.emplace_back(IngestOutcome::kStored);
          if (erased.contains(hashes[i])) {
            outcome = IngestOutcome::kErased;
            continue;
          }
          const std::string digest = codec::ContentDigest(episode);
          if (const auto it = known.find(episode.id); it != known.end()) {
            const bool same_time =
                episode.occurred_at == absl::InfinitePast() ||
                absl::ToUnixMicros(episode.occurred_at) == absl::ToUnixMicros(it->second.occurred_at);
            outcome = same_time && it->second.digest == digest ? IngestOutcome::kExists
                                                               : IngestOutcome::kExistsDifferent;
            continue;
          }
          const auto dimension = static_cast<int32_t>(episode.embedding.size());
          if (dimension != 0 && state.embedding_dimension != 0 && dimension != state.embedding_dimension) {
            outcome = IngestOutcome::kWrongDimension;
            continue;
          }
          if (dimension != 0) state.embedding_dimension = dimension;
          Add(columns, episode, digest, t.now());
          known[episode.id] = {digest, columns.times.back()};
        }
        if (columns.ids.empty()) return result;
        postgres::Write(t, user, columns, state.embedding_dimension);
        state.episodes += static_cast<int64_t>(columns.ids.size());
        state.pending += static_cast<int64_t>(columns.pending_ids.size());
        state.pending_bytes += columns.bytes;
        if (!rule) return result;

        const TenantSettings settings = ReadTenant(tenant_row);
        const std::vector<TriggerDecision> decisions = rule(state, settings, t.now());
        if (decisions.empty()) return result;
        UnfinishedTasks unfinished_tasks(t, user.tenant, {user.user});
        if (!t.Send()) return result;
        std::vector<Unfinished> unfinished = unfinished_tasks.Read()[user.user];
        Firings firings(t, user.tenant, settings);
        if (!firings.CountQueue()) return result;
        firings.Apply(state, decisions, unfinished, /*sweep=*/false);
        firings.Write();
        std::vector<Rows> tasks;
        for (const Placed& placed : firings.fired())
          tasks.push_back(t.Add("task_get", user.tenant, placed.task_id));
        if (!t.Finish()) return result;
        for (size_t i = 0; i < tasks.size(); ++i) {
          if (!tasks[i].Step()) continue;
          result.fired.push_back(
              {.task = ReadTask(user.tenant, tasks[i]), .joined = firings.fired()[i].joined});
        }
        return result;
      });
  if (ingested.ok() && !ingested->fired.empty()) listener_.Announce();
  return ingested;
}

absl::StatusOr<StoredEpisode> PostgresStore::GetEpisode(const UserKey& user, const std::string& id) {
  return Read("get episode", [&](Transaction& t) -> absl::StatusOr<StoredEpisode> {
    Rows row = t.Add("episode_get", user.tenant, user.user, id);
    Rows owner = t.Add("user_get", user.tenant, user.user);
    t.Finish();
    if (row.Step()) return ReadStoredEpisode(row);
    return owner.Step() ? absl::NotFoundError("no such episode") : NoSuchUser();
  });
}

absl::StatusOr<Page<StoredEpisode>> PostgresStore::ListEpisodes(const UserKey& user, const std::string& after,
                                                                int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  absl::Time last_time = TimeOfToken(INT64_MIN);
  std::string last_id;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("episodes", after, 2);
    if (!fields.ok()) return fields.status();
    absl::StatusOr<int64_t> time = codec::PageTokenNumber((*fields)[0]);
    if (!time.ok()) return time.status();
    last_time = TimeOfToken(*time);
    last_id = (*fields)[1];
  }
  return Read("list episodes", [&](Transaction& t) -> absl::StatusOr<Page<StoredEpisode>> {
    Rows owner = t.Add("user_get", user.tenant, user.user);
    Rows rows = t.Add("episode_page", user.tenant, user.user, last_time, last_id, int64_t{limit} + 1);
    if (!t.Finish() || !owner.Step()) return NoSuchUser();
    Page<StoredEpisode> page;
    while (rows.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        const Episode& last = page.items.back().episode;
        page.next =
            codec::EncodePageToken("episodes", {absl::StrCat(absl::ToUnixMicros(last.occurred_at)), last.id});
        break;
      }
      page.items.push_back(ReadStoredEpisode(rows));
    }
    return page;
  });
}

}  // namespace slowwave::postgres
