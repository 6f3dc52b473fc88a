#include "server/check_triggers.h"

#include <google/protobuf/util/json_util.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/triggers.h"
#include "server/body_digest.h"
#include "server/call_trace.h"
#include "server/mapping.h"
#include "server/validation.h"

namespace slowwave {
namespace {

constexpr int kFireTries = 5;

// What a firing is remembered as under its request_id: the answer without the task.
std::string NoteOf(const v1::CheckTriggersResponse& response) {
  std::string note;
  const auto status = google::protobuf::util::MessageToJsonString(response, &note);
  return status.ok() ? note : std::string();
}

absl::StatusOr<v1::CheckTriggersResponse> Again(const EnqueueResult& first) {
  v1::CheckTriggersResponse response;
  const auto status = google::protobuf::util::JsonStringToMessage(first.request_note, &response);
  if (!status.ok()) return absl::DataLossError("check triggers: the stored answer does not parse");
  *response.mutable_task() = ToWire(first.task);
  response.set_joined(first.joined);
  response.set_repeated(true);
  return response;
}

absl::Status CheckFigures(const v1::CheckTriggersRequest& request) {
  if (absl::Status s = CheckString(request.event(), "event", kMaxIdBytes, false); !s.ok()) return s;
  if (absl::Status s = CheckString(request.request_id(), "request_id", kMaxIdBytes, false); !s.ok()) return s;
  if (request.has_episode_count() && request.episode_count() < 0) {
    return absl::InvalidArgumentError("episode_count is negative; allowed: 0 or more, or unset to count");
  }
  if (request.has_memory_size_mb() && request.memory_size_mb() < 0) {
    return absl::InvalidArgumentError("memory_size_mb is negative; allowed: 0 or more, or unset to count");
  }
  return absl::OkStatus();
}

// kAborted: another fired meanwhile. `task` carries the request_id.
absl::StatusOr<v1::CheckTriggersResponse> CheckOnce(const ServiceEnv& env,
                                                    const v1::CheckTriggersRequest& request,
                                                    const UserKey& user, EnqueueRequest task) {
  absl::StatusOr<UserState> state = env.store.GetUser(user);
  if (!state.ok()) return state.status();
  TriggerFigures figures = FiguresOf(*state);
  if (request.has_episode_count()) figures.episodes = request.episode_count();
  if (request.has_memory_size_mb()) figures.megabytes = request.memory_size_mb();
  figures.event = request.event();
  v1::CheckTriggersResponse response;
  response.set_episode_count(figures.episodes);
  response.set_memory_size_mb(figures.megabytes);
  response.set_reason("no condition is met");
  if (!state->paused_by.empty()) {
    response.set_reason(absl::StrCat("automatic triggers are paused: ", state->paused_by));
    return response;
  }
  // By the store's clock: this machine's may be wrong, and a cooldown then over too early, or never.
  // Mostly nothing fires whatever the tenant's settings are: then they are not read.
  if (!Evaluate(*state, TenantSettings(), figures, state->read_at)) return response;
  absl::StatusOr<TenantSettings> tenant = env.store.GetTenant(user.tenant);
  if (!tenant.ok()) return tenant.status();
  if (tenant->paused) {
    response.set_reason("the tenant is paused");
    return response;
  }
  const std::optional<Firing> firing = Evaluate(*state, *tenant, figures, state->read_at);
  if (!firing.has_value()) return response;
  response.set_fired(true);
  response.set_reason(firing->reason);
  *response.mutable_condition() = ToWire(firing->after);
  FireRequest fire;
  fire.user = user;
  fire.condition = firing->condition;
  fire.as_read = state->conditions[static_cast<size_t>(firing->condition)];
  fire.after = firing->after;
  fire.task = std::move(task);
  fire.task.kind = firing->after.kind;
  fire.task.priority = DefaultPriority(firing->after.kind);
  fire.task.reason = firing->reason;
  if (!fire.task.request_id.empty()) fire.task.request_note = NoteOf(response);
  absl::StatusOr<EnqueueResult> fired = env.store.FireTrigger(fire);
  if (!fired.ok()) return fired.status();
  if (fired->repeated) return Again(*fired);
  env.engine.Wake();
  *response.mutable_task() = ToWire(fired->task);
  response.set_joined(fired->joined);
  return response;
}

}  // namespace

absl::StatusOr<v1::CheckTriggersResponse> CheckTriggers(const ServiceEnv& env,
                                                        const v1::CheckTriggersRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  if (absl::Status s = CheckFigures(request); !s.ok()) return s;
  EnqueueRequest task;
  task.user = *user;
  task.request_id = request.request_id();
  task.options.trace = CallTrace::Current();
  if (!task.request_id.empty()) {
    task.request_body = BodyDigest(request, *user);
    absl::StatusOr<std::optional<EnqueueResult>> before = env.store.FindRequest(task);
    if (!before.ok()) return before.status();
    if (before->has_value()) return Again(**before);
  }
  absl::StatusOr<v1::CheckTriggersResponse> response = absl::AbortedError("");
  for (int i = 0; i < kFireTries && absl::IsAborted(response.status()); ++i) {
    response = CheckOnce(env, request, *user, task);
  }
  return response;
}

}  // namespace slowwave
