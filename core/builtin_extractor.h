// The extractor for when there is no LLM: rules for plain first-person statements, and nothing else.
//
// Each sentence of each memory is matched on its own, so what is found does not depend on how a memory's
// episodes are clustered, ordered or cut into runs. A cluster that no rule fits gives its most central
// sentence, verbatim, as a `summary`, unless that is chatter. Nothing is invented: every text is either the
// episode's own words or a rule's template around them, and every gist quotes what it rests on.
#ifndef SLOWWAVE_CORE_BUILTIN_EXTRACTOR_H_
#define SLOWWAVE_CORE_BUILTIN_EXTRACTOR_H_

#include <vector>

#include "core/extraction.h"

namespace slowwave {

// Grows with every change of what the rules find; recorded in plans and reports.
inline constexpr int kBuiltinExtractorVersion = 1;

// Pure, deterministic, any thread. Never fails: text that fits no rule yields nothing.
std::vector<Gist> ExtractBuiltin(const Chunk& chunk);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_BUILTIN_EXTRACTOR_H_
