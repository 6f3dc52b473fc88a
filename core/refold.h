// Folding what a store holds, and telling what changed. Pure functions over values.
#ifndef SLOWWAVE_CORE_REFOLD_H_
#define SLOWWAVE_CORE_REFOLD_H_

#include <string>
#include <vector>

#include "core/fold.h"
#include "core/report.h"
#include "storage/store.h"

namespace slowwave {

// Folds `contents.assertions`; a fact that equals a stored one keeps its run id, another gets the run of an
// assertion it rests on.
Folded RefoldAll(const SlotContents& contents, const Registry& registry);

// What turned `before` into `after`, fact by fact; both of the same slots. `unused` adds a contested line for
// each assertion of run `run_id`. Sets the run id of every fact of `after` that is new or changed.
std::vector<Change> DiffFacts(const std::vector<Fact>& before, std::vector<Fact>& after,
                              const std::vector<Unused>& unused, const std::string& run_id);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_REFOLD_H_
