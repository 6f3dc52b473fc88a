#include "core/keys.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/digest.h"
#include "core/fold.h"
#include "core/text.h"

namespace slowwave {
namespace {

constexpr size_t kMaxKeyBytes = 200;

constexpr std::array<const char*, kEpisodeTypeCount> kEpisodeTypes = {
    "unspecified", "episodic_event", "preference", "hypothesis",
    "constraint",  "semantic_fact",  "procedure",  "summary"};
constexpr std::array<const char*, kOriginCount> kOrigins = {"unspecified", "user", "assistant", "tool",
                                                            "derived"};
constexpr std::array<const char*, 6> kStatuses = {"unspecified", "active",   "silent",
                                                  "compressed",  "archived", "deleted"};
constexpr std::array<const char*, kGistTypeCount> kGistTypes = {
    "unspecified", "fact", "preference", "pattern", "summary", "goal", "value", "state", "causal", "policy"};
constexpr std::array<const char*, kCategoryCount> kCategories = {
    "unspecified", "identity", "location",  "preference", "relationship",
    "occupation",  "temporal", "attribute", "goal",       "value",
    "state",       "causal",   "policy",    "pattern",    "custom"};
constexpr std::array<const char*, kValueTypeCount> kValueTypes = {"unspecified", "text",    "number",
                                                                  "date",        "boolean", "list"};
constexpr std::array<const char*, 5> kTriggerKinds = {"unspecified", "scheduled", "quota", "event", "manual"};
constexpr std::array<const char*, 8> kTaskStates = {"unspecified", "waiting", "running", "behind",
                                                    "delayed",     "done",    "dead",    "cancelled"};

template <typename Enum, size_t N>
const char* NameIn(const std::array<const char*, N>& names, Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < N ? names[index] : names[0];
}

template <typename Enum, size_t N>
Enum FromName(const std::array<const char*, N>& names, absl::string_view name) {
  for (size_t i = 1; i < N; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return static_cast<Enum>(0);
}

bool IsFirstPerson(absl::string_view subject) {
  return subject.empty() || subject == "user" || subject == "i" || subject == "me" || subject == "my" ||
         subject == "myself" || subject == "self" || subject == "speaker";
}

Category CategoryOfGist(GistType type) {
  switch (type) {
    case GistType::kPreference:
      return Category::kPreference;
    case GistType::kPattern:
      return Category::kPattern;
    case GistType::kGoal:
      return Category::kGoal;
    case GistType::kValue:
      return Category::kValue;
    case GistType::kState:
      return Category::kState;
    case GistType::kCausal:
      return Category::kCausal;
    case GistType::kPolicy:
      return Category::kPolicy;
    case GistType::kSummary:
      return Category::kCustom;
    case GistType::kFact:
    case GistType::kUnspecified:
      return Category::kAttribute;
  }
  return Category::kAttribute;
}

struct Parts {
  std::string subject, category, predicate;
};

Parts SplitPattern(absl::string_view pattern) {
  std::vector<std::string> parts = absl::StrSplit(pattern, ':');
  parts.resize(3);
  return {parts[0], parts[1], parts[2]};
}

bool Matches(absl::string_view part, absl::string_view text) { return part == "*" || part == text; }

// Literal bytes decide which of several matching patterns is the longest.
size_t LiteralBytes(const Parts& p) {
  const auto literal = [](const std::string& part) { return part == "*" ? 0 : part.size(); };
  return literal(p.subject) + literal(p.category) + literal(p.predicate);
}

absl::Status CheckPattern(absl::string_view field, absl::string_view pattern, bool predicate_may_be_any) {
  const std::vector<std::string> parts = absl::StrSplit(pattern, ':');
  const bool whole = parts.size() == 3 && pattern.size() <= kMaxKeyBytes &&
                     (parts[0] == "*" || Slug(parts[0]) == parts[0]) && Slug(parts[1]) == parts[1] &&
                     ((predicate_may_be_any && parts[2] == "*") || Slug(parts[2]) == parts[2]) &&
                     !parts[0].empty() && !parts[1].empty() && !parts[2].empty();
  if (whole) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": must be subject:category:predicate of lower-case slugs, the subject ",
                   predicate_may_be_any ? "and the predicate may be *" : "may be *", ", at most ",
                   kMaxKeyBytes, " bytes"));
}

}  // namespace

