// slowwave.v1.ConsolidationService: validates, calls the engine and the store, maps the result.
#ifndef SLOWWAVE_SERVER_CONSOLIDATION_SERVICE_H_
#define SLOWWAVE_SERVER_CONSOLIDATION_SERVICE_H_

#include "absl/status/statusor.h"
#include "server/rpc_service.h"
#include "server/service_env.h"
#include "server/task_watchers.h"
#include "slowwave/v1/consolidation.pb.h"

namespace slowwave {

// Any thread. `env` and what `room` names outlive it; it outlives the server. The methods are those of the
// .proto; requests have passed CheckMessage.
class ConsolidationService : public RpcService {
 public:
  ConsolidationService(const ServiceEnv& env, CallRoom room);

  absl::StatusOr<v1::TriggerConsolidationResponse> TriggerConsolidation(
      const v1::TriggerConsolidationRequest&);
  absl::StatusOr<v1::Report> GetReport(const v1::GetReportRequest&);
  absl::StatusOr<v1::ReplayRunResponse> ReplayRun(const v1::ReplayRunRequest&);
  absl::StatusOr<v1::ListReportsResponse> ListReports(const v1::ListReportsRequest&);
  absl::StatusOr<v1::Task> GetTask(const v1::GetTaskRequest&);
  absl::StatusOr<v1::ListTasksResponse> ListTasks(const v1::ListTasksRequest&);
  absl::StatusOr<v1::Task> CancelTask(const v1::CancelTaskRequest&);
  absl::StatusOr<v1::TriggerConsolidationResponse> RetryTask(const v1::RetryTaskRequest&);
  absl::StatusOr<v1::TenantSettings> GetTenant(const v1::GetTenantRequest&);
  absl::StatusOr<v1::TenantSettings> PutTenant(const v1::PutTenantRequest&);

  // Ends open watches: the server goes.
  void Drain() { watchers_.Drain(); }

 private:
  const ServiceEnv& env_;
  TaskWatchers watchers_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_CONSOLIDATION_SERVICE_H_
