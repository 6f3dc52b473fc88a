#include "core/grounding_claims.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "core/lexicon.h"
#include "core/sentence.h"
#include "core/text.h"
#include "re2/re2.h"

namespace slowwave {
namespace {

constexpr size_t kPrefix = 5;      // letters of a stem
constexpr size_t kSlipLength = 7;  // of a name that may be spelled wrong where it was said

bool HasDigit(absl::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return absl::ascii_isdigit(c); });
}

constexpr std::array<absl::string_view, 21> kNumberWords = {
    "zero",     "one",     "two",     "three",     "four",     "five",     "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",   "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"};
constexpr std::array<absl::string_view, 13> kOrdinals = {"zeroth", "first",    "second",  "third",  "fourth",
                                                         "fifth",  "sixth",    "seventh", "eighth", "ninth",
                                                         "tenth",  "eleventh", "twelfth"};

// The value of '3', '3rd', 'three', 'third', '20k' as far as it is a whole number; else nothing.
std::optional<int> NumberOf(absl::string_view word) {
  for (size_t i = 0; i < kNumberWords.size(); ++i) {
    if (word == kNumberWords[i]) return static_cast<int>(i);
  }
  for (size_t i = 1; i < kOrdinals.size(); ++i) {
    if (word == kOrdinals[i]) return static_cast<int>(i);
  }
  if (word == "once") return 1;
  if (word == "twice" || word == "couple" || word == "pair" || word == "both") return 2;
  if (word == "dozen") return 12;
  size_t digits = 0;
  while (digits < word.size() && absl::ascii_isdigit(word[digits])) ++digits;
  int value = 0;
  if (digits == 0 || digits > 6 || !absl::SimpleAtoi(word.substr(0, digits), &value)) return std::nullopt;
  const absl::string_view tail = word.substr(digits);
  if (tail.empty() || tail == "st" || tail == "nd" || tail == "rd" || tail == "th" || tail == "s" ||
      tail == "k" || tail == "am" || tail == "pm" || tail == "km" || tail == "m" || tail == "yr" ||
      tail == "yrs")
    return value;
  return std::nullopt;
}

// 1..19, 20..90, 100 or 1000 if the word says so; else 0.
int SpelledOf(absl::string_view word) {
  static constexpr std::array<absl::string_view, 8> kTens = {"twenty", "thirty",  "forty",  "fifty",
                                                             "sixty",  "seventy", "eighty", "ninety"};
  for (size_t i = 1; i < 20; ++i) {
    if (word == kNumberWords[i]) return static_cast<int>(i);
  }
  for (size_t i = 0; i < kTens.size(); ++i) {
    if (word == kTens[i]) return static_cast<int>(i + 2) * 10;
  }
  return word == "hundred" ? 100 : word == "thousand" ? 1000 : 0;
}

struct SpelledNumber {
  int value = 0;
  size_t words = 0;  // that it takes; 0: there is none
};

// The number that begins at words[at]: 'forty', 'twenty five', 'two hundred and six', 'fifteen thousand'.
SpelledNumber SpelledAt(const std::vector<std::string>& words, size_t at) {
  int thousands = 0, rest = 0;
  size_t i = at;
  for (; i < words.size(); ++i) {
    const int one = SpelledOf(words[i]);
    const bool after_hundred = rest % 100 == 0;
    if (one == 0) {
      const bool joins = words[i] == "and" && i > at && after_hundred && i + 1 < words.size();
      if (joins && SpelledOf(words[i + 1]) > 0 && SpelledOf(words[i + 1]) < 100) continue;
      break;
    }
    if (one == 1000 && thousands == 0) {
      thousands = std::max(rest, 1) * 1000;
      rest = 0;
    } else if (one == 100 && rest < 100) {
      rest = std::max(rest, 1) * 100;
    } else if (one < 100 && (after_hundred || (one < 10 && rest % 10 == 0 && rest % 100 >= 20))) {
      rest += one;
    } else {
      break;
    }
  }
  return {thousands + rest, i - at};
}

// '1,500' as '1500'; the rest as it is.
std::string WithoutGrouping(std::string text) {
  static const auto* const kGrouped = new RE2(R"(\b(\d{1,3}),(\d{3})\b)");
  static const auto* const kMore = new RE2(R"(\b(\d{4,}),(\d{3})\b)");
  RE2::GlobalReplace(&text, *kGrouped, R"(\1\2)");
  while (RE2::Replace(&text, *kMore, R"(\1\2)")) {
  }
  return text;
}

