// Whom the words of a turn are about: its speaker, or the one spoken to. Pure functions over values.
#ifndef SLOWWAVE_CORE_GROUNDING_VOICE_H_
#define SLOWWAVE_CORE_GROUNDING_VOICE_H_

#include "core/extraction.h"
#include "core/grounding_claims.h"

namespace slowwave {

// May what `episode` says be told of `claims.subject`? What its subject or nobody in particular says may, and
// so does what claims nothing of a speaker. Another's words may if more of the claim stands under 'you' or
// the subject's name than under that other's own 'I': who talks without either talks of themself. Being
// addressed by name is not being talked about, and what is asked is not said.
bool MaySpeakOf(const Claims& claims, const Episode& episode);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_GROUNDING_VOICE_H_
