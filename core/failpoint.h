// Places where a run can be made to fail, by name: one at every boundary between two of its stages. For tests
// of what a crash leaves behind; nothing happens at any of them unless it is armed.
//
// A specification arms some: `before_commit=kill@3, after_sample=error`. At the third hit of the one the
// process is killed; at the first of the other the run gets an error. Actions:
//   kill   SIGKILL to this process: no destructor runs, no socket is closed by hand
//   stop   SIGSTOP to this process: it stands still until somebody sends SIGCONT, and goes on as if nothing
//   was error  UNAVAILABLE, as a store that cannot be reached; not at after_commit, where a run can no longer
//   fail
// Each acts once, at its hit number N (`@N`, from 1; 1 if left out), counted over all runs of the process.
#ifndef SLOWWAVE_CORE_FAILPOINT_H_
#define SLOWWAVE_CORE_FAILPOINT_H_

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace slowwave {

// In the order in which a run comes by.
const std::vector<std::string>& FailpointNames();

// Replaces what was armed; an empty specification arms nothing. Hits are counted from here on.
// kInvalidArgument: an unknown name or action, a name twice, a count under 1; what was armed stays.
absl::Status ArmFailpoints(std::string_view specification);

namespace failpoint_internal {
inline std::atomic<bool> armed = false;
absl::Status Hit(std::string_view name);
}  // namespace failpoint_internal

// Marks the place. OK, or the armed error. Any thread. One relaxed load if nothing is armed.
inline absl::Status Failpoint(std::string_view name) {
  if (!failpoint_internal::armed.load(std::memory_order_relaxed)) return absl::OkStatus();
  return failpoint_internal::Hit(name);
}

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_FAILPOINT_H_