// Brackets and double quotes of any kind made spaces.
std::string WithoutMarks(std::string text) {
  static constexpr const char* kMarks[] = {"(",      ")",      "[",      "]",      "{",      "}",
                                           "\"",     "\u201c", "\u201d", "\u201e", "\u201f", "\u00ab",
                                           "\u00bb", "\u2039", "\u203a", "\u2033", "\uff02"};
  for (const char* mark : kMarks) absl::StrReplaceAll({{mark, " "}}, &text);
  return text;
}

bool IsYear(int value) { return value >= 1900 && value <= 2100; }

std::string WithoutPossessive(absl::string_view word) {
  if (!absl::ConsumeSuffix(&word, "'s")) absl::ConsumeSuffix(&word, "'");
  return std::string(word);
}

int WeekdayOf(absl::string_view word) {
  static constexpr std::array<absl::string_view, 7> kDays = {"monday", "tuesday",  "wednesday", "thursday",
                                                             "friday", "saturday", "sunday"};
  for (size_t i = 0; i < kDays.size(); ++i) {
    if (word == kDays[i] || (word.size() == kDays[i].size() + 1 && absl::StartsWith(word, kDays[i])) ||
        (word.size() >= 3 && word.size() <= 4 && absl::StartsWith(kDays[i], word)))
      return static_cast<int>(i);
  }
  return -1;
}

