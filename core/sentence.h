// A sentence as the extractor's rules see it: tokens with their place in the text. Pure functions over
// values.
#ifndef SLOWWAVE_CORE_SENTENCE_H_
#define SLOWWAVE_CORE_SENTENCE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace slowwave {

// A word, part of a contraction or a punctuation mark. "I'm" gives `i` and `am`, "don't" `do` and `not`,
// "Anna's" `anna` and `'s`. What stands in brackets or double quotes gives no tokens: it is an aside, or
// another's words.
struct Token {
  std::string word;           // case folded, apostrophes plain
  size_t begin = 0, end = 0;  // bytes of the sentence's text
  bool capital = false;
  bool punct = false;
  bool time = false;  // within a phrase that says when: 'these days', 'last week', 'in March 2023'
};

// A day, month or year that the sentence names.
struct NamedDate {
  enum class Role { kAt, kSince, kUntil };
  size_t begin = 0, end = 0;  // tokens
  Role role = Role::kAt;
  absl::Time start;
  bool has_year = false;  // else the year was taken from the episode's date
};

struct Sentence {
  absl::string_view text;
  std::vector<Token> tokens;
  std::vector<NamedDate> dates;
  bool question = false;
  bool has_capitals = false;  // beyond its first letter and `I`; else case says nothing about names

  // The words of tokens [begin, end) as they stand in the text.
  absl::string_view Words(size_t begin, size_t end) const;
  bool Is(size_t token, absl::string_view word) const {
    return token < tokens.size() && tokens[token].word == word;
  }
};

// At most this many tokens of one sentence are read; the rest of it is left out.
inline constexpr size_t kMaxSentenceTokens = 120;

// `said_at` resolves months without a year: the latest that is not after it.
Sentence Tokenize(absl::string_view text, absl::Time said_at);

// 1..12 for an English month or its usual short form, else 0. `word` is case folded.
int MonthOf(absl::string_view word);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_SENTENCE_H_
