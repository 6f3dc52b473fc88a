// What makes a statement that fits a rule tell of something else: a plan, a visit, a meal, somebody else.
#ifndef SLOWWAVE_CORE_EXTRACT_VETO_H_
#define SLOWWAVE_CORE_EXTRACT_VETO_H_

#include "absl/strings/string_view.h"
#include "core/sentence.h"

namespace slowwave {

// A value for `slot` that was read from tokens [begin, end) does not hold of the speaker now.
bool TellsOfElse(const Sentence& sentence, absl::string_view slot, size_t begin, size_t end);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EXTRACT_VETO_H_
