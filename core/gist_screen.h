// What no gist may be, whatever it cites: text that gives orders, a rule that nobody asked for, a key that
// does not belong to what was shown. Pure functions.
#ifndef SLOWWAVE_CORE_GIST_SCREEN_H_
#define SLOWWAVE_CORE_GIST_SCREEN_H_

#include <optional>
#include <string>
#include <vector>

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
// - instruction_like: it tells an assistant what to do or imitates a prompt, a tool or a reply
//   (instruction_like.h); what it cites is looked at by Orders.
// - policy_write: it would land under the category policy, and the tenant has no slot of its own there.
// - reserved_category: its key names a category that a system would look in for rights or rules (system,
//   admin, permissions, ...), and no slot takes it.
// - foreign_subject: its key's subject is neither a speaker of the chunk nor named in what it cites, or it is
//   a system, an assistant or the like that does not speak there, or it speaks and the statement is told of
//   another.
Screening Screen(const Gist& gist, const Chunk& chunk, const Registry& registry);

// Which memories of a chunk hold an order, a prompt or the like anywhere. None of them is evidence: whoever
// plants an order also chooses what stands around it. Each is looked at once, when it is asked about.
class Orders {
 public:
  explicit Orders(const Chunk& chunk);  // outlives this
  bool Has(const Citation& c);
  // In everything that the gist cites.
  bool InAll(const Gist& gist);

 private:
  const Chunk& chunk_;
  std::vector<std::optional<bool>> known_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_GIST_SCREEN_H_
