#include "core/failpoint.h"

#include <signal.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"

namespace slowwave {
namespace {

enum class Action { kKill, kStop, kError };

struct Armed {
  Action action = Action::kError;
  int left = 1;  // hits until it acts; 0: it has
};

struct State {
  absl::Mutex mu;
  std::map<std::string, Armed, std::less<>> armed ABSL_GUARDED_BY(mu);
};

State& TheState() {
  static auto* const state = new State;
  return *state;
}

absl::Status Refuse(std::string_view entry, std::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("failpoint '", std::string(entry), "': ", std::string(allowed)));
}

absl::Status Parse(std::string_view entry, std::pair<std::string, Armed>& parsed) {
  const std::pair<std::string, std::string> sides =
      absl::StrSplit(absl::string_view(entry.data(), entry.size()), absl::MaxSplits('=', 1));
  parsed.first = sides.first;
  const std::vector<std::string>& names = FailpointNames();
  if (std::find(names.begin(), names.end(), parsed.first) == names.end()) {
    return Refuse(entry, absl::StrCat("no such place; there are ", absl::StrJoin(names, ", ")));
  }
  const std::pair<std::string, std::string> action = absl::StrSplit(sides.second, absl::MaxSplits('@', 1));
  if (action.first == "kill") {
    parsed.second.action = Action::kKill;
  } else if (action.first == "stop") {
    parsed.second.action = Action::kStop;
  } else if (action.first == "error" && parsed.first != "after_commit") {
    parsed.second.action = Action::kError;
  } else {
    return Refuse(entry, "allowed there: kill, stop, and error where the place can fail");
  }
  const bool counted = sides.second.find('@') != std::string::npos;
  if (counted && (!absl::SimpleAtoi(action.second, &parsed.second.left) || parsed.second.left < 1)) {
    return Refuse(entry, "after '@' comes a hit, counted from 1");
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<std::string>& FailpointNames() {
  static const auto* const names = new std::vector<std::string>{
      "after_claim",    // a worker has the task
      "after_sample",   // before anything was written
      "after_plan",     // the plan is stored
      "after_chunk",    // one chunk was answered: as often as there are chunks
      "after_extract",  // all were
      "after_align",
      "before_commit",  // the change set is ready, and the lease was looked at for the last time
      "after_commit",   // the store has it, and nobody was told
  };
  return *names;
}

absl::Status ArmFailpoints(std::string_view specification) {
  std::map<std::string, Armed, std::less<>> armed;
  for (absl::string_view part :
       absl::StrSplit(absl::string_view(specification.data(), specification.size()), ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (part.empty()) continue;
    const std::string entry(part);
    std::pair<std::string, Armed> parsed;
    if (absl::Status s = Parse(entry, parsed); !s.ok()) return s;
    if (!armed.insert(std::move(parsed)).second) return Refuse(entry, "this place is named twice");
  }
  State& state = TheState();
  absl::MutexLock lock(&state.mu);
  state.armed = std::move(armed);
  failpoint_internal::armed = !state.armed.empty();
  return absl::OkStatus();
}

absl::Status failpoint_internal::Hit(std::string_view name) {
  Action action;
  {
    State& state = TheState();
    absl::MutexLock lock(&state.mu);
    const auto found = state.armed.find(name);
    if (found == state.armed.end() || found->second.left == 0 || --found->second.left > 0)
      return absl::OkStatus();
    action = found->second.action;
  }
  if (action == Action::kError) {
    return absl::UnavailableError(absl::StrCat("failpoint ", std::string(name)));
  }
  // To this thread: one to the process may be taken by another, while this one goes a few steps further.
  raise(action == Action::kKill ? SIGKILL : SIGSTOP);
  return absl::OkStatus();
}

}  // namespace slowwave
