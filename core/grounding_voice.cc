#include "core/grounding_voice.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "core/sentence.h"
#include "core/text.h"

namespace slowwave {
namespace {

using WordSet = absl::flat_hash_set<std::string>;

bool IsOneOf(const WordSet& set, const std::string& word) { return set.contains(word); }

bool IsFirstPerson(const std::string& word) {
  static const auto* const kWords = new WordSet{"i", "my", "we", "our", "im", "ive"};
  return IsOneOf(*kWords, word);
}

bool IsSecondPerson(const std::string& word) {
  static const auto* const kWords =
      new WordSet{"you", "your", "yours", "yourself", "u", "youre", "ur", "congrats", "congratulations"};
  return IsOneOf(*kWords, word);
}

// What stands before the name of somebody who is greeted, thanked or answered.
bool IsInterjection(const std::string& word) {
  static const auto* const kWords = new WordSet{
      "hey",        "hi",         "hello",   "thanks",  "thank", "you",  "wow",    "yeah",  "yep",
      "yes",        "no",         "nope",    "oh",      "ah",    "aw",   "cool",   "great", "sure",
      "right",      "nice",       "okay",    "ok",      "bye",   "well", "sorry",  "dear",  "so",
      "absolutely", "definitely", "totally", "morning", "true",  "gosh", "exactly"};
  return IsOneOf(*kWords, word);
}

// 'Hey Ann!', 'Thanks, Ann.', 'Ann, have you ...'.
bool IsAddressed(const Sentence& sentence, size_t token) {
  const bool opens =
      token == 0 || sentence.tokens[token - 1].punct || IsInterjection(sentence.tokens[token - 1].word);
  const bool ends = token + 1 == sentence.tokens.size() || sentence.tokens[token + 1].punct;
  return opens && ends;
}

// The name, or a short form of it.
bool Names(const Token& token, const std::string& name) {
  return token.word == name ||
         (token.capital && absl::StartsWith(name, token.word) && IsFormOf(token.word, name));
}

// 'thanks for', 'thank you for': what the other has done.
bool IsThanksFor(const Sentence& sentence, size_t token) {
  return sentence.Is(token, "for") &&
         ((token >= 1 && sentence.Is(token - 1, "thanks")) ||
          (token >= 2 && sentence.Is(token - 2, "thank") && sentence.Is(token - 1, "you")));
}

void AddStems(const std::string& word, WordSet& stems) {
  stems.insert(StemOf(word));
  if (!absl::StrContains(word, '-')) return;
  for (const std::string& part : Words(word)) stems.insert(StemOf(part));
}

}  // namespace

bool MaySpeakOf(const Claims& claims, const Episode& episode) {
  const std::string speaker = FoldText(episode.speaker);
  if (claims.subject.empty() || speaker.empty() || speaker == claims.subject || claims.content.empty())
    return true;
  WordSet claimed;
  for (const std::string& word : claims.content) AddStems(word, claimed);
  const std::vector<std::string> names = Words(claims.subject);
  int of_speaker = 0, of_subject = 0;
  for (const absl::string_view text : Sentences(episode.text)) {
    const Sentence sentence = Tokenize(text, episode.occurred_at);
    if (absl::EndsWith(text, "?")) continue;
    bool about_subject = false;
    WordSet seen;
    for (size_t i = 0; i < sentence.tokens.size(); ++i) {
      const Token& token = sentence.tokens[i];
      if (token.punct) continue;
      if (IsFirstPerson(token.word)) {
        about_subject = false;
      } else if (IsSecondPerson(token.word) || IsThanksFor(sentence, i) ||
                 (!names.empty() && Names(token, names.front()) && !IsAddressed(sentence, i))) {
        about_subject = true;
      }
      WordSet stems;
      AddStems(token.word, stems);
      for (const std::string& stem : stems) {
        if (claimed.contains(stem) && seen.insert(stem).second) ++(about_subject ? of_subject : of_speaker);
      }
    }
  }
  return of_subject > of_speaker;
}

}  // namespace slowwave
