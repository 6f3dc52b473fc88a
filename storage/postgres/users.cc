#include <algorithm>

#include "storage/codec.h"
#include "storage/conditions.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {

absl::Time TimeOfToken(int64_t micros) {
  // From 1200 BC to 11000 AD: beyond what any record has, within what a timestamptz can.
  constexpr int64_t kLeast = -100'000'000'000'000'000, kGreatest = 290'000'000'000'000'000;
  return absl::FromUnixMicros(std::clamp(micros, kLeast, kGreatest));
}

absl::Status NoSuchUser() { return absl::NotFoundError("no such user"); }

absl::Status CheckLimit(int limit) {
  if (limit < 1) return absl::InvalidArgumentError("limit: must be at least 1");
  return absl::OkStatus();
}

UserState ReadUser(const UserKey& user, const Rows& row, int column) {
  UserState state;
  state.user = user;
  state.registered_at = row.Time(column);
  state.memory_version = row.Int(column + 1);
  state.episodes = row.Int(column + 2);
  state.pending = row.Int(column + 3);
  state.pending_bytes = row.Int(column + 4);
  state.unreadable = row.Int(column + 5);
  state.facts = row.Int(column + 6);
  state.quarantined = row.Int(column + 7);
  state.embedding_dimension = static_cast<int32_t>(row.Int(column + 8));
  state.fold_stamp = row.Text(column + 9);
  state.paused_by = row.Text(column + 10);
  return state;
}

TriggerCondition ReadCondition(Rows& row, int column) {
  TriggerCondition condition;
  condition.kind = row.Enum<TriggerKind>(column);
  condition.interval = row.MaybeDuration(column + 1);
  if (!row.IsNull(column + 2)) condition.episodes = row.Int(column + 2);
  if (!row.IsNull(column + 3)) condition.megabytes = row.Real(column + 3);
  condition.cooldown = row.MaybeDuration(column + 4);
  condition.events = row.Strings(column + 5);
  condition.last_fired = row.MaybeTime(column + 6);
  condition.next_due = row.MaybeTime(column + 7);
  condition.times_fired = row.Int(column + 8);
  return condition;
}

std::vector<TriggerCondition> ReadConditions(Rows rows) {
  std::vector<TriggerCondition> list;
  while (rows.Step()) list.push_back(ReadCondition(rows));
  return list;
}

TenantSettings ReadTenant(Rows rows) {
  TenantSettings settings;
  if (!rows.Step()) return settings;
  settings.paused = rows.Bool(0);
  settings.weight = rows.Real(1);
  settings.max_waiting = static_cast<int32_t>(rows.Int(2));
  settings.window_from = rows.MaybeDuration(3);
  settings.window_to = rows.MaybeDuration(4);
  return settings;
}

void InsertConditions(Transaction& t, const UserKey& user, const std::vector<TriggerCondition>& conditions) {
  if (conditions.empty()) return;
  std::vector<int> ords;
  std::vector<TriggerKind> kinds;
  std::vector<std::optional<absl::Duration>> intervals, cooldowns;
  std::vector<std::optional<int64_t>> episodes;
  std::vector<std::optional<double>> megabytes;
  std::vector<std::string> events;
  std::vector<std::optional<absl::Time>> last_fired, next_due;
  std::vector<int64_t> times_fired;
  for (const TriggerCondition& c : conditions) {
    ords.push_back(static_cast<int>(ords.size()));
    kinds.push_back(c.kind);
    intervals.push_back(c.interval);
    episodes.push_back(c.episodes);
    megabytes.push_back(c.megabytes);
    cooldowns.push_back(c.cooldown);
    events.push_back(codec::EncodeStrings(c.events));
    last_fired.push_back(c.last_fired);
    next_due.push_back(c.next_due);
    times_fired.push_back(c.times_fired);
  }
  t.Add("trig_insert", user.tenant, user.user, ords, kinds, intervals, episodes, megabytes, cooldowns, events,
        last_fired, next_due, times_fired);
}

void ConditionUpdates::Add(const std::string& user, int ord, const TriggerCondition& after) {
  users_.push_back(user);
  ords_.push_back(ord);
  last_fired_.push_back(after.last_fired);
  next_due_.push_back(after.next_due);
  times_fired_.push_back(after.times_fired);
}

void ConditionUpdates::Write(Transaction& t, const std::string& tenant) const {
  if (!users_.empty()) t.Add("trig_update", tenant, users_, ords_, last_fired_, next_due_, times_fired_);
}

absl::StatusOr<UserState> PostgresStore::RegisterUser(const UserKey& user,
                                                      const std::vector<TriggerCondition>& conditions) {
  return Write("register user", [&](Transaction& t) -> absl::StatusOr<UserState> {
    t.Add("tenant_ensure", user.tenant);
    t.Add("user_insert", user.tenant, user.user, t.clock());
    Rows locked = t.Add("user_lock", user.tenant, user.user);
    Rows stored = t.Add("trig_list", user.tenant, user.user);
    if (!t.Send() || !locked.Step()) return NoSuchUser();
    UserState state = ReadUser(user, locked);
    state.conditions = MergeConditions(ReadConditions(stored), conditions);
    t.Add("trig_delete", user.tenant, user.user);
    InsertConditions(t, user, state.conditions);
    return state;
  });
}

absl::StatusOr<UserState> PostgresStore::GetUser(const UserKey& user) {
  return Read("get user", [&](Transaction& t) -> absl::StatusOr<UserState> {
    Rows row = t.Add("user_get", user.tenant, user.user);
    Rows conditions = t.Add("trig_list", user.tenant, user.user);
    Rows clock = t.Add("clock", t.clock());
    if (!t.Finish() || !row.Step() || !clock.Step()) return NoSuchUser();
    UserState state = ReadUser(user, row);
    state.conditions = ReadConditions(conditions);
    state.read_at = clock.Time(0);
    return state;
  });
}

absl::StatusOr<Page<UserKey>> PostgresStore::ListUsers(const std::string& tenant, const std::string& after,
                                                       int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  std::string last;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("users", after, 1);
    if (!fields.ok()) return fields.status();
    last = fields->front();
  }
  return Single("list users", [&](Transaction& t) -> absl::StatusOr<Page<UserKey>> {
    Page<UserKey> page;
    Rows rows = t.Add("user_page", tenant, last, int64_t{limit} + 1);
    t.Send();
    while (rows.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        page.next = codec::EncodePageToken("users", {page.items.back().user});
        break;
      }
      page.items.push_back({tenant, rows.Text(0)});
    }
    return page;
  });
}

absl::StatusOr<TenantSettings> PostgresStore::GetTenant(const std::string& tenant) {
  return Single("get tenant", [&](Transaction& t) -> absl::StatusOr<TenantSettings> {
    Rows row = t.Add("tenant_get", tenant);
    t.Send();
    return ReadTenant(row);
  });
}

absl::Status PostgresStore::PutTenant(const std::string& tenant, const TenantSettings& settings) {
  return Single("put tenant", [&](Transaction& t) -> absl::Status {
    t.Add("tenant_put", tenant, settings.paused, settings.weight, settings.max_waiting, settings.window_from,
          settings.window_to);
    t.Send();
    return absl::OkStatus();
  });
}

}  // namespace slowwave::postgres
