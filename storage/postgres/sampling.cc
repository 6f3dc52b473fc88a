#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "storage/codec.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {
namespace {

// Columns of sample and sample_planned: ordinal, tries, the episode, and of sample what it counted.
constexpr int kEpisode = 2, kCounts = 17;

void ReadSample(Rows rows, Sample& sample) {
  struct Shown {
    Episode episode;
    int tries = 0;
  };
  std::map<int64_t, Shown> shown;
  while (rows.Step()) {
    if (rows.IsNull(0)) continue;  // nothing but the counts
    if (rows.Int(0) == 0) {
      sample.context.push_back(ReadEpisode(rows, kEpisode));
    } else {
      shown[rows.Int(0)] = {ReadEpisode(rows, kEpisode), static_cast<int>(rows.Int(1))};
    }
  }
  for (auto& [ordinal, one] : shown) {
    sample.episodes.push_back(std::move(one.episode));
    sample.tries.push_back(one.tries);
  }
  const auto place = [](const Episode& e) {
    return std::make_tuple(std::cref(e.session_id), e.turn.value_or(0), e.occurred_at, std::cref(e.id));
  };
  std::sort(sample.context.begin(), sample.context.end(),
            [&](const Episode& a, const Episode& b) { return place(a) < place(b); });
}

// What every sample reads beside its episodes.
struct Around {
  Around(Transaction& t, const UserKey& key)
      : user(t.Add("user_get", key.tenant, key.user)),
        version(t.Add("registry_version", key.tenant)),
        slots(t.Add("slot_list", key.tenant)) {}
  Rows user, version, slots;
};

std::vector<std::string> Distinct(const std::vector<std::string>& ids) {
  std::vector<std::string> distinct;
  std::set<std::string> seen;
  for (const std::string& id : ids) {
    if (seen.insert(id).second) distinct.push_back(id);
  }
  return distinct;
}

void AddLeaseCheck(Transaction& t, const Lease& lease) {
  t.Add("lease_check", lease.user.tenant, lease.task_id, lease.user.user, lease.token, lease.attempt);
  t.Guard(LeaseLost());
}

absl::Status ReadAround(const UserKey& user, Around& around, Sample& sample) {
  if (!around.user.Step()) return NoSuchUser();
  sample.memory_version = ReadUser(user, around.user).memory_version;
  sample.registry = ReadRegistry(around.version, around.slots);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Sample> PostgresStore::SampleEpisodes(const Lease& lease, const SampleSpec& spec) {
  if (absl::Status checked = CheckLimit(spec.limit); !checked.ok()) return checked;
  const UserKey& user = lease.user;
  int64_t types = 0;
  for (EpisodeType type : spec.types) types |= int64_t{1} << static_cast<int>(type);
  return Read("sample episodes", [&](Transaction& t) -> absl::StatusOr<Sample> {
    AddLeaseCheck(t, lease);
    Around around(t, lease.user);
    Rows rows = t.Add("sample", user.tenant, user.user, types, spec.min_importance, spec.min_confidence,
                      spec.window_from, spec.window_to, spec.ignore_backoff, t.clock(), spec.age_at,
                      spec.limit, std::max(0, spec.context_turns));
    Sample sample;
    if (!t.Finish()) return sample;
    if (absl::Status done = ReadAround(lease.user, around, sample); !done.ok()) return done;
    if (Rows first = rows; first.Step()) {
      sample.skipped_type = first.Int(kCounts);
      sample.skipped_threshold = first.Int(kCounts + 1);
      sample.skipped_window = first.Int(kCounts + 2);
      sample.skipped_backoff = first.Int(kCounts + 3);
      sample.eligible = first.Int(kCounts + 4);
    }
    ReadSample(rows, sample);
    return sample;
  });
}

absl::StatusOr<Sample> PostgresStore::LoadPlanned(const Lease& lease, const std::vector<std::string>& ids,
                                                  int context_turns) {
  const std::vector<std::string> distinct = Distinct(ids);
  return Read("load planned episodes", [&](Transaction& t) -> absl::StatusOr<Sample> {
    AddLeaseCheck(t, lease);
    Around around(t, lease.user);
    Rows rows =
        t.Add("sample_planned", lease.user.tenant, lease.user.user, distinct, std::max(0, context_turns));
    Sample sample;
    if (!t.Finish()) return sample;
    if (absl::Status done = ReadAround(lease.user, around, sample); !done.ok()) return done;
    ReadSample(rows, sample);
    sample.eligible = static_cast<int64_t>(sample.episodes.size());
    return sample;
  });
}

absl::StatusOr<Sample> PostgresStore::LoadEpisodes(const UserKey& user, const std::vector<std::string>& ids,
                                                   int context_turns) {
  const std::vector<std::string> distinct = Distinct(ids);
  return Read("load episodes", [&](Transaction& t) -> absl::StatusOr<Sample> {
    Around around(t, user);
    Rows rows = t.Add("sample_named", user.tenant, user.user, distinct, std::max(0, context_turns));
    Sample sample;
    if (!t.Finish()) return sample;
    if (absl::Status done = ReadAround(user, around, sample); !done.ok()) return done;
    ReadSample(rows, sample);
    sample.tries.clear();
    return sample;
  });
}

}  // namespace slowwave::postgres