// So much of `text` that not all tokens of a sentence can be in it: up to a space, if there is one.
absl::string_view FirstPiece(absl::string_view text) {
  if (text.size() <= kMaxSentenceTokens) return text;
  const size_t space = text.rfind(' ', kMaxSentenceTokens);
  if (space != absl::string_view::npos && space > 0) return text.substr(0, space);
  size_t end = kMaxSentenceTokens;
  while (end > 1 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// Capitalised words as they stand: a raw scan, since folding forgets case. Each with its folded form.
struct RawWord {
  std::string folded;
  bool capital = false;
  bool opens = false;  // first of a sentence
};

std::vector<RawWord> RawWords(absl::string_view text) {
  std::vector<RawWord> words;
  for (absl::string_view rest : Sentences(text)) {
    // A sentence is read no further than its first tokens, and here nothing may be left out.
    for (bool opens = true; !rest.empty();) {
      const absl::string_view piece = FirstPiece(rest);
      rest.remove_prefix(piece.size());
      const Sentence sentence = Tokenize(piece, absl::UnixEpoch());
      for (const Token& token : sentence.tokens) {
        if (token.punct) continue;
        words.push_back({token.word, token.capital, opens});
        opens = false;
      }
    }
  }
  return words;
}

// One letter left out, put in or another, or two swapped; both begin alike. Of ASCII words.
bool IsSlipOf(const std::string& said, const std::string& name) {
  if (said.empty() || said[0] != name[0]) return false;
  const bool longer = said.size() > name.size();
  const std::string &a = longer ? name : said, &b = longer ? said : name;
  if (b.size() - a.size() > 1) return false;
  size_t i = 0;
  while (i < a.size() && a[i] == b[i]) ++i;
  const auto same = [&](size_t from_a, size_t from_b) {
    return a.size() >= from_a && b.size() >= from_b && a.compare(from_a, std::string::npos, b, from_b) == 0;
  };
  if (a.size() != b.size()) return same(i, i + 1);
  const bool swapped = i + 1 < a.size() && a[i] == b[i + 1] && a[i + 1] == b[i] && same(i + 2, i + 2);
  return i == a.size() || same(i + 1, i + 1) || swapped;
}

// 'Ann supports Ann', 'Ann appreciates Ann's help': within a clause that begins with the name, it is somebody
// else's. But 'Ann visits Ann's mother' is her own.
bool TellsOfItself(absl::string_view text, const std::string& name) {
  static const auto* const kClause = new absl::flat_hash_set<std::string>{
      "and", "but", "while", "when", "because", "so", "which", "who", "that"};
  for (const absl::string_view part : Sentences(text)) {
    const Sentence sentence = Tokenize(part, absl::UnixEpoch());
    bool subject = false, says_little = true;
    for (size_t i = 0; i < sentence.tokens.size(); ++i) {
      const Token& token = sentence.tokens[i];
      const bool possessive = sentence.Is(i + 1, "'s");
      if (token.word == name) {
        if (subject && (!possessive || says_little)) return true;
        subject = i == 0 && !possessive;
      } else if (token.punct || kClause->contains(token.word)) {
        subject = false;
      } else {
        says_little &= lexicon::IsStopWord(token.word) || lexicon::IsWeakClaim(token.word);
      }
    }
  }
  return false;
}

}  // namespace

std::vector<std::string> SpeakersOf(const Chunk& chunk) {
  std::vector<std::string> speakers;
  const auto add = [&](const Episode& episode) {
    std::string folded = FoldText(episode.speaker);
    if (!folded.empty() && std::find(speakers.begin(), speakers.end(), folded) == speakers.end()) {
      speakers.push_back(std::move(folded));
    }
  };
  for (const ChunkMemory& memory : chunk.memories) add(*memory.episode);
  for (const Episode* episode : chunk.context) add(*episode);
  return speakers;
}

bool IsFormOf(absl::string_view word, absl::string_view name) {
  if (word == name) return true;
  if (std::min(word.size(), name.size()) < 3 || lexicon::IsStopWord(word)) return false;
  return absl::StartsWith(word, name) || absl::StartsWith(name, word);
}

std::string StemOf(absl::string_view word) {
  size_t bytes = 0;
  for (size_t letters = 0; bytes < word.size() && letters < kPrefix; ++letters) {
    ++bytes;
    while (bytes < word.size() && (static_cast<unsigned char>(word[bytes]) & 0xC0) == 0x80) ++bytes;
  }
  return std::string(word.substr(0, bytes));
}

Claims ClaimsOf(const Gist& gist, const std::vector<std::string>& speakers) {
  Claims claims;
  absl::flat_hash_set<std::string> speaker_words{"user"};
  for (const std::string& speaker : speakers) {
    for (const std::string& word : Words(speaker)) speaker_words.insert(word);
  }
  const auto is_speaker = [&](const std::string& word) {
    return speaker_words.contains(WithoutPossessive(word));
  };
  std::vector<std::string> subject_words = Words(gist.subject);
  const auto speaking = std::count_if(subject_words.begin(), subject_words.end(), is_speaker);
  const bool speaks = speaking == static_cast<std::ptrdiff_t>(subject_words.size());
  // 'Ann's allergy to nuts' claims something by itself.
  if (speaking > 0 && !speaks) subject_words.clear();
  std::string text = gist.text;
  if (gist.value && !absl::StrContains(FoldText(text), FoldText(*gist.value)))
    absl::StrAppend(&text, "\n", *gist.value);

  absl::flat_hash_set<std::string> seen, named;
  if (gist.value) {
    const std::vector<std::string> words = Words(*gist.value);
    for (const std::string& word : words) {
      if (!lexicon::IsStopWord(word) && !is_speaker(word)) claims.value.push_back(word);
    }
    if (std::all_of(words.begin(), words.end(), is_speaker)) named.insert(words.begin(), words.end());
  }
  // Brackets and quotes are claims too here, so their marks go and their words stay.
  text = WithoutMarks(WithoutGrouping(std::move(text)));
  const std::vector<RawWord> words = RawWords(text);
  std::vector<std::string> folded;
  for (const RawWord& word : words) folded.push_back(word.folded);
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i].folded;
    const std::vector<std::string> parts = Words(word);
    SpelledNumber spelled = SpelledAt(folded, i);
    if (parts.size() > 1 && SpelledAt(parts, 0).words == parts.size())
      spelled = {SpelledAt(parts, 0).value, 1};
    if (spelled.value > 20) {
      claims.numbers.push_back(absl::StrCat(spelled.value));
      i += spelled.words - 1;
      continue;
    }
    const std::optional<int> number = NumberOf(word);
    if (HasDigit(word) || (number && *number > 2 && !absl::StartsWith(word, "second"))) {
      if (number && IsYear(*number) && word.size() == 4) {
        claims.years.push_back(*number);
      } else if (number && *number <= 31 &&
                 ((i > 0 && words[i - 1].capital && MonthOf(words[i - 1].folded) != 0) ||
                  (i + 1 < words.size() && words[i + 1].capital && MonthOf(words[i + 1].folded) != 0) ||
                  (i + 2 < words.size() && words[i + 1].folded == "of" &&
                   MonthOf(words[i + 2].folded) != 0))) {
        claims.days.push_back(*number);
      } else {
        claims.numbers.push_back(word);
      }
      continue;
    }
    // 'Ann is called Ann': the name is what is claimed.
    if (is_speaker(word) && named.contains(word) && seen.insert(StemOf(word)).second)
      claims.content.push_back(word);
    if (is_speaker(word) || word == "'s") continue;
    const int month = words[i].capital ? MonthOf(word) : 0;
    const bool beside_number = (i > 0 && HasDigit(words[i - 1].folded)) ||
                               (i + 1 < words.size() && HasDigit(words[i + 1].folded)) ||
                               (i > 0 && words[i - 1].folded == "in");
    const bool is_word = word == "may" || word == "march" || word.size() == 3;
    if (month != 0 && (!is_word || beside_number)) {
      claims.months.push_back(month);
      continue;
    }
    const bool named_subject =
        words[i].opens && std::find(subject_words.begin(), subject_words.end(), word) != subject_words.end();
    if (words[i].capital && (!words[i].opens || named_subject) && word != "i" && WeekdayOf(word) < 0) {
      claims.names.push_back(WithoutPossessive(word));
    }
    // To name somebody is to claim nothing of them yet.
    const bool is_subject =
        std::find(subject_words.begin(), subject_words.end(), WithoutPossessive(word)) != subject_words.end();
    if (!is_subject && !lexicon::IsStopWord(word) && WeekdayOf(word) < 0 && seen.insert(StemOf(word)).second)
      claims.content.push_back(word);
  }
  // A subject that is no speaker must be named all the same.
  if (!speaks) claims.names.insert(claims.names.end(), subject_words.begin(), subject_words.end());
  // Told of the first speaker in the text, else of the gist's subject.
  for (const std::string& word : Words(text)) {
    for (const std::string& speaker : speakers) {
      const std::vector<std::string> names = Words(speaker);
      if (names.empty() || names[0] != WithoutPossessive(word)) continue;
      if (claims.subject.empty()) claims.subject = speaker;
      claims.names_several |= claims.subject != speaker;
    }
  }
  if (claims.subject.empty() && speaking > 0) {
    const std::string first = WithoutPossessive(Words(gist.subject).front());
    for (const std::string& speaker : speakers) {
      const std::vector<std::string> names = Words(speaker);
      if (!names.empty() && names.front() == first) claims.subject = speaker;
    }
  }
  if (!claims.subject.empty() && claims.subject != "user" && named.empty()) {
    claims.of_itself = TellsOfItself(gist.text, Words(claims.subject).front());
  }
  const auto add_time = [&](const std::optional<absl::Time>& time) {
    if (!time) return;
    const absl::CivilDay day = absl::ToCivilDay(*time, absl::UTCTimeZone());
    claims.years.push_back(static_cast<int>(day.year()));
    if (day.month() != 1) claims.months.push_back(day.month());
    if (day.day() != 1) claims.days.push_back(day.day());
  };
  add_time(gist.valid_from);
  add_time(gist.valid_to);
  return claims;
}

