// Does what a gist claims occur in what it cites? Pure functions over values.
#ifndef SLOWWAVE_CORE_GROUNDING_H_
#define SLOWWAVE_CORE_GROUNDING_H_

#include <string>
#include <vector>

#include "core/extraction.h"

namespace slowwave {

struct Grounding {
  // Empty: grounded. Else a stable word: no_evidence, unknown_memory, quote_not_found,
  // number_not_in_evidence, date_not_in_evidence, name_not_in_evidence, too_little_overlap, not_its_speaker,
  // empty_gist.
  std::string reason;
  std::string detail;  // what exactly was missing; never more than the gist's own words
  // Indices into Gist::evidence of citations that carry the gist each alone; the others are context.
  std::vector<int> alone;
  // All valid citations (quote found) when only several together carry it; empty if `alone` is not.
  std::vector<int> jointly;
};

// `chunk` is the very call that gave the gist. Numbers, dates and proper names of the gist's text and value
// must occur in a cited episode or within two turns of it in its session (speakers count as named; a date may
// be resolved against the episode's own); enough of its content words must occur in the cited episodes' whole
// text; a first-person quote supports only its own speaker, and nobody does something to themself by name.
Grounding Ground(const Gist& gist, const Chunk& chunk);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_GROUNDING_H_
