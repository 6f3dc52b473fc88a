// WatchTask: what happens to a task, as it happens.
#ifndef SLOWWAVE_SERVER_TASK_WATCHERS_H_
#define SLOWWAVE_SERVER_TASK_WATCHERS_H_

#include <grpcpp/grpcpp.h>

#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/call_gate.h"
#include "server/executor.h"
#include "server/service_env.h"
#include "server/stream_timers.h"

namespace slowwave {

// The open watches. Any thread may call any method. `env` and `executor` outlive it and all its watches; it
// outlives the server.
class TaskWatchers {
 public:
  TaskWatchers(const ServiceEnv& env, Executor& executor);
  ~TaskWatchers();

  // A reactor that deletes itself; `tenant` and `task_id` are checked already. `timers` may be null.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(std::string tenant, std::string task_id,
                                                    CallGate::Pass pass, StreamTimers* timers);
  // Ends all watches, and those still to come, with UNAVAILABLE: the server goes. Idempotent.
  void Drain();

 private:
  class Watch;
  void Remove(Watch* watch);
  void Tick();

  const ServiceEnv& env_;
  Executor& executor_;
  absl::Mutex mu_;  // before a watch's own
  std::set<Watch*> open_ ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  std::thread ticker_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_TASK_WATCHERS_H_
