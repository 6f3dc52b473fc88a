#include "core/gist_screen.h"

#include <re2/set.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/text.h"

namespace slowwave {
namespace {

// Pieces of prompts, tool calls and replies, as folded text shows them.
constexpr const char* kMarks[] = {
    "<|",
    "|>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "</system>",
    "<system>",
    "\"role\":",
    "\"gists\"",
    "\"tool_calls\"",
    "\"function\":",
    "### instruction",
    "### system",
    "system prompt",
    "system message",
    "developer message",
    "begin system",
    "end of prompt",
    "jailbreak",
    "tool_call",
    "function_call",
    "<tool",
    "<assistant>",
    "valid_from\"",
    "\"evidence\":",
};

// Orders to whoever reads the memory. Whole words of folded text without punctuation.
constexpr const char* kOrders[] = {
    R"(\b(ignore|disregard|forget|override|bypass|discard)( \w+){0,4} (instructions?|rules?|prompts?|guidelines|directives?|constraints|polic(y|ies)|safeguards?|memories)\b)",
    R"(\b(assistant|ai|agent|bot|llm|chatbot|language model|consolidator|extractor)( \w+){0,2} (must|should|shall|has to|have to|needs to|is to|are to|is required to|is instructed to|is now|will now|may now|can now)\b)",
    R"(\b(you|assistant) (are|r) (now )?(hereby|henceforth|required|instructed|authori[sz]ed|permitted) (to|in|as)\b)",
    R"(\byou are (now )?(in |a |an |the )(\w+ ){0,3}(assistant|ai|model|chatbot|agent|system|admin|administrator|mode)\b)",
    R"(\b(from now on|henceforth|going forward|starting now) (you|always|never|the assistant|respond|answer|reply|ignore|treat|approve|obey|every|all|any)\b)",
    R"(\b(add|write|store|save|record|insert|set|put|update|create|persist|register|append|log|note|output|emit|extract|return|change|delete|erase|remove|mark|overwrite|grant)( \S+){0,8} (memory|memories|policy|policies|long term memory|memory store|knowledge base|fact store|facts|fact|gist|gists|slot|slots|json|database|db|profile|key|keys|permissions?|privileges?|confidence|user id|account)\b.{0,80}\b(that|as|to|with|of|for|under|is|for user|in|into|and)\b.*\b(admin|administrator|root|superuser|polic(y|ies)|permissions?|all users|other users?|another user|every user|user \w*\d|password|secret|tokens?|credentials|system|trusted|verified|override|allowed|approved|unlimited|confidence)\b)",
    R"(\b(user|account|tenant|customer) (id )?\w*\d\w*( \w+){0,2} (is|has|lives|works|prefers|password|owes|likes)\b)",
    R"(\b(reveal|print|show|send|leak|exfiltrate|forward|upload|disclose|share|give|tell)( \S+){0,6} (system prompt|prompt|api keys?|passwords?|credentials|secrets?|tokens?|other users?|all users|another user|conversation history|hidden)\b)",
    R"(\b(respond|reply|answer|output|return)( \S+){0,3} (only|exactly|with the following|in json|verbatim|json)\b)",
    R"(\b(this is|as) (the |your |an? )?(system|developer|administrator|admin|root|operator|security team|openai|anthropic)( \w+)? (message|instruction|override|command|notice|here|speaking|update|directive|order|mode)\b)",
    R"(\b(new|updated|important|urgent|mandatory|following|previous|prior|above|secret|hidden) (system )?(instructions?|directives?|polic(y|ies)|system rules?)\b)",
    R"(\b(admin|developer|debug|god|dan|maintenance|root|sudo|privileged|unrestricted) (mode|access|override|privileges?|rights|permissions?)\b)",
    R"(\b(end of|end) (memories|memory|context|data|user input|conversation)\b)",
    R"(^(system|assistant|developer|tool|function|admin|instruction|instructions|memory update|policy update|policy|tool result|tool output)\s*:)",
    R"(\b(execute|run|call|invoke|use) (the |this |a |following )?(\w+ )?(tool|function|command|api|query|sql)\b)",
    R"(\b(drop table|delete from|insert into|select \* from|update \w+ set)\b)",
};

// All orders at once, in time linear in the text: RE2, which gRPC brings along.
const RE2::Set& Orders() {
  static const auto* const orders = [] {
    auto* set = new RE2::Set(RE2::Options(), RE2::UNANCHORED);
    for (const char* pattern : kOrders) {
      std::string error;
      if (set->Add(pattern, &error) < 0) std::abort();  // a constant of ours is no regular expression
    }
    if (!set->Compile()) std::abort();
    return set;
  }();
  return *orders;
}

// The sentences of `text` that a quote of it touches.
std::vector<std::string> QuotedSentences(const std::string& text, const std::string& quote) {
  const std::string wanted = FoldText(quote);
  std::vector<std::string> touched;
  for (const absl::string_view sentence : Sentences(text)) {
    const std::string folded = FoldText(sentence);
    if (!folded.empty() && (absl::StrContains(wanted, folded) || absl::StrContains(folded, wanted)))
      touched.emplace_back(sentence);
  }
  if (touched.empty()) touched.push_back(quote);
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
  for (const ChunkMemory& memory : chunk.memories) {
    if (Slug(memory.episode->speaker) == subject) return true;
  }
  for (const Episode* episode : chunk.context) {
    if (Slug(episode->speaker) == subject) return true;
  }
  return std::any_of(gist.evidence.begin(), gist.evidence.end(),
                     [&](const Citation& c) { return IsCited(chunk, c) && has(EpisodeOf(chunk, c).text); });
}

}  // namespace

bool IsInstructionLike(absl::string_view text) {
  std::string folded = FoldText(text);
  for (const char* mark : kMarks) {
    if (absl::StrContains(folded, mark)) return true;
  }
  // Marks between words, so that commas do not hide an order.
  std::string plain;
  for (const char c : folded) {
    const bool mark = absl::StrContains(",;!?.\"()[]{}*#>_-", absl::string_view(&c, 1));
    if (!mark) plain.push_back(c);
    if (mark && !plain.empty() && plain.back() != ' ') plain.push_back(' ');
  }
  return Orders().Match(plain, nullptr);
}

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
  if (parts->subject != user && !IsNamed(parts->subject, gist, chunk)) {
    return {"foreign_subject", parts->subject};
  }
  return {};
}

}  // namespace slowwave
