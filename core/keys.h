// Keys, subjects and the slots they fall under. Pure functions over values.
//
// A key is `subject:category:predicate`, each part a slug. The slot of a key depends only on the key and the
// registry: operator's alias, exact slot, longest pattern, else the key itself as a many-valued temporal text
// slot.
#ifndef SLOWWAVE_CORE_KEYS_H_
#define SLOWWAVE_CORE_KEYS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/extraction.h"
#include "storage/types.h"

namespace slowwave {

struct ParsedKey {
  std::string subject, category, predicate;
};

// InvalidArgument: not three non-empty slugs, or over 200 bytes.
absl::StatusOr<ParsedKey> ParseKey(absl::string_view key);

// The key an assertion carries: the gist's own if it is one (subject resolved to the speaker), else made of
// subject, category and predicate; a gist without a predicate gets a digest of its folded text. `speaker` is
// the first cited episode's.
std::string KeyOf(const Gist& gist, absl::string_view speaker);

// Names as stored, on the wire and in keys: 'episodic_event', 'preference', ... Unknown names give
// kUnspecified.
const char* Name(EpisodeType type);
const char* Name(Origin origin);
const char* Name(EpisodeStatus status);
const char* Name(GistType type);
const char* Name(Category category);
const char* Name(ValueType type);
const char* Name(TriggerKind kind);
const char* Name(TaskState state);
const char* Name(AssertionState state);
EpisodeType EpisodeTypeFrom(absl::string_view name);
Origin OriginFrom(absl::string_view name);
GistType GistTypeFrom(absl::string_view name);
Category CategoryFrom(absl::string_view name);
ValueType ValueTypeFrom(absl::string_view name);

// The slot that a key resolves to.
struct ResolvedSlot {
  std::string name;  // the canonical key
  Category category = Category::kCustom;
  ValueType value_type = ValueType::kText;
  bool many = true;
  bool temporal = true;
  bool known = false;  // an alias, slot or pattern matched
};

// Slots every tenant has, unless it puts its own under the same pattern.
const std::vector<Slot>& BuiltinSlots();

// A tenant's registry with the built-in slots merged in. Immutable after construction: any thread.
class Registry {
 public:
  explicit Registry(SlotRegistry own);
  ResolvedSlot Resolve(absl::string_view key) const;
  // Whether a slot that the tenant put itself takes this key.
  bool HasOwnSlot(absl::string_view key) const;
  // Every raw key that resolves to slot `name` by alias, and `name` itself.
  std::vector<std::string> RawKeysOf(absl::string_view name) const;
  // Identifies the slots, aliases and the fold's version: facts folded under another stamp are stale.
  const std::string& stamp() const { return stamp_; }
  int64_t version() const { return version_; }
  // Merged, sorted by pattern.
  const std::vector<Slot>& slots() const { return slots_; }

 private:
  int64_t version_ = 0;
  std::vector<Slot> slots_;
  std::string stamp_;
};

// InvalidArgument names the field: bad pattern, unspecified enum, alias that is no key or pattern, or that is
// claimed by another slot of `existing`.
absl::Status CheckSlot(const Slot& slot, const Registry& existing);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_KEYS_H_
