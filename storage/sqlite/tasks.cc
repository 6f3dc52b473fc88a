// Tasks as their callers see them: made, joined, listed, cancelled, retried. leases.cc has the workers' side.
#include <algorithm>

#include "storage/codec.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {
namespace {

constexpr absl::Duration kRequestMemory = absl::Hours(24);

absl::Status NoSuchTask() { return absl::NotFoundError("no such task"); }

struct Live {
  std::string task_id;
  TaskState state = TaskState::kUnspecified;
};

std::optional<Live> LiveTask(Connection& c, const UserKey& user) {
  Query q(c, "task_live_of", user.tenant, user.user);
  if (!q.Step()) return std::nullopt;
  return Live{q.Text(0), q.Enum<TaskState>(1)};
}

std::optional<std::string> BehindTask(Connection& c, const UserKey& user) {
  Query q(c, "task_behind_of", user.tenant, user.user);
  if (!q.Step()) return std::nullopt;
  return q.Text(0);
}

// An unfinished task takes a request in: its rank can only rise, its options stay, except that whoever asked
// to ignore the backoff is heard, and that it joins a trace if it has none.
void Join(Connection& c, const std::string& tenant, const std::string& task_id, int32_t priority,
          const std::vector<std::string>& reasons, const TaskOptions& options) {
  std::optional<Task> task = LoadTask(c, tenant, task_id);
  if (!task) return;
  for (const std::string& reason : reasons) {
    if (std::find(task->reasons.begin(), task->reasons.end(), reason) == task->reasons.end()) {
      task->reasons.push_back(reason);
    }
  }
  task->options.ignore_backoff |= options.ignore_backoff;
  if (!task->options.trace) task->options.trace = options.trace;
  Query(c, "task_join", tenant, task_id, std::max(task->priority, priority),
        codec::EncodeStrings(task->reasons), codec::EncodeOptions(task->options))
      .Run();
}

absl::StatusOr<EnqueueResult> Answer(Connection& c, const std::string& tenant, const std::string& task_id,
                                     bool joined) {
  std::optional<Task> task = LoadTask(c, tenant, task_id);
  if (!task) return NoSuchTask();
  return EnqueueResult{.task = *std::move(task), .joined = joined};
}

// Where a request for the user goes: an existing task to join, or the state of a new one.
struct Place {
  std::string join;
  TaskState state = TaskState::kWaiting;
};

Place FindPlace(Connection& c, const UserKey& user) {
  const std::optional<Live> live = LiveTask(c, user);
  if (!live) return {};
  if (live->state != TaskState::kRunning) return {.join = live->task_id};
  if (std::optional<std::string> behind = BehindTask(c, user)) return {.join = *std::move(behind)};
  return {.join = "", .state = TaskState::kBehind};
}

absl::Status CheckQueueRoom(Connection& c, const std::string& tenant) {
  const int32_t limit = LoadTenant(c, tenant).max_waiting;
  if (limit == 0) return absl::OkStatus();
  Query q(c, "task_queued_count", tenant);
  const int64_t queued = q.Step() ? q.Int(0) : 0;
  if (queued < limit) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("queue: tenant has ", queued, " waiting tasks, limit ", limit));
}

}  // namespace

std::optional<Task> LoadTask(Connection& c, const std::string& tenant, const std::string& task_id) {
  Query q(c, "task_get", tenant, task_id);
  if (!q.Step()) return std::nullopt;
  Task task;
  task.id = task_id;
  task.user = {tenant, q.Text(0)};
  task.kind = q.Enum<TriggerKind>(1);
  task.state = q.Enum<TaskState>(2);
  task.priority = static_cast<int32_t>(q.Int(3));
  task.reasons = q.Strings(4);
  if (!codec::DecodeOptions(q.Bytes(5), task.options)) c.FailCorrupt("task_get");
  task.created_at = q.Time(6);
  task.run_after = q.MaybeTime(7);
  task.started_at = q.MaybeTime(8);
  task.finished_at = q.MaybeTime(9);
  task.attempt = static_cast<int32_t>(q.Int(10));
  task.last_error = q.Text(11);
  task.run_id = q.Text(12);
  task.follow_up = q.Text(13);
  return task;
}

std::string InsertTask(Connection& c, const UserKey& user, TaskState state, TriggerKind kind,
                       int32_t priority, const std::string& reasons, const std::string& options,
                       absl::Time now) {
  std::string id = codec::NewUuid();
  Query(c, "task_insert", user.tenant, id, user.user, kind, state, priority, now, reasons, options).Run();
  return id;
}

std::string ActivateBehind(Connection& c, const UserKey& user, absl::Time now) {
  Query q(c, "task_activate_behind", user.tenant, user.user, now);
  std::string id;
  while (q.Step()) id = q.Text(0);
  return id;
}

absl::StatusOr<std::optional<EnqueueResult>> RepeatedRequest(Connection& c, const EnqueueRequest& request,
                                                             absl::Time now) {
  if (request.request_id.empty()) return std::nullopt;
  Query q(c, "request_get", request.user.tenant, request.request_id, now - kRequestMemory);
  if (!q.Step()) return std::nullopt;
  if (q.Bytes(0) != request.user.user || q.Bytes(1) != request.request_body) {
    return absl::InvalidArgumentError("request_id: was used for another request within a day");
  }
  absl::StatusOr<EnqueueResult> answer = Answer(c, request.user.tenant, q.Text(2), q.Bool(3));
  if (!answer.ok()) return answer.status();
  answer->repeated = true;
  answer->request_note = q.Text(4);
  return *std::move(answer);
}

