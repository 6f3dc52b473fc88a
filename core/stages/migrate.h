// What a run changes: folds its assertions into those already known and tells the difference.
#ifndef SLOWWAVE_CORE_STAGES_MIGRATE_H_
#define SLOWWAVE_CORE_STAGES_MIGRATE_H_

#include "absl/status/statusor.h"
#include "core/run_state.h"
#include "storage/store.h"

namespace slowwave {

struct Migration {
  RunCommit commit;  // complete but for the run's times and report, and for what counts as backlog
};

// Reads the touched slots (all of them if the user's facts were folded under another registry), folds, and
// fills the report's changes. Errors are the store's.
absl::StatusOr<Migration> Migrate(RunState& run, const Registry& registry, Store& store);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_STAGES_MIGRATE_H_
