// What stands for a cluster that no rule fits.
#ifndef SLOWWAVE_CORE_EXTRACT_SUMMARY_H_
#define SLOWWAVE_CORE_EXTRACT_SUMMARY_H_

#include <optional>

#include "core/extraction.h"
#include "core/sentence.h"

namespace slowwave {

// It tells something its speaker did or has, understood without its neighbours: no question, greeting,
// thanks, mood, wish or opinion, nothing that leans on an 'it' or a 'she' said before, and enough words that
// mean something.
bool TellsSomething(const Sentence& sentence);

// The sentence that tells most, verbatim, of the most central member of `cluster` that has one; nothing if
// none of the more central half (and of the three most central) has. Never one that names another speaker.
std::optional<Gist> Summarise(const Chunk& chunk, int cluster);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EXTRACT_SUMMARY_H_
