// Tasks as their callers see them: made, joined, listed, cancelled, retried. leases.cc has the workers' side.
#include <algorithm>

#include "storage/codec.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {
namespace {

// Requests that are over a day old go in passing, with every so many new ones.
constexpr int64_t kExpireEvery = 64;

// The columns of request_get.
struct Repeated {
  std::string task_id, note;
  bool joined = false;
};

absl::StatusOr<std::optional<Repeated>> ReadRepeated(const EnqueueRequest& request, Rows row) {
  if (!row.Step()) return std::nullopt;
  if (row.Bytes(0) != request.user.user || row.Bytes(1) != request.request_body) {
    return absl::InvalidArgumentError("request_id: was used for another request within a day");
  }
  return Repeated{row.Text(2), row.Text(4), row.Bool(3)};
}

void Merge(const EnqueueRequest& request, int32_t& priority, std::vector<std::string>& reasons,
           TaskOptions& options) {
  priority = std::max(priority, request.priority);
  if (!request.reason.empty() && std::find(reasons.begin(), reasons.end(), request.reason) == reasons.end()) {
    reasons.push_back(request.reason);
  }
  options.ignore_backoff |= request.options.ignore_backoff;
  if (!options.trace) options.trace = request.options.trace;
}

// An unfinished task takes a request in: its rank can only rise, its options stay, except that whoever asked
// to ignore the backoff is heard, and that it joins a trace if it has none.
void Join(Transaction& t, const std::string& tenant, Unfinished& task, const EnqueueRequest& request) {
  Merge(request, task.priority, task.reasons, task.options);
  t.Add("task_join", tenant, task.task_id, task.priority, codec::EncodeStrings(task.reasons),
        codec::EncodeOptions(task.options));
}

Unfinished* FindState(std::vector<Unfinished>& unfinished, std::initializer_list<TaskState> states) {
  for (Unfinished& task : unfinished) {
    if (std::find(states.begin(), states.end(), task.state) != states.end()) return &task;
  }
  return nullptr;
}

// The task that a request of this user joins, or null; `state` is then that of a new one.
Unfinished* FindPlace(std::vector<Unfinished>& unfinished, TaskState& state) {
  state = TaskState::kWaiting;
  if (Unfinished* waiting = FindState(unfinished, {TaskState::kWaiting, TaskState::kDelayed})) return waiting;
  if (FindState(unfinished, {TaskState::kRunning}) == nullptr) return nullptr;
  state = TaskState::kBehind;
  return FindState(unfinished, {TaskState::kBehind});
}

absl::Status QueueFull(int64_t waiting, int32_t limit) {
  return absl::ResourceExhaustedError(
      absl::StrCat("queue: tenant has ", waiting, " waiting tasks, limit ", limit));
}

// Whether the tenant's queue takes one more task.
absl::Status CheckQueue(Transaction& t, const std::string& tenant, const TenantSettings& settings) {
  if (settings.max_waiting <= 0) return absl::OkStatus();
  Rows count = t.Add("tasks_waiting_count", tenant, int64_t{settings.max_waiting});
  if (!t.Send() || !count.Step() || count.Int(0) < settings.max_waiting) return absl::OkStatus();
  return QueueFull(count.Int(0), settings.max_waiting);
}

// What the request_id got before, if it did within a day; the transaction is finished then.
absl::StatusOr<std::optional<EnqueueResult>> AnswerRepeated(Transaction& t, const EnqueueRequest& request,
                                                            Rows request_row) {
  absl::StatusOr<std::optional<Repeated>> repeated = ReadRepeated(request, request_row);
  if (!repeated.ok()) return repeated.status();
  if (!repeated->has_value()) return std::nullopt;
  Rows row = t.Add("task_get", request.user.tenant, (*repeated)->task_id);
  if (!t.Finish() || !row.Step()) return NoSuchTask();
  return EnqueueResult{.task = ReadTask(request.user.tenant, row),
                       .joined = (*repeated)->joined,
                       .repeated = true,
                       .request_note = (*repeated)->note};
}

EnqueueRequest RequestOf(const Task& task) {
  EnqueueRequest request;
  request.user = task.user;
  request.kind = task.kind;
  request.priority = task.priority;
  request.options = task.options;
  return request;
}

}  // namespace

