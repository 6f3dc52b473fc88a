// Follows tasks to their end, and a user's backlog to its.
#ifndef SLOWWAVE_SERVER_COMMANDS_DRAIN_H_
#define SLOWWAVE_SERVER_COMMANDS_DRAIN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/commands/client.h"

namespace slowwave {

using OnEvent = std::function<void(const v1::TaskEvent&)>;

// Follows one task until it has ended; through restarts of the daemon of up to a minute. Events may come
// again after one. NotFound: no such task.
absl::StatusOr<v1::Task> Follow(Client& client, const std::string& tenant, const std::string& task_id,
                                const OnEvent& on_event);

// A task that did not reach `done`, as an error that says why.
absl::Status Failure(const v1::Task& task);

struct Drained {
  std::vector<v1::Task> tasks;  // in order, all done
  int64_t pending = 0;          // not reviewed: filtered out by type or threshold, or backed off
  int64_t backed_off = 0;       // of those, left because their chunk got no answer
  int64_t unreadable = 0;       // given up on
};

// Triggers runs, and follows follow-ups, until no eligible episode is left. Any task that fails is an error.
absl::StatusOr<Drained> Drain(Client& client, v1::TriggerConsolidationRequest request,
                              const OnEvent& on_event);

// Calls TriggerConsolidation under a request id, again if the daemon was away for a moment: it is one task
// all the same.
absl::StatusOr<v1::TriggerConsolidationResponse> Trigger(Client& client,
                                                         v1::TriggerConsolidationRequest& request);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_COMMANDS_DRAIN_H_