const char* Name(EpisodeType type) { return NameIn(kEpisodeTypes, type); }
const char* Name(Origin origin) { return NameIn(kOrigins, origin); }
const char* Name(EpisodeStatus status) { return NameIn(kStatuses, status); }
const char* Name(GistType type) { return NameIn(kGistTypes, type); }
const char* Name(Category category) { return NameIn(kCategories, category); }
const char* Name(ValueType type) { return NameIn(kValueTypes, type); }
const char* Name(TriggerKind kind) { return NameIn(kTriggerKinds, kind); }
const char* Name(TaskState state) { return NameIn(kTaskStates, state); }
const char* Name(AssertionState state) { return state == AssertionState::kEnded ? "ended" : "holds"; }
EpisodeType EpisodeTypeFrom(absl::string_view name) { return FromName<EpisodeType>(kEpisodeTypes, name); }
Origin OriginFrom(absl::string_view name) { return FromName<Origin>(kOrigins, name); }
GistType GistTypeFrom(absl::string_view name) { return FromName<GistType>(kGistTypes, name); }
Category CategoryFrom(absl::string_view name) { return FromName<Category>(kCategories, name); }
ValueType ValueTypeFrom(absl::string_view name) { return FromName<ValueType>(kValueTypes, name); }

absl::StatusOr<ParsedKey> ParseKey(absl::string_view key) {
  const std::vector<std::string> parts = absl::StrSplit(key, ':');
  const bool whole = parts.size() == 3 && key.size() <= kMaxKeyBytes &&
                     std::all_of(parts.begin(), parts.end(),
                                 [](const std::string& part) { return !part.empty() && Slug(part) == part; });
  if (!whole) {
    return absl::InvalidArgumentError(absl::StrCat(
        "key: must be subject:category:predicate of lower-case slugs, at most ", kMaxKeyBytes, " bytes"));
  }
  return ParsedKey{parts[0], parts[1], parts[2]};
}

std::string KeyOf(const Gist& gist, absl::string_view speaker) {
  std::string first_person = Slug(speaker);
  if (first_person.empty()) first_person = "user";
  const auto subject_of = [&](absl::string_view said) {
    std::string subject = Slug(said);
    return IsFirstPerson(subject) ? first_person : subject;
  };
  const std::vector<std::string> parts = absl::StrSplit(gist.key, ':');
  if (parts.size() == 3) {
    const std::string category = Slug(parts[1]), predicate = Slug(parts[2]);
    if (!category.empty() && !predicate.empty()) {
      return absl::StrCat(subject_of(parts[0]), ":", category, ":", predicate);
    }
  }
  std::string predicate = Slug(gist.predicate);
  if (predicate.empty()) predicate = absl::StrCat("d", Sha256Hex(FoldText(gist.text)).substr(0, 16));
  return absl::StrCat(subject_of(gist.subject), ":", Name(CategoryOfGist(gist.type)), ":", predicate);
}