bool IsNew(std::vector<Unfinished>& unfinished) {
  TaskState state = TaskState::kWaiting;
  return FindPlace(unfinished, state) == nullptr;
}

absl::Status NoSuchTask() { return absl::NotFoundError("no such task"); }

Task ReadTask(const std::string& tenant, Rows& row) {
  Task task;
  task.id = row.Text(0);
  task.user = {tenant, row.Text(1)};
  task.kind = row.Enum<TriggerKind>(2);
  task.state = row.Enum<TaskState>(3);
  task.priority = static_cast<int32_t>(row.Int(4));
  task.reasons = row.Strings(5);
  if (!codec::DecodeOptions(row.Bytes(6), task.options)) row.FailCorrupt();
  task.created_at = row.Time(7);
  task.run_after = row.MaybeTime(8);
  task.started_at = row.MaybeTime(9);
  task.finished_at = row.MaybeTime(10);
  task.attempt = static_cast<int32_t>(row.Int(11));
  task.last_error = row.Text(12);
  task.run_id = row.Text(13);
  task.follow_up = row.Text(14);
  return task;
}

std::map<std::string, std::vector<Unfinished>> UnfinishedTasks::Read() {
  std::map<std::string, std::vector<Unfinished>> by_user;
  for (Rows* rows : {&live_, &behind_}) {
    while (rows->Step()) {
      Unfinished& task = by_user[rows->Text(0)].emplace_back();
      task.task_id = rows->Text(1);
      task.state = rows->Enum<TaskState>(2);
      task.priority = static_cast<int32_t>(rows->Int(3));
      task.reasons = rows->Strings(4);
      if (!codec::DecodeOptions(rows->Bytes(5), task.options)) rows->FailCorrupt();
    }
  }
  return by_user;
}

std::string NewTasks::Add(const EnqueueRequest& request, TaskState state) {
  New& task = tasks_.emplace_back();
  task.id = codec::NewUuid();
  task.user = request.user.user;
  task.kind = request.kind;
  task.state = state;
  task.priority = request.priority;
  if (!request.reason.empty()) task.reasons.push_back(request.reason);
  task.options = request.options;
  return task.id;
}

bool NewTasks::Join(const std::string& task_id, const EnqueueRequest& request) {
  for (New& task : tasks_) {
    if (task.id != task_id) continue;
    Merge(request, task.priority, task.reasons, task.options);
    return true;
  }
  return false;
}

void NewTasks::Write(Transaction& t, const std::string& tenant) const {
  if (tasks_.empty()) return;
  std::vector<std::string> ids, users, reasons, options;
  std::vector<TriggerKind> kinds;
  std::vector<TaskState> states;
  std::vector<int32_t> priorities;
  for (const New& task : tasks_) {
    ids.push_back(task.id);
    users.push_back(task.user);
    kinds.push_back(task.kind);
    states.push_back(task.state);
    priorities.push_back(task.priority);
    reasons.push_back(codec::EncodeStrings(task.reasons));
    options.push_back(codec::EncodeOptions(task.options));
  }
  t.Add("task_insert", tenant, t.clock(), ids, users, kinds, states, priorities, reasons, options);
}

Placed Place(Transaction& t, const EnqueueRequest& request, std::vector<Unfinished>& unfinished,
             NewTasks& fresh) {
  if (request.kind == TriggerKind::kManual) {
    t.Add("user_unpause", request.user.tenant, request.user.user);
    t.Add("trig_count_manual", request.user.tenant, request.user.user, TriggerKind::kManual, t.clock());
  }
  TaskState state = TaskState::kWaiting;
  if (Unfinished* task = FindPlace(unfinished, state)) {
    if (!fresh.Join(task->task_id, request)) Join(t, request.user.tenant, *task, request);
    return {task->task_id, true};
  }
  Unfinished& added = unfinished.emplace_back();
  added.task_id = fresh.Add(request, state);
  added.state = state;
  return {added.task_id, false};
}

