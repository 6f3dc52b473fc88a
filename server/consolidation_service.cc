#include "server/consolidation_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/report.h"
#include "core/triggers.h"
#include "server/body_digest.h"
#include "server/call_trace.h"
#include "server/check_triggers.h"
#include "server/grpc_status.h"
#include "server/mapping.h"
#include "server/paging.h"
#include "server/validation.h"
#include "slowwave/v1/consolidation.grpc.pb.h"

namespace slowwave {
namespace {

v1::TriggerConsolidationResponse ToResponse(const EnqueueResult& result) {
  v1::TriggerConsolidationResponse response;
  *response.mutable_task() = ToWire(result.task);
  response.set_joined(result.joined);
  response.set_repeated(result.repeated);
  return response;
}

// Tenant and task id of any request that has both.
template <typename Request>
absl::StatusOr<std::string> CheckTaskRequest(const Request& request) {
  absl::StatusOr<std::string> tenant = CheckTenant(request.tenant());
  if (!tenant.ok()) return tenant;
  if (absl::Status s = CheckString(request.task_id(), "task_id", kMaxIdBytes, true); !s.ok()) return s;
  return tenant;
}

}  // namespace

ConsolidationService::ConsolidationService(const ServiceEnv& env, CallRoom room)
    : RpcService(
          *v1::TriggerConsolidationRequest::descriptor()->file()->FindServiceByName("ConsolidationService"),
          room),
      env_(env),
      watchers_(env, room.executor) {
  Unary<v1::TriggerConsolidationRequest, v1::TriggerConsolidationResponse>(
      "TriggerConsolidation", [this](const auto& r) { return TriggerConsolidation(r); });
  Unary<v1::CheckTriggersRequest, v1::CheckTriggersResponse>(
      "CheckTriggers", [this](const auto& r) { return CheckTriggers(env_, r); });
  Unary<v1::GetReportRequest, v1::Report>("GetReport", [this](const auto& r) { return GetReport(r); });
  Unary<v1::ReplayRunRequest, v1::ReplayRunResponse>("ReplayRun",
                                                     [this](const auto& r) { return ReplayRun(r); });
  Unary<v1::ListReportsRequest, v1::ListReportsResponse>("ListReports",
                                                         [this](const auto& r) { return ListReports(r); });
  Unary<v1::GetTaskRequest, v1::Task>("GetTask", [this](const auto& r) { return GetTask(r); });
  Unary<v1::ListTasksRequest, v1::ListTasksResponse>("ListTasks",
                                                     [this](const auto& r) { return ListTasks(r); });
  Unary<v1::CancelTaskRequest, v1::Task>("CancelTask", [this](const auto& r) { return CancelTask(r); });
  Unary<v1::RetryTaskRequest, v1::TriggerConsolidationResponse>(
      "RetryTask", [this](const auto& r) { return RetryTask(r); });
  ServerStream("WatchTask",
               [this, room](const grpc::ByteBuffer& bytes, const CallerPtr& caller, CallGate::Pass pass,
                            grpc::CallbackServerContext& context) -> WriteReactor* {
                 v1::WatchTaskRequest request;
                 absl::Status status = ParseRequest(bytes, request);
                 if (status.ok()) status = CheckTenantOf(caller, request);
                 if (status.ok()) status = AdmitRequest(room.rates, caller, request);
                 absl::StatusOr<std::string> tenant = status.ok() ? CheckTaskRequest(request) : status;
                 if (!tenant.ok()) return new Refused<WriteReactor>(ToGrpc(tenant.status()));
                 return watchers_.Start(*std::move(tenant), request.task_id(), std::move(pass), room.timers,
                                        context);
               });
  Unary<v1::GetTenantRequest, v1::TenantSettings>("GetTenant",
                                                  [this](const auto& r) { return GetTenant(r); });
  Unary<v1::PutTenantRequest, v1::TenantSettings>("PutTenant",
                                                  [this](const auto& r) { return PutTenant(r); });
  Unimplemented("PreviewConsolidation");
  Unimplemented("ApplyPreview");
  Unimplemented("RevertRun");
}

absl::StatusOr<v1::TriggerConsolidationResponse> ConsolidationService::TriggerConsolidation(
    const v1::TriggerConsolidationRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  if (absl::Status s = CheckTrigger(request); !s.ok()) return s;
  EnqueueRequest enqueue;
  enqueue.user = *user;
  enqueue.kind = TriggerKind::kManual;
  enqueue.priority = request.has_priority() ? request.priority() : DefaultPriority(TriggerKind::kManual);
  enqueue.reason = request.reason().empty() ? "manual" : request.reason();
  enqueue.options = OptionsOf(request);
  enqueue.options.trace = CallTrace::Current();
  enqueue.request_id = request.request_id();
  if (!request.request_id().empty()) enqueue.request_body = BodyDigest(request, *user);
  absl::StatusOr<EnqueueResult> result = env_.store.Enqueue(enqueue);
  if (!result.ok()) return result.status();
  env_.engine.Wake();
  return ToResponse(*result);
}

absl::StatusOr<v1::TenantSettings> ConsolidationService::GetTenant(const v1::GetTenantRequest& request) {
  absl::StatusOr<std::string> tenant = CheckTenant(request.tenant());
  if (!tenant.ok()) return tenant.status();
  absl::StatusOr<TenantSettings> settings = env_.store.GetTenant(*tenant);
  if (!settings.ok()) return settings.status();
  return ToWire(*settings);
}

absl::StatusOr<v1::TenantSettings> ConsolidationService::PutTenant(const v1::PutTenantRequest& request) {
  absl::StatusOr<std::string> tenant = CheckTenant(request.tenant());
  if (!tenant.ok()) return tenant.status();
  if (!request.has_settings())
    return absl::InvalidArgumentError("settings is missing; allowed: what is to hold");
  if (absl::Status s = CheckTenantSettings(request.settings(), "settings"); !s.ok()) return s;
  const TenantSettings settings = FromWire(request.settings());
  if (absl::Status s = env_.store.PutTenant(*tenant, settings); !s.ok()) return s;
  env_.engine.Wake();
  return ToWire(settings);
}

absl::StatusOr<v1::Report> ConsolidationService::GetReport(const v1::GetReportRequest& request) {
  absl::StatusOr<std::string> tenant = CheckTenant(request.tenant());
  if (!tenant.ok()) return tenant.status();
  if (request.run_id().empty() == request.task_id().empty()) {
    return absl::InvalidArgumentError("run_id and task_id: exactly one is needed");
  }
  if (absl::Status s = CheckString(request.run_id(), "run_id", kMaxIdBytes, false); !s.ok()) return s;
  if (absl::Status s = CheckString(request.task_id(), "task_id", kMaxIdBytes, false); !s.ok()) return s;
  std::string run_id = request.run_id();
  if (run_id.empty()) {
    absl::StatusOr<Task> task = env_.store.GetTask(*tenant, request.task_id());
    if (!task.ok()) return task.status();
    if (task->run_id.empty()) return absl::NotFoundError("the task has no report yet");
    run_id = task->run_id;
  }
  absl::StatusOr<RunRecord> run = env_.store.GetRun(*tenant, run_id);
  if (!run.ok()) return run.status();
  absl::StatusOr<Report> report = ReportOf(*run);
  if (!report.ok()) return report.status();
  return ToWire(*report);
}

absl::StatusOr<v1::ReplayRunResponse> ConsolidationService::ReplayRun(const v1::ReplayRunRequest& request) {
  absl::StatusOr<std::string> tenant = CheckTenant(request.tenant());
  if (!tenant.ok()) return tenant.status();
  if (absl::Status s = CheckString(request.run_id(), "run_id", kMaxIdBytes, true); !s.ok()) return s;
  absl::StatusOr<RunRecord> run = env_.store.GetRun(*tenant, request.run_id());
  if (!run.ok()) return run.status();
  absl::StatusOr<Replay> replay = slowwave::ReplayRun(*run, env_.store);
  if (!replay.ok()) return replay.status();
  v1::ReplayRunResponse response = ToWire(*replay);
  response.set_run_id(request.run_id());
  return response;
}

absl::StatusOr<v1::ListReportsResponse> ConsolidationService::ListReports(
    const v1::ListReportsRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  const auto fetch = [&](const std::string& after, int limit,
                         v1::ListReportsResponse& response) -> absl::Status {
    absl::StatusOr<Page<RunRecord>> page = env_.store.ListRuns(*user, after, limit);
    if (!page.ok()) return page.status();
    for (const RunRecord& run : page->items) {
      absl::StatusOr<Report> report = ReportOf(run);
      if (!report.ok()) return report.status();
      report->cluster_list.clear();
      report->changes.clear();
      *response.add_reports() = ToWire(*report);
    }
    response.set_next_page_token(page->next);
    return absl::OkStatus();
  };
  // A report is answered without most of what it is stored with.
  return FillPage<v1::ListReportsResponse>(request, absl::StrCat("reports/", user->tenant, "/", user->user),
                                           fetch, /*largest=*/kFirstStep);
}

absl::StatusOr<v1::Task> ConsolidationService::GetTask(const v1::GetTaskRequest& request) {
  absl::StatusOr<std::string> tenant = CheckTaskRequest(request);
  if (!tenant.ok()) return tenant.status();
  absl::StatusOr<Task> task = env_.store.GetTask(*tenant, request.task_id());
  if (!task.ok()) return task.status();
  return ToWire(*task);
}

absl::StatusOr<v1::ListTasksResponse> ConsolidationService::ListTasks(const v1::ListTasksRequest& request) {
  absl::StatusOr<std::string> tenant = CheckTenant(request.tenant());
  if (!tenant.ok()) return tenant.status();
  if (absl::Status s = CheckString(request.user(), "user", kMaxIdBytes, false); !s.ok()) return s;
  TaskFilter filter{*tenant, request.user(), {}};
  for (int i = 0; i < request.states_size(); ++i) {
    if (request.states(i) == v1::TASK_STATE_UNSPECIFIED) {
      return absl::InvalidArgumentError(absl::StrCat(
          "states[", i, "] is unspecified; allowed: TASK_STATE_WAITING to TASK_STATE_CANCELLED"));
    }
    filter.states.push_back(static_cast<TaskState>(request.states(i)));
  }
  const auto fetch = [&](const std::string& after, int limit,
                         v1::ListTasksResponse& response) -> absl::Status {
    absl::StatusOr<Page<Task>> page = env_.store.ListTasks(filter, after, limit);
    if (!page.ok()) return page.status();
    for (const Task& task : page->items) *response.add_tasks() = ToWire(task);
    response.set_next_page_token(page->next);
    return absl::OkStatus();
  };
  return FillPage<v1::ListTasksResponse>(
      request,
      absl::StrCat("tasks/", *tenant, "/", request.user(), "/", absl::StrJoin(request.states(), ",")), fetch);
}

absl::StatusOr<v1::Task> ConsolidationService::CancelTask(const v1::CancelTaskRequest& request) {
  absl::StatusOr<std::string> tenant = CheckTaskRequest(request);
  if (!tenant.ok()) return tenant.status();
  absl::StatusOr<Task> task = env_.store.CancelTask(*tenant, request.task_id());
  if (!task.ok()) return task.status();
  env_.engine.Cancelled(task->id);
  // A task may have waited behind it.
  env_.engine.Wake();
  return ToWire(*task);
}

absl::StatusOr<v1::TriggerConsolidationResponse> ConsolidationService::RetryTask(
    const v1::RetryTaskRequest& request) {
  absl::StatusOr<std::string> tenant = CheckTaskRequest(request);
  if (!tenant.ok()) return tenant.status();
  absl::StatusOr<EnqueueResult> result = env_.store.RetryTask(*tenant, request.task_id());
  if (!result.ok()) return result.status();
  env_.engine.Retried(request.task_id());
  return ToResponse(*result);
}

}  // namespace slowwave
