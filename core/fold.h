// Assertions to facts: the heart. Pure functions over values; no ids, no order of runs, no clock.
//
// The rules are rule 4 of the design; docs beside each step in fold.cc. Any order, repetition or partition of
// the same assertions gives the same facts, bit for bit.
#ifndef SLOWWAVE_CORE_FOLD_H_
#define SLOWWAVE_CORE_FOLD_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "core/keys.h"
#include "storage/types.h"

namespace slowwave {

// Grows with every change of what the same assertions fold to.
inline constexpr int kFoldVersion = 1;

// Trust of an origin: user 3, tool 2, assistant 1, derived and unspecified 0.
int TrustOf(Origin origin);

// An assertion that supports and closes nothing, and why.
struct Unused {
  std::string reason;  // `contested`, `outranked`, `no effect`, `holds at that instant`
  std::string key;     // the slot's
  Assertion assertion;
};

struct Folded {
  std::vector<Fact> facts;     // by key, then valid_from (unset first), valid_to, value
  std::vector<Unused> unused;  // by key, then time, then content
};

using Resolver = absl::FunctionRef<ResolvedSlot(absl::string_view key)>;

Folded Fold(const std::vector<Assertion>& assertions, Resolver resolve);

// How values compare: text case-folded with white space made one and outer punctuation dropped; numbers,
// dates and booleans by what they mean; lists as sorted items. Never printed.
std::string NormalValue(ValueType type, absl::string_view value);

// A fact holds at `as_of`. Not temporal: it was not corrected.
bool CurrentAt(const Fact& fact, absl::Time as_of);

// One line a fact: everything but run ids. Equal lines are equal facts.
std::string Canonical(const Fact& fact);

// SHA-256 (hex) over the canonical facts, in the order of Folded::facts.
std::string DigestOf(const std::vector<Fact>& facts);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_FOLD_H_
