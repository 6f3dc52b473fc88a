// When the extractor's rules may read a sentence, and from where. Pure functions over values.
#ifndef SLOWWAVE_CORE_EXTRACT_GUARDS_H_
#define SLOWWAVE_CORE_EXTRACT_GUARDS_H_

#include <vector>

#include "core/sentence.h"
#include "storage/types.h"

namespace slowwave {

// A place where a statement may begin.
struct Anchor {
  size_t at = 0;
  bool may_elide = false;  // a first-person subject may be left out here
};

// Its first person is the user: not an assistant, a tool or something derived.
bool SpeaksForItself(const Episode& episode);

// Not a question, a joke or an offer.
bool MayState(const Sentence& sentence);

// Clause starts and first-person words, less those under 'if', 'wish', 'she said' and the like.
std::vector<Anchor> Anchors(const Sentence& sentence);

// What follows `end` takes the statement back: '... but moved away', '... in my dreams'.
bool Revoked(const Sentence& sentence, size_t end);

// A verb of the past stands in tokens [begin, end): a month without a year then lies behind.
bool SpeaksOfPast(const Sentence& sentence, size_t begin, size_t end);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EXTRACT_GUARDS_H_
