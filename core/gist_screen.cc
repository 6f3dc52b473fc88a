#include "core/gist_screen.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "core/grounding_claims.h"
#include "core/instruction_like.h"
#include "core/text.h"

namespace slowwave {
namespace {

bool IsCited(const Chunk& chunk, const Citation& c) {
  return c.memory >= 0 && static_cast<size_t>(c.memory) < chunk.memories.size();
}

const Episode& EpisodeOf(const Chunk& chunk, const Citation& c) {
  return *chunk.memories[static_cast<size_t>(c.memory)].episode;
}

bool Speaks(const std::string& subject, const Chunk& chunk) {
  return std::any_of(chunk.memories.begin(), chunk.memories.end(),
                     [&](const ChunkMemory& m) { return Slug(m.episode->speaker) == subject; }) ||
         std::any_of(chunk.context.begin(), chunk.context.end(),
                     [&](const Episode* e) { return Slug(e->speaker) == subject; });
}

bool IsNamed(const std::string& subject, const Gist& gist, const Chunk& chunk) {
  const auto has = [&](absl::string_view text) {
    const std::string slug = absl::StrCat("_", absl::StrReplaceAll(FoldText(text), {{" ", "_"}}), "_");
    if (absl::StrContains(slug, absl::StrCat("_", subject, "_"))) return true;
    const std::vector<std::string> words = Words(text);
    const std::vector<std::string> parts = Words(absl::StrReplaceAll(subject, {{"_", " "}}));
    return std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
      return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        return word == part || absl::StartsWith(word, part + "'") || word == part + "s";
      });
    });
  };
  if (Speaks(subject, chunk)) return true;
  return std::any_of(gist.evidence.begin(), gist.evidence.end(),
                     [&](const Citation& c) { return IsCited(chunk, c) && has(EpisodeOf(chunk, c).text); });
}

// Its first name, or a short or a long form of it ('Mel', 'Jonathan').
bool Mentions(absl::string_view text, absl::string_view speaker) {
  const std::vector<std::string> names = Words(speaker);
  if (names.empty()) return false;
  const std::vector<std::string> words = Words(text);
  return std::any_of(words.begin(), words.end(), [&](absl::string_view word) {
    if (!absl::ConsumeSuffix(&word, "'s")) absl::ConsumeSuffix(&word, "'");
    return IsFormOf(word, names.front());
  });
}

// A key of somebody who talks needs a statement about them: what Tom says of himself goes under no key of
// Ann's.
bool IsToldOf(const std::string& subject, const Gist& gist, const Chunk& chunk) {
  if (!Speaks(subject, chunk)) return true;
  bool names_somebody = false;
  for (const std::string& speaker : SpeakersOf(chunk)) {
    if (!Mentions(gist.text, speaker)) continue;
    if (Slug(speaker) == subject) return true;
    names_somebody = true;
  }
  if (names_somebody) return false;
  if (Speaks(Slug(gist.subject), chunk)) return Slug(gist.subject) == subject;
  return std::any_of(gist.evidence.begin(), gist.evidence.end(), [&](const Citation& c) {
    return IsCited(chunk, c) && Slug(EpisodeOf(chunk, c).speaker) == subject;
  });
}

}  // namespace

Screening Screen(const Gist& gist, const Chunk& chunk, const Registry& registry) {
  if (!gist.defect.empty()) return {"malformed", gist.defect};
  if (IsInstructionLike(gist.text) || (gist.value && IsInstructionLike(*gist.value))) {
    return {"instruction_like", "the statement reads as an order or a prompt"};
  }
  std::string speaker;
  if (!gist.evidence.empty() && IsCited(chunk, gist.evidence.front()))
    speaker = EpisodeOf(chunk, gist.evidence.front()).speaker;
  const std::string key = KeyOf(gist, speaker);
  const absl::StatusOr<ParsedKey> parts = ParseKey(key);
  if (!parts.ok()) return {"malformed", "its key is too long"};
  const ResolvedSlot slot = registry.Resolve(key);
  if (slot.category == Category::kPolicy && !registry.HasOwnSlot(key)) {
    return {"policy_write", "no slot of the tenant takes policies from memories"};
  }
  static const auto* const kReserved = new absl::flat_hash_set<std::string>{
      "access",        "admin",        "agent",         "assistant",  "auth",
      "authorization", "config",       "configuration", "credential", "credentials",
      "instruction",   "instructions", "memory",        "permission", "permissions",
      "policies",      "prompt",       "role",          "roles",      "rule",
      "rules",         "security",     "system",        "tool",       "tools"};
  if (!slot.known && kReserved->contains(parts->category)) return {"reserved_category", parts->category};
  const std::string user = "user";
  static const auto* const kNobody = new absl::flat_hash_set<std::string>{
      "admin", "administrator", "assistant", "developer", "root", "system", "tenant", "tool"};
  const bool nobody = kNobody->contains(parts->subject) && !Speaks(parts->subject, chunk);
  if (nobody || (parts->subject != user && !IsNamed(parts->subject, gist, chunk)) ||
      !IsToldOf(parts->subject, gist, chunk)) {
    return {"foreign_subject", parts->subject};
  }
  return {};
}

Orders::Orders(const Chunk& chunk) : chunk_(chunk), known_(chunk.memories.size()) {}

bool Orders::Has(const Citation& c) {
  if (!IsCited(chunk_, c)) return false;
  std::optional<bool>& known = known_[static_cast<size_t>(c.memory)];
  if (!known) {
    const std::string& text = EpisodeOf(chunk_, c).text;
    const std::vector<absl::string_view> sentences = Sentences(text);
    // What stands across lines or sentences may be an order only as a whole.
    known = IsInstructionLike(text) || std::any_of(sentences.begin(), sentences.end(), IsInstructionLike);
  }
  return *known;
}

bool Orders::InAll(const Gist& gist) {
  return !gist.evidence.empty() &&
         std::all_of(gist.evidence.begin(), gist.evidence.end(), [&](const Citation& c) { return Has(c); });
}

}  // namespace slowwave