// Cardinality and temporality, slot by slot:
// - name: one, not temporal. A name is not outgrown but corrected; a new name shows the old one as corrected.
// - current_city, job, diet: one at a time, temporal. A new value ends the old one on its day.
// - cuisine, hobby and every other preference, relationships, goals, values: many, temporal. Liking one thing
// says
//   nothing of another, and each ends by itself.
// - state: one at a time under each predicate ('mood', 'health'), temporal: the new state replaces the old.
// - causal, policy, pattern: many, temporal.
const std::vector<Slot>& BuiltinSlots() {
  static const auto* slots = [] {
    auto* all = new std::vector<Slot>;
    const auto add = [&](const char* pattern, Category category, bool many, bool temporal,
                         const char* description) {
      Slot slot;
      slot.pattern = pattern;
      slot.category = category;
      slot.many = many;
      slot.temporal = temporal;
      slot.description = description;
      slot.builtin = true;
      all->push_back(std::move(slot));
    };
    add("*:causal:*", Category::kCausal, true, true, "What leads to what for the subject.");
    add("*:goal:*", Category::kGoal, true, true, "What the subject wants to reach.");
    add("*:identity:name", Category::kIdentity, false, false, "What the subject is called.");
    add("*:location:current_city", Category::kLocation, false, true, "Where the subject lives.");
    add("*:occupation:job", Category::kOccupation, false, true, "What the subject works as.");
    add("*:pattern:*", Category::kPattern, true, true, "What the subject does again and again.");
    add("*:policy:*", Category::kPolicy, true, true, "Rules that the subject set for dealings with them.");
    add("*:preference:*", Category::kPreference, true, true, "What the subject likes, dislikes or prefers.");
    add("*:preference:cuisine", Category::kPreference, true, true, "Kinds of food the subject likes.");
    add("*:preference:diet", Category::kPreference, false, true, "How the subject eats.");
    add("*:preference:hobby", Category::kPreference, true, true, "What the subject does for pleasure.");
    add("*:relationship:*", Category::kRelationship, true, true, "People and animals in the subject's life.");
    add("*:state:*", Category::kState, false, true, "How the subject is, under each predicate.");
    add("*:value:*", Category::kValue, true, true, "What the subject holds important.");
    return all;
  }();
  return *slots;
}

Registry::Registry(SlotRegistry own) : version_(own.version), slots_(std::move(own.slots)) {
  for (const Slot& builtin : BuiltinSlots()) {
    const bool replaced = std::any_of(slots_.begin(), slots_.end(),
                                      [&](const Slot& slot) { return slot.pattern == builtin.pattern; });
    if (!replaced) slots_.push_back(builtin);
  }
  std::sort(slots_.begin(), slots_.end(), [](const Slot& a, const Slot& b) { return a.pattern < b.pattern; });
  // Only what changes how assertions fold is part of the stamp, so that a new description makes nothing
  // stale.
  std::string lines = absl::StrCat("fold ", kFoldVersion, "\n");
  for (const Slot& slot : slots_) {
    std::vector<std::string> aliases = slot.aliases;
    std::sort(aliases.begin(), aliases.end());
    absl::StrAppend(&lines, slot.pattern, "|", static_cast<int>(slot.category), "|",
                    static_cast<int>(slot.value_type), "|", slot.many, "|", slot.temporal, "|",
                    absl::StrJoin(aliases, ","), "\n");
  }
  stamp_ = Sha256Hex(lines).substr(0, 32);
}

ResolvedSlot Registry::Resolve(absl::string_view key) const {
  ResolvedSlot out;
  out.name = std::string(key);
  Parts parts = SplitPattern(key);
  for (const Slot& slot : slots_) {
    bool aliased = false;
    for (const std::string& alias : slot.aliases) {
      const Parts from = SplitPattern(alias);
      if (!Matches(from.subject, parts.subject) || from.category != parts.category ||
          from.predicate != parts.predicate) {
        continue;
      }
      const Parts to = SplitPattern(slot.pattern);
      parts = {to.subject == "*" ? parts.subject : to.subject, to.category, to.predicate};
      out.name = absl::StrCat(parts.subject, ":", parts.category, ":", parts.predicate);
      aliased = true;
      break;
    }
    if (aliased) break;
  }
  const Slot* best = nullptr;
  size_t best_bytes = 0;
  for (const Slot& slot : slots_) {  // sorted, so the first of equals has the smallest bytes
    const Parts pattern = SplitPattern(slot.pattern);
    if (!Matches(pattern.subject, parts.subject) || !Matches(pattern.category, parts.category) ||
        !Matches(pattern.predicate, parts.predicate)) {
      continue;
    }
    const size_t bytes =
        LiteralBytes(pattern) + (pattern.subject != "*" && pattern.predicate != "*" ? kMaxKeyBytes : 0);
    if (best == nullptr || bytes > best_bytes) {
      best = &slot;
      best_bytes = bytes;
    }
  }
  if (best != nullptr) {
    out.category = best->category;
    out.value_type = best->value_type;
    out.many = best->many;
    out.temporal = best->temporal;
    out.known = true;
  } else {
    const Category named = CategoryFrom(parts.category);
    out.category = named == Category::kUnspecified ? Category::kCustom : named;
  }
  return out;
}

