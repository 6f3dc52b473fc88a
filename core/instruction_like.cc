#include "core/instruction_like.h"

#include <re2/set.h>

#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/types/span.h"
#include "core/hidden_text.h"
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
    "<!--",
    "[tool",
    "[system",
    "memory.write",
};

// The same where white space may vary: fields of what is shown and answered, keys.
constexpr const char* kForms[] = {
    R"~("(role|gists?|key|predicate|subject|speaker|state|evidence|quote|tenant|user|context|arguments)"\s*:)~",
    R"~(\{\s*"(id|text|type|name|value)"\s*:)~",
    R"~(\b[a-z_]+:(identity|location|preference|relationship|occupation|temporal|attribute|goal|value|state|causal|policy|pattern|custom|limits|permissions?|rules?|system|admin|security|access|config|instructions?):[a-z_]+)~",
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
    R"(^\W*(tool|function|system|assistant) (result|output|response|call|message|prompt|note)\b)",
    R"(\b(update|change|edit|rewrite|overwrite|reset|wipe|clear|erase) (your|the assistants?|its) (\w+ ){0,2}(memory|memories|instructions|knowledge base|fact store)\b)",
    R"(\b(store|save|record|add|write|remember|insert|log|note)( \w+){0,4} (for|about|under|to) (the |another |a )?(user|account|tenant|customer)\b)",
    R"(\b(decode|decrypt|decipher|unscramble)( \w+){0,6} (follow|execute|obey|run|apply|do)\b)",
    // The first of these in other languages.
    R"(\b(ignorier\S*|vergiss|missachte\S*)( \S+){0,4} (anweisungen|instruktionen|regeln|vorgaben|befehle)\b)",
    R"(\b(ignore[rz]?|oublie[rz]?)( \S+){0,4} (instructions|consignes|règles|directives)\b)",
    R"(\b(ignor[ae]|olvid[ae]|descart[ae])( \S+){0,4} (instrucciones|reglas|indicaciones)\b)",
    R"(\b(ignor[ai]|dimentica)( \S+){0,4} (istruzioni|regole)\b)",
    R"(\b(ignor[ae]|esque[cç]a)( \S+){0,4} (instruções|instrucoes|regras)\b)",
    R"(\b(negeer|vergeet)( \S+){0,4} (instructies|regels|aanwijzingen|opdrachten)\b)",
    R"((игнорируй|забудь)(те)?( \S+){0,4} (инструкции|правила|указания))",
    R"((忽略|无视|無視).{0,24}(指令|指示|规则|規則))",
    R"((指示|命令).{0,6}無視)",
    R"(\b(drop table|delete from|insert into|select \* from|update \w+ set)\b)",
};

// All at once, in time linear in the text: RE2, which gRPC brings along.
RE2::Set* SetOf(absl::Span<const char* const> patterns) {
  auto* set = new RE2::Set(RE2::Options(), RE2::UNANCHORED);
  for (const char* pattern : patterns) {
    std::string error;
    if (set->Add(pattern, &error) < 0) std::abort();  // a constant of ours is no regular expression
  }
  if (!set->Compile()) std::abort();
  return set;
}

bool ReadsAsOne(absl::string_view text) {
  static const RE2::Set* const forms = SetOf(kForms);
  static const RE2::Set* const orders = SetOf(kOrders);
  const std::string folded = FoldText(text);
  for (const char* mark : kMarks) {
    if (absl::StrContains(folded, mark)) return true;
  }
  if (forms->Match(folded, nullptr)) return true;
  // Marks between words, so that commas do not hide an order.
  std::string plain;
  for (const char c : folded) {
    const bool mark = absl::StrContains(",;!?.\"()[]{}*#>_-", absl::string_view(&c, 1));
    if (!mark) plain.push_back(c);
    if (mark && !plain.empty() && plain.back() != ' ') plain.push_back(' ');
  }
  return orders->Match(plain, nullptr);
}

}  // namespace

bool IsInstructionLike(absl::string_view text) {
  if (ReadsAsOne(text) || IsSpelledOut(text)) return true;
  for (const std::string& hidden : HiddenTexts(text)) {
    if (ReadsAsOne(hidden)) return true;
  }
  return false;
}

}  // namespace slowwave
