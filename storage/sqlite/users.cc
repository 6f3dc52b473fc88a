#include "storage/codec.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {
namespace {

std::optional<absl::Duration> MaybeDuration(const Query& q, int column) {
  if (q.IsNull(column)) return std::nullopt;
  return absl::Microseconds(q.Int(column));
}

// At the grain at which conditions are stored.
bool Same(const std::optional<absl::Time>& a, const std::optional<absl::Time>& b) {
  return a.has_value() == b.has_value() && (!a || absl::ToUnixMicros(*a) == absl::ToUnixMicros(*b));
}

bool Same(const std::optional<absl::Duration>& a, const std::optional<absl::Duration>& b) {
  return a.has_value() == b.has_value() &&
         (!a || absl::ToInt64Microseconds(*a) == absl::ToInt64Microseconds(*b));
}

bool Same(const TriggerCondition& a, const TriggerCondition& b) {
  return a.kind == b.kind && Same(a.interval, b.interval) && a.episodes == b.episodes &&
         a.megabytes == b.megabytes && Same(a.cooldown, b.cooldown) && a.events == b.events &&
         Same(a.last_fired, b.last_fired) && Same(a.next_due, b.next_due) && a.times_fired == b.times_fired;
}

}  // namespace

absl::Status NoSuchUser() { return absl::NotFoundError("no such user"); }

absl::Status CheckLimit(int limit) {
  if (limit < 1) return absl::InvalidArgumentError("limit: must be at least 1");
  return absl::OkStatus();
}

std::optional<UserState> LoadUser(Connection& c, const UserKey& user) {
  Query q(c, "user_get", user.tenant, user.user);
  if (!q.Step()) return std::nullopt;
  UserState state;
  state.user = user;
  state.registered_at = q.Time(0);
  state.memory_version = q.Int(1);
  state.episodes = q.Int(2);
  state.pending = q.Int(3);
  state.pending_bytes = q.Int(4);
  state.unreadable = q.Int(5);
  state.facts = q.Int(6);
  state.quarantined = q.Int(7);
  state.embedding_dimension = static_cast<int32_t>(q.Int(8));
  state.fold_stamp = q.Text(9);
  state.paused_by = q.Text(10);
  return state;
}

std::vector<TriggerCondition> LoadConditions(Connection& c, const UserKey& user) {
  std::vector<TriggerCondition> list;
  Query q(c, "trig_list", user.tenant, user.user);
  while (q.Step()) {
    TriggerCondition& condition = list.emplace_back();
    condition.kind = q.Enum<TriggerKind>(0);
    condition.interval = MaybeDuration(q, 1);
    if (!q.IsNull(2)) condition.episodes = q.Int(2);
    if (!q.IsNull(3)) condition.megabytes = q.Real(3);
    condition.cooldown = MaybeDuration(q, 4);
    condition.events = q.Strings(5);
    condition.last_fired = q.MaybeTime(6);
    condition.next_due = q.MaybeTime(7);
    condition.times_fired = q.Int(8);
  }
  return list;
}

void PutCondition(Connection& c, const UserKey& user, int ord, const TriggerCondition& condition) {
  Query(c, "trig_put", user.tenant, user.user, ord, condition.kind, condition.interval, condition.episodes,
        condition.megabytes, condition.cooldown, codec::EncodeStrings(condition.events), condition.last_fired,
        condition.next_due, condition.times_fired)
      .Run();
}

bool CreateUser(Connection& c, const UserKey& user, const std::vector<TriggerCondition>& conditions,
                absl::Time now) {
  if (Query(c, "user_insert", user.tenant, user.user, now).Run() == 0) return false;
  for (size_t i = 0; i < conditions.size(); ++i) PutCondition(c, user, static_cast<int>(i), conditions[i]);
  return true;
}

absl::StatusOr<UserState> SqliteStore::RegisterUser(const UserKey& user,
                                                    const std::vector<TriggerCondition>& conditions) {
  return Write("register user", [&](Connection& c) -> absl::StatusOr<UserState> {
    if (!CreateUser(c, user, conditions, Now())) {
      Query(c, "trig_delete", user.tenant, user.user).Run();
      for (size_t i = 0; i < conditions.size(); ++i)
        PutCondition(c, user, static_cast<int>(i), conditions[i]);
    }
    std::optional<UserState> state = LoadUser(c, user);
    if (!state) return NoSuchUser();
    state->conditions = LoadConditions(c, user);
    return *std::move(state);
  });
}

absl::StatusOr<UserState> SqliteStore::GetUser(const UserKey& user) {
  return Read("get user", [&](Connection& c) -> absl::StatusOr<UserState> {
    std::optional<UserState> state = LoadUser(c, user);
    if (!state) return NoSuchUser();
    state->conditions = LoadConditions(c, user);
    return *std::move(state);
  });
}

absl::StatusOr<Page<UserKey>> SqliteStore::ListUsers(const std::string& tenant, const std::string& after,
                                                     int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  std::string last;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("users", after, 1);
    if (!fields.ok()) return fields.status();
    last = fields->front();
  }
  return Read("list users", [&](Connection& c) -> absl::StatusOr<Page<UserKey>> {
    Page<UserKey> page;
    Query q(c, "user_page", tenant, last, int64_t{limit} + 1);
    while (q.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        page.next = codec::EncodePageToken("users", {page.items.back().user});
        break;
      }
      page.items.push_back({tenant, q.Text(0)});
    }
    return page;
  });
}

absl::StatusOr<EnqueueResult> SqliteStore::FireTrigger(const FireRequest& request) {
  return Write("fire trigger", [&](Connection& c) -> absl::StatusOr<EnqueueResult> {
    const absl::Time now = Now();
    absl::StatusOr<std::optional<EnqueueResult>> repeated = RepeatedRequest(c, request.task, now);
    if (!repeated.ok()) return repeated.status();
    if (repeated->has_value()) return **std::move(repeated);
    if (!LoadUser(c, request.user)) return NoSuchUser();
    const std::vector<TriggerCondition> conditions = LoadConditions(c, request.user);
    if (request.condition < 0 || static_cast<size_t>(request.condition) >= conditions.size() ||
        !Same(conditions[request.condition], request.as_read)) {
      return absl::AbortedError("fire trigger: the condition is no longer as it was read");
    }
    PutCondition(c, request.user, request.condition, request.after);
    return EnqueueInside(c, request.task, now);
  });
}

}  // namespace slowwave::sqlite
