// What stands for a cluster that no rule fits.
#ifndef SLOWWAVE_CORE_EXTRACT_SUMMARY_H_
#define SLOWWAVE_CORE_EXTRACT_SUMMARY_H_

#include <optional>

#include "core/extraction.h"
#include "core/sentence.h"

namespace slowwave {

// It tells something of its speaker, understood without its neighbours: not a question, greeting, thanks or
// compliment, nothing that leans on 'it' or 'that', and enough words that mean something.
bool TellsSomething(const Sentence& sentence);

// The sentence that tells most, verbatim, of the most central member of `cluster` that has one; nothing if
// none of the three most central has.
std::optional<Gist> Summarise(const Chunk& chunk, int cluster);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EXTRACT_SUMMARY_H_
