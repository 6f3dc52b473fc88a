#include "storage/codec.h"
#include "storage/conditions.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {

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
      const std::vector<TriggerCondition> merged = MergeConditions(LoadConditions(c, user), conditions);
      Query(c, "trig_delete", user.tenant, user.user).Run();
      for (size_t i = 0; i < merged.size(); ++i) PutCondition(c, user, static_cast<int>(i), merged[i]);
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
    state->read_at = Now();
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

}  // namespace slowwave::sqlite
