#include "server/task_watchers.h"

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/grpc_status.h"
#include "server/mapping.h"
#include "server/rpc_service.h"

namespace slowwave {
namespace {

// Events of this process come at once; what another one does to the task is seen at this pace.
constexpr absl::Duration kLook = absl::Seconds(1);

bool IsFinal(TaskState state) {
  return state == TaskState::kDone || state == TaskState::kDead || state == TaskState::kCancelled;
}

bool LooksFinal(const ProgressEvent& event) {
  return event.stage.empty() && event.done && IsFinal(event.state);
}

}  // namespace

// Whatever happens, on any thread, is noted under the lock and asks for a step. Steps run on the executor,
// one at a time; only they talk to gRPC and the store, and never under the lock. Listeners and queued steps
// share ownership, so that none of them meets a dead reactor.
class TaskWatchers::Watch : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                            public std::enable_shared_from_this<Watch> {
 public:
  Watch(TaskWatchers& owner, std::string tenant, std::string task_id, CallGate::Pass pass,
        StreamTimers* timers, grpc::CallbackServerContext& context)
      : pass_(std::move(pass)),
        owner_(owner),
        context_(context),
        tenant_(std::move(tenant)),
        task_id_(std::move(task_id)) {
    if (timers == nullptr) return;
    timer_ = timers->Start(StreamTimers::Kind::kWrite, [this](const absl::Status& why) { Expire(why); });
  }

  std::pair<std::string, std::string> key() const { return {tenant_, task_id_}; }

  // False: too much waits.
  bool Begin() {
    self_ = shared_from_this();
    return owner_.executor_.TrySubmit([self = self_] { self->Open(); });
  }