void PostgresStore::ExpireRequests(Transaction& t, const EnqueueRequest& request) {
  if (request.request_id.empty() || requests_++ % kExpireEvery != 0) return;
  t.Add("request_expire", request.user.tenant, t.clock());
}

absl::StatusOr<EnqueueLine::Answers> PostgresStore::EnqueueNew(const EnqueueLine::Batch& batch,
                                                               Deadline deadline) {
  const std::string& tenant = batch.front()->user.tenant;
  std::vector<std::string> users, reasons, options, requests;
  std::vector<TriggerKind> kinds;
  std::vector<int32_t> priorities;
  for (const EnqueueRequest* request : batch) {
    users.push_back(request->user.user);
    kinds.push_back(request->kind);
    priorities.push_back(request->priority);
    reasons.push_back(codec::EncodeStrings(request->reason.empty() ? std::vector<std::string>()
                                                                   : std::vector{request->reason}));
    options.push_back(codec::EncodeOptions(request->options));
    requests.push_back(request->request_id);
  }
  const auto body = [&](Transaction& t) -> absl::StatusOr<EnqueueLine::Answers> {
    std::vector<std::string> tasks, by_hand, noted_tasks, noted, bodies, notes;
    std::map<std::string, size_t> places;
    for (size_t i = 0; i < batch.size(); ++i) {
      const EnqueueRequest& request = *batch[i];
      places[tasks.emplace_back(codec::NewUuid())] = i;
      if (request.kind == TriggerKind::kManual) by_hand.push_back(tasks.back());
      if (request.request_id.empty()) continue;
      noted_tasks.push_back(tasks.back());
      noted.push_back(request.request_id);
      bodies.push_back(request.request_body);
      notes.push_back(request.request_note);
    }
    Rows row =
        t.Add("enqueue_new", tenant, t.clock(), users, tasks, kinds, priorities, reasons, options, requests);
    if (!by_hand.empty()) t.Add("enqueue_by_hand", tenant, t.clock(), by_hand, TriggerKind::kManual);
    if (!noted.empty()) {
      t.Add("enqueue_noted", tenant, t.clock(), noted_tasks, noted, bodies, notes);
      t.Guard(absl::AlreadyExistsError("enqueue: the same request came in meanwhile"));
    }
    for (const EnqueueRequest* request : batch) ExpireRequests(t, *request);
    t.Finish();
    EnqueueLine::Answers answers(batch.size());
    while (row.Step()) answers[places[row.Text(0)]] = EnqueueResult{.task = ReadTask(tenant, row)};
    return answers;
  };
  absl::StatusOr<EnqueueLine::Answers> answers = Transact("enqueue", Mode::kSingle, deadline.left(), body);
  // What is wrong with one is told to that one.
  if (answers.ok() || absl::IsUnavailable(answers.status())) return answers;
  return EnqueueLine::Answers(batch.size());
}

absl::StatusOr<EnqueueResult> PostgresStore::Enqueue(const EnqueueRequest& request) {
  absl::StatusOr<std::optional<EnqueueResult>> added =
      enqueue_line_.Enqueue(request, Deadline::After(options_.call_timeout));
  if (!added.ok()) return added.status();
  if (added->has_value()) return Announced<EnqueueResult>(request.user.tenant, **std::move(added));
  return Announced(request.user.tenant,
                   Write("enqueue", [&](Transaction& t) { return EnqueueInside(t, request, nullptr); }));
}

absl::StatusOr<EnqueueResult> PostgresStore::FireTrigger(const FireRequest& request) {
  return Announced(request.user.tenant, Write("fire trigger", [&](Transaction& t) {
                     return EnqueueInside(t, request.task, &request);
                   }));
}