absl::StatusOr<EnqueueResult> EnqueueInside(Connection& c, const EnqueueRequest& request, absl::Time now) {
  absl::StatusOr<std::optional<EnqueueResult>> repeated = RepeatedRequest(c, request, now);
  if (!repeated.ok()) return repeated.status();
  if (repeated->has_value()) return **std::move(repeated);
  if (!LoadUser(c, request.user)) return NoSuchUser();
  if (request.kind == TriggerKind::kManual) {
    Query(c, "user_unpause", request.user.tenant, request.user.user).Run();
    Query(c, "trig_count_manual", request.user.tenant, request.user.user, TriggerKind::kManual, now).Run();
  }

  std::vector<std::string> reasons;
  if (!request.reason.empty()) reasons.push_back(request.reason);
  Place place = FindPlace(c, request.user);
  const bool joined = !place.join.empty();
  std::string task_id = place.join;
  if (joined) {
    Join(c, request.user.tenant, task_id, request.priority, reasons, request.options);
  } else {
    if (absl::Status room = CheckQueueRoom(c, request.user.tenant); !room.ok()) return room;
    task_id = InsertTask(c, request.user, place.state, request.kind, request.priority,
                         codec::EncodeStrings(reasons), codec::EncodeOptions(request.options), now);
  }
  if (!request.request_id.empty()) {
    Query(c, "request_expire", request.user.tenant, now - kRequestMemory).Run();
    Query(c, "request_put", request.user.tenant, request.request_id, request.user.user, request.request_body,
          task_id, joined, request.request_note, now)
        .Run();
  }
  return Answer(c, request.user.tenant, task_id, joined);
}

absl::StatusOr<EnqueueResult> SqliteStore::Enqueue(const EnqueueRequest& request) {
  return Write("enqueue", [&](Connection& c) { return EnqueueInside(c, request, Now()); });
}

absl::StatusOr<std::optional<EnqueueResult>> SqliteStore::FindRequest(const EnqueueRequest& request) {
  return Read("find request", [&](Connection& c) { return RepeatedRequest(c, request, Now()); });
}

absl::StatusOr<Task> SqliteStore::GetTask(const std::string& tenant, const std::string& task_id) {
  return Read("get task", [&](Connection& c) -> absl::StatusOr<Task> {
    std::optional<Task> task = LoadTask(c, tenant, task_id);
    if (!task) return NoSuchTask();
    return *std::move(task);
  });
}

absl::StatusOr<Page<Task>> SqliteStore::ListTasks(const TaskFilter& filter, const std::string& after,
                                                  int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  int64_t last_time = INT64_MAX;
  std::optional<std::string> last_id;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("tasks", after, 2);
    if (!fields.ok()) return fields.status();
    absl::StatusOr<int64_t> time = codec::PageTokenNumber((*fields)[0]);
    if (!time.ok()) return time.status();
    last_time = *time;
    last_id = (*fields)[1];
  }
  int64_t states = 0;
  for (TaskState state : filter.states) states |= int64_t{1} << static_cast<int>(state);
  const int64_t count = int64_t{limit} + 1;
  return Read("list tasks", [&](Connection& c) -> absl::StatusOr<Page<Task>> {
    Page<Task> page;
    const auto collect = [&](Query& q) {
      int64_t time = 0;
      while (q.Step()) {
        if (page.items.size() == static_cast<size_t>(limit)) {
          page.next = codec::EncodePageToken("tasks", {absl::StrCat(time), page.items.back().id});
          break;
        }
        std::optional<Task> task = LoadTask(c, filter.tenant, q.Text(0));
        time = q.Int(1);
        if (task) page.items.push_back(*std::move(task));
      }
    };
    if (filter.user.empty()) {
      Query q(c, "task_page_of_tenant", filter.tenant, states, last_id, count);
      collect(q);
    } else {
      Query q(c, "task_page_of_user", filter.tenant, states, last_time, last_id.value_or(""), count,
              filter.user);
      collect(q);
    }
    return page;
  });
}

absl::StatusOr<Task> SqliteStore::CancelTask(const std::string& tenant, const std::string& task_id) {
  return Write("cancel task", [&](Connection& c) -> absl::StatusOr<Task> {
    const std::optional<Task> task = LoadTask(c, tenant, task_id);
    if (!task) return NoSuchTask();
    if (task->finished_at) return absl::FailedPreconditionError("cancel task: it is finished already");
    const absl::Time now = Now();
    Query(c, "task_finish", tenant, task_id, TaskState::kCancelled, now, "").Run();
    Query(c, "plan_delete", tenant, task_id).Run();
    if (task->state != TaskState::kBehind) ActivateBehind(c, task->user, now);
    std::optional<Task> cancelled = LoadTask(c, tenant, task_id);
    if (!cancelled) return NoSuchTask();
    return *std::move(cancelled);
  });
}

absl::StatusOr<EnqueueResult> SqliteStore::RetryTask(const std::string& tenant, const std::string& task_id) {
  return Write("retry task", [&](Connection& c) -> absl::StatusOr<EnqueueResult> {
    const std::optional<Task> task = LoadTask(c, tenant, task_id);
    if (!task) return NoSuchTask();
    if (task->state != TaskState::kDead && task->state != TaskState::kCancelled) {
      return absl::FailedPreconditionError("retry task: it is neither dead nor cancelled");
    }
    const Place place = FindPlace(c, task->user);
    if (!place.join.empty()) {
      Join(c, tenant, place.join, task->priority, task->reasons, task->options);
      return Answer(c, tenant, place.join, /*joined=*/true);
    }
    Query(c, "task_retry", tenant, task_id, place.state, Now()).Run();
    return Answer(c, tenant, task_id, /*joined=*/false);
  });
}

}  // namespace slowwave::sqlite