void WordBag::Add(const Episode& episode) {
  const std::vector<std::string> words = Words(WithoutGrouping(episode.text));
  for (const std::string& word : words) {
    words_.insert(word);
    words_.insert(WithoutPossessive(word));
    prefixes_.insert(StemOf(word));
    if (const std::optional<int> number = NumberOf(word)) numbers_.insert(absl::StrCat(*number));
    if (HasDigit(word)) numbers_.insert(word);
  }
  for (size_t i = 0; i < words.size(); ++i) {
    const SpelledNumber spelled = SpelledAt(words, i);
    if (spelled.words > 0) numbers_.insert(absl::StrCat(spelled.value));
  }
  AddDates(episode, words);
}

void WordBag::AddDates(const Episode& episode, const std::vector<std::string>& words) {
  const absl::CivilDay said = absl::ToCivilDay(episode.occurred_at, absl::UTCTimeZone());
  const auto add = [&](absl::CivilDay day) {
    years_.insert(static_cast<int>(day.year()));
    months_.insert(day.month());
    days_.insert(day.day());
  };
  const auto add_range = [&](int from, int to) {
    for (int d = from; d <= to; ++d) add(said + d);
  };
  add(said);
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& w = words[i];
    const std::string next = i + 1 < words.size() ? words[i + 1] : "";
    const std::optional<int> number = NumberOf(w);
    if (number && IsYear(*number)) years_.insert(*number);
    if (number && *number >= 1 && *number <= 31) days_.insert(*number);
    if (const int month = MonthOf(w)) months_.insert(month);
    if (w == "yesterday" || w == "tomorrow" || w == "tonight") add_range(-1, 1);
    if (WeekdayOf(w) >= 0 || w == "weekend" || w == "recently" || w == "lately" || w == "just")
      add_range(-9, 9);
    if (w == "week" || w == "weeks") add_range(-15, 15);
    if (w == "month" || w == "months" || w == "soon") {
      for (int m = -2; m <= 2; ++m) {
        const absl::CivilMonth month = absl::CivilMonth(said) + m;
        months_.insert(month.month());
        years_.insert(static_cast<int>(month.year()));
      }
    }
    const int year = static_cast<int>(said.year());
    if (w == "last" || w == "past" || w == "previous" || w == "ago") years_.insert(year - 1);
    if (w == "next" || w == "coming" || w == "upcoming") years_.insert(year + 1);
    const bool unit_is_year = absl::StartsWith(next, "year") || absl::StartsWith(next, "yr");
    const int count = number.value_or(w == "few" ? 3 : w == "couple" ? 2 : 0);
    if (unit_is_year && count > 0 && count < 100) {
      years_.insert(year - count);
      years_.insert(year + count);
      if (w == "few") years_.insert({year - 2, year - 4});
    }
    if (absl::StartsWith(next, "month") && count > 0 && count <= 24) {
      for (const int sign : {-1, 1}) {
        const absl::CivilMonth month = absl::CivilMonth(said) + sign * count;
        months_.insert(month.month());
        years_.insert(static_cast<int>(month.year()));
      }
    }
    if ((absl::StartsWith(next, "day") || absl::StartsWith(next, "week")) && count > 0 && count < 60) {
      const int unit = next[0] == 'd' ? 1 : 7;
      for (int d = -2; d <= 2; ++d) {
        add(said - count * unit + d);
        add(said + count * unit + d);
      }
    }
  }
}

