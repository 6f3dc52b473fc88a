// What no gist may be, whatever it cites: text that gives orders, a rule that nobody asked for, a key that
// does not belong to what was shown. Pure functions.
#ifndef SLOWWAVE_CORE_GIST_SCREEN_H_
#define SLOWWAVE_CORE_GIST_SCREEN_H_

#include <string>

#include "core/extraction.h"
#include "core/keys.h"

namespace slowwave {

struct Screening {
  // Empty: it may go on to grounding. Else a stable word: malformed, instruction_like, policy_write,
  // reserved_category, foreign_subject.
  std::string reason;
  std::string detail;
};

// `chunk` is the very call that gave the gist.
// - instruction_like: it, or the sentence of an episode that it quotes, or one beside that, tells an
// assistant
//   what to do or imitates a prompt, a tool or a reply (instruction_like.h).
// - policy_write: it would land under the category policy, and the tenant has no slot of its own there.
// - reserved_category: its key names a category that a system would look in for rights or rules (system,
//   admin, permissions, ...), and no slot takes it.
// - foreign_subject: its key's subject is neither a speaker of the chunk nor named in what it cites, or it is
//   a system, an assistant or the like that does not speak there.
Screening Screen(const Gist& gist, const Chunk& chunk, const Registry& registry);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_GIST_SCREEN_H_