// `fire`: the condition that must still be as read, and what becomes of it; null: none.
absl::StatusOr<EnqueueResult> PostgresStore::EnqueueInside(Transaction& t, const EnqueueRequest& request,
                                                           const FireRequest* fire) {
  const std::string& tenant = request.user.tenant;
  Rows locked = t.Add("user_lock", tenant, request.user.user);
  UnfinishedTasks tasks(t, tenant, {request.user.user});
  Rows tenant_row = t.Add("tenant_get", tenant);
  std::optional<Rows> repeated_row, condition_rows;
  if (!request.request_id.empty())
    repeated_row.emplace(t.Add("request_get", tenant, request.request_id, t.clock()));
  if (fire != nullptr) condition_rows.emplace(t.Add("trig_list", tenant, request.user.user));
  if (!t.Send()) return NoSuchUser();

  if (repeated_row) {
    absl::StatusOr<std::optional<EnqueueResult>> repeated = AnswerRepeated(t, request, *repeated_row);
    if (!repeated.ok()) return repeated.status();
    if (repeated->has_value()) return **std::move(repeated);
  }
  if (!locked.Step()) return NoSuchUser();
  std::vector<Unfinished> unfinished = tasks.Read()[request.user.user];
  if (IsNew(unfinished)) {
    if (absl::Status room = CheckQueue(t, tenant, ReadTenant(tenant_row)); !room.ok()) return room;
  }
  if (fire != nullptr) {
    const std::vector<TriggerCondition> conditions = ReadConditions(*condition_rows);
    if (!IsAsRead(conditions, *fire)) {
      return absl::AbortedError("fire trigger: the condition is no longer as it was read");
    }
    ConditionUpdates update;
    update.Add(request.user.user, fire->condition, fire->after);
    update.Write(t, tenant);
  }
  NewTasks fresh;
  const Placed placed = Place(t, request, unfinished, fresh);
  fresh.Write(t, tenant);
  ExpireRequests(t, request);
  if (!request.request_id.empty()) {
    t.Add("request_put", tenant, request.request_id, request.user.user, request.request_body, placed.task_id,
          placed.joined, t.clock(), request.request_note);
  }
  Rows row = t.Add("task_get", tenant, placed.task_id);
  if (!t.Finish() || !row.Step()) return NoSuchTask();
  return EnqueueResult{.task = ReadTask(tenant, row), .joined = placed.joined};
}

absl::StatusOr<std::optional<EnqueueResult>> PostgresStore::FindRequest(const EnqueueRequest& request) {
  if (request.request_id.empty()) return std::nullopt;
  return Read("find request", [&](Transaction& t) -> absl::StatusOr<std::optional<EnqueueResult>> {
    Rows row = t.Add("request_get", request.user.tenant, request.request_id, t.clock());
    if (!t.Send()) return std::nullopt;
    return AnswerRepeated(t, request, row);
  });
}

absl::StatusOr<Task> PostgresStore::GetTask(const std::string& tenant, const std::string& task_id) {
  return Single("get task", [&](Transaction& t) -> absl::StatusOr<Task> {
    Rows row = t.Add("task_get", tenant, task_id);
    if (!t.Send() || !row.Step()) return NoSuchTask();
    return ReadTask(tenant, row);
  });
}

