// WatchTask: what happens to a task, as it happens.
#ifndef SLOWWAVE_SERVER_TASK_WATCHERS_H_
#define SLOWWAVE_SERVER_TASK_WATCHERS_H_

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "server/call_gate.h"
#include "server/executor.h"
#include "server/periodic.h"
#include "server/service_env.h"
#include "server/stream_timers.h"

namespace slowwave {

inline constexpr size_t kMaxWatches = 4096;
inline constexpr size_t kMaxWatchesOfTenant = 1024;

// The open watches. What happens to their tasks in this process they hear at once; what another does is
// looked up once a second, for each task once however many watch it. Any thread may call any method. `env`
// and `executor` outlive it and all its watches; it outlives the server.
class TaskWatchers {
 public:
  TaskWatchers(const ServiceEnv& env, Executor& executor);
  ~TaskWatchers();

  // A reactor that deletes itself; `tenant` and `task_id` are checked already. `timers` may be null; else the
  // call ends when its time is over, and is cancelled if the client does not read. ResourceExhausted, as its
  // end, if too many are open.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(std::string tenant, std::string task_id,
                                                    CallGate::Pass pass, StreamTimers* timers,
                                                    grpc::CallbackServerContext& context);
  // Ends all watches, and those still to come, with UNAVAILABLE: the server goes. Idempotent.
  void Drain();

 private:
  class Watch;
  // By tenant and task.
  using Round = std::map<std::pair<std::string, std::string>, std::vector<std::weak_ptr<Watch>>>;
  absl::Status Admit(const std::shared_ptr<Watch>& watch);
  void Remove(Watch* watch);
  void Tick();
  // Looks each task up, one after the other, and tells its watches.
  void Look(const Round& round);

  const ServiceEnv& env_;
  Executor& executor_;
  absl::Mutex mu_;  // before a watch's own
  std::set<Watch*> open_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, size_t> open_of_ ABSL_GUARDED_BY(mu_);  // by tenant
  bool looking_ ABSL_GUARDED_BY(mu_) = false;                   // a round is under way
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  Periodic ticks_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_TASK_WATCHERS_H_
