#include "core/gist_screen.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/instruction_like.h"
#include "core/text.h"

namespace slowwave {
namespace {

// The sentences of `text` that a quote of it touches, and those beside them: what an order is about stands
// next to it.
std::vector<std::string> QuotedSentences(const std::string& text, const std::string& quote) {
  const std::string wanted = FoldText(quote);
  const std::vector<absl::string_view> all = Sentences(text);
  std::vector<std::string> touched;
  size_t done = 0;  // sentences before it are among them, or too far away
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string folded = FoldText(all[i]);
    if (folded.empty() || !(absl::StrContains(wanted, folded) || absl::StrContains(folded, wanted))) continue;
    for (done = std::max(done, i - std::min<size_t>(i, 1)); done < std::min(all.size(), i + 2); ++done) {
      touched.emplace_back(all[done]);
    }
  }
  // What stands across lines or sentences may be an order only as a whole.
  touched.push_back(quote);
  return touched;
}

bool IsCited(const Chunk& chunk, const Citation& c) {
  return c.memory >= 0 && static_cast<size_t>(c.memory) < chunk.memories.size();
}

const Episode& EpisodeOf(const Chunk& chunk, const Citation& c) {
  return *chunk.memories[static_cast<size_t>(c.memory)].episode;
}

bool CitesAnOrder(const Gist& gist, const Chunk& chunk) {
  // What cites nothing of its own is judged by the gist alone.
  if (gist.guessed) return false;
  for (const Citation& c : gist.evidence) {
    if (!IsCited(chunk, c)) continue;
    const std::vector<std::string> sentences = QuotedSentences(EpisodeOf(chunk, c).text, c.quote);
    if (std::any_of(sentences.begin(), sentences.end(), [](const auto& s) { return IsInstructionLike(s); }))
      return true;
  }
  return false;
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
    if (absl::StrContains(slug, subject)) return true;
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

}  // namespace

Screening Screen(const Gist& gist, const Chunk& chunk, const Registry& registry) {
  if (!gist.defect.empty()) return {"malformed", gist.defect};
  if (IsInstructionLike(gist.text) || (gist.value && IsInstructionLike(*gist.value))) {
    return {"instruction_like", "the statement reads as an order or a prompt"};
  }
  if (CitesAnOrder(gist, chunk)) return {"instruction_like", "what it quotes reads as an order or a prompt"};
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
  if (nobody || (parts->subject != user && !IsNamed(parts->subject, gist, chunk))) {
    return {"foreign_subject", parts->subject};
  }
  return {};
}

}  // namespace slowwave