bool Registry::HasOwnSlot(absl::string_view key) const {
  const Parts parts = SplitPattern(Resolve(key).name);
  return std::any_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    const Parts pattern = SplitPattern(slot.pattern);
    return !slot.builtin && Matches(pattern.subject, parts.subject) &&
           Matches(pattern.category, parts.category) && Matches(pattern.predicate, parts.predicate);
  });
}

std::vector<std::string> Registry::RawKeysOf(absl::string_view name) const {
  std::vector<std::string> keys;
  const Parts parts = SplitPattern(name);
  // A key that is itself an alias of something else never folds under its own name.
  if (Resolve(name).name == name) keys.emplace_back(name);
  for (const Slot& slot : slots_) {
    const Parts to = SplitPattern(slot.pattern);
    if (!Matches(to.subject, parts.subject) || to.category != parts.category ||
        to.predicate != parts.predicate)
      continue;
    for (const std::string& alias : slot.aliases) {
      const Parts from = SplitPattern(alias);
      // `*` under a pattern with a fixed subject would name every subject's key; CheckSlot refuses that.
      const std::string key = absl::StrCat(from.subject == "*" ? parts.subject : from.subject, ":",
                                           from.category, ":", from.predicate);
      if (Resolve(key).name == name) keys.push_back(key);
    }
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

absl::Status CheckSlot(const Slot& slot, const Registry& existing) {
  if (absl::Status s = CheckPattern("slot.pattern", slot.pattern, true); !s.ok()) return s;
  if (slot.category == Category::kUnspecified)
    return absl::InvalidArgumentError("slot.category: must be set");
  if (slot.value_type == ValueType::kUnspecified)
    return absl::InvalidArgumentError("slot.value_type: must be set");
  const Parts to = SplitPattern(slot.pattern);
  if (!slot.aliases.empty() && to.predicate == "*") {
    return absl::InvalidArgumentError("slot.aliases: a pattern whose predicate is * cannot have aliases");
  }
  for (size_t i = 0; i < slot.aliases.size(); ++i) {
    const std::string field = absl::StrCat("slot.aliases[", i, "]");
    const std::string& alias = slot.aliases[i];
    if (absl::Status s = CheckPattern(field, alias, false); !s.ok()) return s;
    const Parts from = SplitPattern(alias);
    if (from.subject == "*" && to.subject != "*") {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ": the subject may be * only if the slot's own subject is *"));
    }
    if (from.subject != "*" && to.subject == "*") {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ": the subject must be * where the slot's own subject is *"));
    }
    if (from.category == to.category && from.predicate == to.predicate && from.subject == to.subject) {
      return absl::InvalidArgumentError(absl::StrCat(field, ": is the slot's own pattern"));
    }
    for (const Slot& other : existing.slots()) {
      if (other.pattern == slot.pattern) continue;
      if (other.pattern == alias && !other.aliases.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat(field, ": is a slot with aliases of its own; aliases do not chain"));
      }
      for (const std::string& taken : other.aliases) {
        if (taken == alias) {
          return absl::InvalidArgumentError(
              absl::StrCat(field, ": is an alias of ", other.pattern, " already"));
        }
        if (taken == slot.pattern) {
          return absl::InvalidArgumentError(absl::StrCat(field, ": the slot is itself an alias of ",
                                                         other.pattern, "; aliases do not chain"));
        }
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace slowwave