absl::StatusOr<Page<Task>> PostgresStore::ListTasks(const TaskFilter& filter, const std::string& after,
                                                    int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  std::optional<absl::Time> last_time;
  std::optional<std::string> last_id;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("tasks", after, 2);
    if (!fields.ok()) return fields.status();
    absl::StatusOr<int64_t> time = codec::PageTokenNumber((*fields)[0]);
    if (!time.ok()) return time.status();
    last_time = TimeOfToken(*time);
    last_id = (*fields)[1];
  }
  int64_t states = 0;
  for (TaskState state : filter.states) states |= int64_t{1} << static_cast<int>(state);
  const int64_t count = int64_t{limit} + 1;
  // Not by itself: a planner that may use bitmaps sorts all tasks for a page of two.
  return Read("list tasks", [&](Transaction& t) -> absl::StatusOr<Page<Task>> {
    Rows rows = filter.user.empty() ? t.Add("task_page_of_tenant", filter.tenant, states, last_id, count)
                                    : t.Add("task_page_of_user", filter.tenant, states, last_time,
                                            last_id.value_or(""), count, filter.user);
    t.Finish();
    Page<Task> page;
    while (rows.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        const Task& last = page.items.back();
        page.next =
            codec::EncodePageToken("tasks", {absl::StrCat(absl::ToUnixMicros(last.created_at)), last.id});
        break;
      }
      page.items.push_back(ReadTask(filter.tenant, rows));
    }
    return page;
  });
}

absl::StatusOr<Task> PostgresStore::LockTask(Transaction& t, const std::string& tenant,
                                             const std::string& task_id) {
  Rows owner = t.Add("task_user", tenant, task_id);
  if (!t.Send() || !owner.Step()) return NoSuchTask();
  const std::string user = owner.Text(0);
  t.Add("user_lock", tenant, user);
  Rows row = t.Add("task_lock", tenant, task_id);
  if (!t.Send() || !row.Step()) return NoSuchTask();
  return ReadTask(tenant, row);
}

absl::StatusOr<Task> PostgresStore::CancelTask(const std::string& tenant, const std::string& task_id) {
  return Write("cancel task", [&](Transaction& t) -> absl::StatusOr<Task> {
    absl::StatusOr<Task> task = LockTask(t, tenant, task_id);
    if (!task.ok()) return task.status();
    if (task->finished_at) return absl::FailedPreconditionError("cancel task: it is finished already");
    t.Add("task_finish", tenant, task_id, TaskState::kCancelled, "", t.clock());
    t.Add("commit_plan", tenant, task_id);
    if (task->state != TaskState::kBehind) {
      t.Add("task_activate_behind", tenant, task->user.user, t.clock());
    }
    Rows row = t.Add("task_get", tenant, task_id);
    if (!t.Finish() || !row.Step()) return NoSuchTask();
    return ReadTask(tenant, row);
  });
}

absl::StatusOr<EnqueueResult> PostgresStore::RetryTask(const std::string& tenant,
                                                       const std::string& task_id) {
  return Write("retry task", [&](Transaction& t) -> absl::StatusOr<EnqueueResult> {
    absl::StatusOr<Task> task = LockTask(t, tenant, task_id);
    if (!task.ok()) return task.status();
    if (task->state != TaskState::kDead && task->state != TaskState::kCancelled) {
      return absl::FailedPreconditionError("retry task: it is neither dead nor cancelled");
    }
    const std::string& user = task->user.user;
    UnfinishedTasks tasks(t, tenant, {user});
    Rows tenant_row = t.Add("tenant_get", tenant);
    if (!t.Send()) return NoSuchTask();
    std::vector<Unfinished> unfinished = tasks.Read()[user];
    TaskState state = TaskState::kWaiting;
    std::string id = task_id;
    Unfinished* place = FindPlace(unfinished, state);
    if (place != nullptr) {
      id = place->task_id;
      EnqueueRequest request = RequestOf(*task);
      for (const std::string& reason : task->reasons) {
        request.reason = reason;
        Join(t, tenant, *place, request);
      }
      if (task->reasons.empty()) Join(t, tenant, *place, request);
    } else {
      if (absl::Status room = CheckQueue(t, tenant, ReadTenant(tenant_row)); !room.ok()) return room;
      t.Add("task_retry", tenant, task_id, state, t.clock());
    }
    Rows row = t.Add("task_get", tenant, id);
    if (!t.Finish() || !row.Step()) return NoSuchTask();
    return EnqueueResult{.task = ReadTask(tenant, row), .joined = place != nullptr};
  });
}

}  // namespace slowwave::postgres