  // Ends, once what is being written is.
  void Leave(const absl::Status& why) {
    Note([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { leaving_ = why; });
  }
  // Ends with what has been written. Whoever does not read would never let it.
  void Expire(const absl::Status& why) {
    bool stuck = false;
    Note([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      expired_ = why;
      stuck = writing_;
    });
    if (stuck) context_.TryCancel();
  }
  // The task as somebody has just seen it.
  void Saw(const absl::StatusOr<Task>& task) {
    if (task.ok() && !IsFinal(task->state)) return;
    Note([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { seen_ = task; });
  }

  void OnWriteDone(bool ok) override {
    Note([this, ok]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      writing_ = false;
      gone_ = gone_ || !ok;
    });
  }

  void OnCancel() override {
    Note([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { gone_ = true; });
  }

  void OnDone() override {
    timer_.reset();
    if (handle_ != 0) owner_.env_.engine.progress().Unsubscribe(handle_);
    owner_.Remove(this);
    const std::shared_ptr<Watch> last = std::move(self_);
  }

 private:
  template <typename Change>
  void Note(Change change) {
    absl::MutexLock lock(&mu_);
    change();
    Schedule();
  }

  void Heard(const ProgressEvent& event) {
    Note([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { events_.push_back(event); });
  }

  void Schedule() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!open_) return;
    if (stepping_) {
      again_ = true;
      return;
    }
    stepping_ = true;
    owner_.executor_.Submit([self = shared_from_this()] { self->Step(); });
  }

  void Open() {
    const absl::StatusOr<Task> task = owner_.env_.store.GetTask(tenant_, task_id_);
    if (!task.ok()) {
      Finish(ToGrpc(task.status()));
      return;
    }
    // Before the state is read again in Step, so that an end in between is seen by one of the two.
    handle_ = owner_.env_.engine.progress().Subscribe(task_id_,
                                                      [weak = weak_from_this()](const ProgressEvent& event) {
                                                        const std::shared_ptr<Watch> watch = weak.lock();
                                                        if (watch == nullptr) return;
                                                        watch->Heard(event);
                                                      });
    Note([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      open_ = true;
      look_ = true;
    });
  }

  void Tell(const std::deque<ProgressEvent>& events) {
    if (complete_) return;
    for (const ProgressEvent& event : events) out_.push_back(ToWire(event));
  }

  void Step() {
    std::deque<ProgressEvent> events;
    bool look = false, writing = false, gone = false;
    absl::Status leaving, expired;
    std::optional<absl::StatusOr<Task>> seen;
    {
      absl::MutexLock lock(&mu_);
      seen = std::exchange(seen_, std::nullopt);
      expired = expired_;
      events = std::exchange(events_, {});
      look = std::exchange(look_, false);
      writing = writing_;
      gone = gone_;
      leaving = leaving_;
    }
    for (const ProgressEvent& event : events) look = look || LooksFinal(event);
    Tell(events);
    if (seen.has_value() && !complete_) CheckEnd(*seen);
    if (look && !complete_) {
      const absl::StatusOr<Task> task = owner_.env_.store.GetTask(tenant_, task_id_);
      if (task.ok() && IsFinal(task->state)) {
        // What has happened before the end that was read comes before it.
        {
          absl::MutexLock lock(&mu_);
          events = std::exchange(events_, {});
        }
        Tell(events);
      }
      CheckEnd(task);
    }
    if (writing) {
      // The write's end asks for the next step.
    } else if (gone) {
      return End(absl::CancelledError("the caller has gone"));
    } else if (!expired.ok()) {
      return End(expired);
    } else if (!out_.empty()) {
      message_ = Serialize(out_.front());
      out_.pop_front();
      bool late = false;
      {
        absl::MutexLock lock(&mu_);
        writing_ = true;
        late = !expired_.ok();
      }
      StartWrite(&message_);
      if (late) context_.TryCancel();
    } else if (complete_) {
      return End(closing_);
    } else if (!leaving.ok()) {
      return End(leaving);
    }
    absl::MutexLock lock(&mu_);
    stepping_ = false;
    if (std::exchange(again_, false)) Schedule();
  }

  // `stepping_` stays: no step follows.
  void End(const absl::Status& status) { Finish(ToGrpc(status)); }

  // Has the task ended? Then what is gathered is all, and its last event carries the task.
  void CheckEnd(const absl::StatusOr<Task>& task) {
    if (!task.ok()) {
      complete_ = true;
      closing_ = task.status();
      return;
    }
    if (!IsFinal(task->state)) return;
    complete_ = true;
    const bool told = !out_.empty() && out_.back().stage().empty() && out_.back().done() &&
                      static_cast<int>(out_.back().state()) == static_cast<int>(task->state);
    if (!told) {
      ProgressEvent end;
      end.task_id = task_id_;
      end.state = task->state;
      end.done = true;
      end.run_id = task->run_id;
      end.message = task->state == TaskState::kDone ? "" : task->last_error;
      end.at = task->finished_at.value_or(owner_.env_.now());
      out_.push_back(ToWire(end));
    }
    *out_.back().mutable_task() = ToWire(*task);
  }

  const CallGate::Pass pass_;
  TaskWatchers& owner_;
  grpc::CallbackServerContext& context_;
  const std::string tenant_, task_id_;
  std::shared_ptr<Watch> self_;                 // until OnDone
  int64_t handle_ = 0;                          // set by Open before any step, read by OnDone after all
  std::unique_ptr<StreamTimers::Timer> timer_;  // until OnDone

  // The steps' own.
  std::deque<v1::TaskEvent> out_;
  bool complete_ = false;  // nothing follows `out_` but `closing_`
  absl::Status closing_;
  grpc::ByteBuffer message_;  // the write under way owns it

  absl::Mutex mu_;
  std::deque<ProgressEvent> events_ ABSL_GUARDED_BY(mu_);
  bool open_ ABSL_GUARDED_BY(mu_) = false;                         // Open is done
  bool look_ ABSL_GUARDED_BY(mu_) = false;                         // the task's state is to be read
  std::optional<absl::StatusOr<Task>> seen_ ABSL_GUARDED_BY(mu_);  // it has ended, or is not to be had
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool gone_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status leaving_ ABSL_GUARDED_BY(mu_);   // not OK: it is to end so, when all is written
  absl::Status expired_ ABSL_GUARDED_BY(mu_);   // not OK: likewise, and with what is written
  bool stepping_ ABSL_GUARDED_BY(mu_) = false;  // a step is queued or runs
  bool again_ ABSL_GUARDED_BY(mu_) = false;     // something was noted meanwhile
};

TaskWatchers::TaskWatchers(const ServiceEnv& env, Executor& executor) : env_(env), executor_(executor) {
  ticks_.Start(kLook, [this] { Tick(); });
}

TaskWatchers::~TaskWatchers() {
  Drain();
  ticks_.Stop();
}

absl::Status TaskWatchers::Admit(const std::shared_ptr<Watch>& watch) {
  absl::MutexLock lock(&mu_);
  const std::string tenant = watch->key().first;
  if (open_.size() >= kMaxWatches) {
    return absl::ResourceExhaustedError("too many tasks are being watched here; ask with GetTask, or later");
  }
  if (const auto of = open_of_.find(tenant); of != open_of_.end() && of->second >= kMaxWatchesOfTenant) {
    return absl::ResourceExhaustedError(absl::StrCat("the tenant watches ", kMaxWatchesOfTenant,
                                                     " tasks already; ask with GetTask, or watch fewer"));
  }
  ++open_of_[tenant];
  open_.insert(watch.get());
  if (draining_) watch->Leave(Draining());
  return absl::OkStatus();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* TaskWatchers::Start(std::string tenant, std::string task_id,
                                                                CallGate::Pass pass, StreamTimers* timers,
                                                                grpc::CallbackServerContext& context) {
  const auto watch =
      std::make_shared<Watch>(*this, std::move(tenant), std::move(task_id), std::move(pass), timers, context);
  if (absl::Status s = Admit(watch); !s.ok()) {
    return new Refused<grpc::ServerWriteReactor<grpc::ByteBuffer>>(ToGrpc(s));
  }
  // gRPC calls OnDone only after it has got the reactor.
  if (!watch->Begin()) watch->Finish(ToGrpc(TooManyCalls()));
  return watch.get();
}

void TaskWatchers::Drain() {
  absl::MutexLock lock(&mu_);
  draining_ = true;
  for (Watch* watch : open_) watch->Leave(Draining());
}

void TaskWatchers::Remove(Watch* watch) {
  absl::MutexLock lock(&mu_);
  if (open_.erase(watch) == 0) return;
  const auto of = open_of_.find(watch->key().first);
  if (--of->second == 0) open_of_.erase(of);
}

void TaskWatchers::Tick() {
  absl::MutexLock lock(&mu_);
  if (draining_ || looking_ || open_.empty()) return;
  Round round;
  for (Watch* watch : open_) round[watch->key()].push_back(watch->weak_from_this());
  looking_ = true;
  executor_.Submit([this, round = std::move(round)] { Look(round); });
}

void TaskWatchers::Look(const Round& round) {
  for (const auto& [key, watches] : round) {
    {
      absl::MutexLock lock(&mu_);
      if (draining_) break;
    }
    const absl::StatusOr<Task> task = env_.store.GetTask(key.first, key.second);
    for (const std::weak_ptr<Watch>& each : watches) {
      if (const std::shared_ptr<Watch> watch = each.lock(); watch != nullptr) watch->Saw(task);
    }
    // The others would wait as long, one after the other.
    if (absl::IsUnavailable(task.status())) break;
  }
  absl::MutexLock lock(&mu_);
  looking_ = false;
}

}  // namespace slowwave
