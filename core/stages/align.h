// Gists to assertions: grounded, keyed, one for each episode that carries them; the rest to quarantine. Pure.
#ifndef SLOWWAVE_CORE_STAGES_ALIGN_H_
#define SLOWWAVE_CORE_STAGES_ALIGN_H_

#include <set>
#include <string>
#include <vector>

#include "core/gist_screen.h"
#include "core/run_state.h"

namespace slowwave {

// One gist of `chunk`, whose `orders` these are. Adds to `assertions` or to `quarantine`; ids, ordinals and
// run are set by Align.
void AlignGist(const Gist& gist, const Chunk& chunk, Orders& orders, std::vector<Assertion>& assertions,
               std::vector<Quarantined>& quarantine);

// All gists of the run: fills assertions, quarantine, reviewed, cited, left and their counts in the report.
// `known_keys`: slot keys that the user has facts under, for telling new keys and for suggestions.
void Align(RunState& run, const Registry& registry, const std::set<std::string>& known_keys);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_STAGES_ALIGN_H_
