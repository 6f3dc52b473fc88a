// A second reading of plain sentences: what a value and the words around it say together, in any order.
//
// The rules (extract_rules.h) know how a statement is built; this knows only which words speak of living
// somewhere, working, eating or a pastime, and which words make a sentence something else: a plan, a visit,
// somebody else's. It reads only short sentences in the first person that hold exactly one value of the kind.
#ifndef SLOWWAVE_CORE_EXTRACT_CUES_H_
#define SLOWWAVE_CORE_EXTRACT_CUES_H_

#include <vector>

#include "core/phrase.h"
#include "core/sentence.h"
#include "storage/types.h"

namespace slowwave {

struct Cue {
  const char* slot = nullptr;  // `category:predicate`, as in RuleGroup
  AssertionState state = AssertionState::kHolds;
  Phrase value;
};

// At most one of each slot.
std::vector<Cue> ReadCues(const Sentence& sentence);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EXTRACT_CUES_H_