bool WordBag::HasName(const std::string& name) const {
  if (words_.contains(name)) return true;
  // A hyphenated name may be written apart, a plural or an adjective of it begins alike.
  if (name.find('-') != std::string::npos) {
    const std::vector<std::string> parts = Words(name);
    return std::all_of(parts.begin(), parts.end(),
                       [&](const std::string& part) { return words_.contains(part); });
  }
  if (name.size() >= kPrefix && prefixes_.contains(StemOf(name))) return true;
  if (name.size() >= kSlipLength) {
    return std::any_of(words_.begin(), words_.end(),
                       [&](const std::string& said) { return IsSlipOf(said, name); });
  }
  if (name.size() >= kPrefix) return false;
  if (words_.contains(absl::StrCat(name, "s"))) return true;
  return name.size() > 2 && name.back() == 's' && words_.contains(name.substr(0, name.size() - 1));
}

bool WordBag::HasNumber(const std::string& number) const {
  if (numbers_.contains(number) || words_.contains(number)) return true;
  if (const std::optional<int> value = NumberOf(number)) return numbers_.contains(absl::StrCat(*value));
  // '10-year-old', '1,200', '3.5': all its figures must be there.
  const std::vector<std::string> parts = Words(number);
  return parts.size() > 1 && std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
           return !HasDigit(part) || numbers_.contains(part) || HasNumber(part);
         });
}

bool WordBag::HasContent(const std::string& word) const {
  if (prefixes_.contains(StemOf(word))) return true;
  if (word.find('-') == std::string::npos) return false;
  const std::vector<std::string> parts = Words(word);
  return std::any_of(parts.begin(), parts.end(),
                     [&](const std::string& part) { return prefixes_.contains(StemOf(part)); });
}

}  // namespace slowwave
