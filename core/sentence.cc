#include "core/sentence.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "core/text.h"

namespace slowwave {
namespace {

bool IsAsciiText(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// The length of the character at `i`, and what it counts as. Non-ASCII letters, marks and digits are words;
// typographic quotes and dashes are what they stand for.
enum class Kind { kWord, kApostrophe, kQuote, kHyphen, kDash, kOpen, kClose, kSpace, kPunct };

struct Character {
  Kind kind;
  size_t length;
};

Character CharacterAt(absl::string_view text, size_t i) {
  const auto c = static_cast<unsigned char>(text[i]);
  if (c < 0x80) {
    if (absl::ascii_isalnum(c) || c == '_') return {Kind::kWord, 1};
    if (absl::ascii_isspace(c) || absl::ascii_iscntrl(c)) return {Kind::kSpace, 1};
    switch (c) {
      case '\'':
      case '`':
        return {Kind::kApostrophe, 1};
      case '"':
        return {Kind::kQuote, 1};
      case '-':
        return {Kind::kHyphen, 1};
      case '(':
      case '[':
      case '{':
        return {Kind::kOpen, 1};
      case ')':
      case ']':
      case '}':
        return {Kind::kClose, 1};
      default:
        return {Kind::kPunct, 1};
    }
  }
  const size_t length = std::min<size_t>(c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2, text.size() - i);
  if (length == 2 && c == 0xC2) {
    const auto d = static_cast<unsigned char>(text[i + 1]);
    return {d == 0xA0 ? Kind::kSpace : d == 0xAB || d == 0xBB ? Kind::kQuote : Kind::kPunct, 2};
  }
  if (length == 3 && c == 0xE2 && static_cast<unsigned char>(text[i + 1]) == 0x80) {
    const auto d = static_cast<unsigned char>(text[i + 2]);
    if (d >= 0x90 && d <= 0x92) return {Kind::kHyphen, 3};
    if (d >= 0x93 && d <= 0x95) return {Kind::kDash, 3};
    if (d >= 0x98 && d <= 0x9B) return {Kind::kApostrophe, 3};
    if (d >= 0x9C && d <= 0x9F) return {Kind::kQuote, 3};
    return {d <= 0x8F || d == 0xAF ? Kind::kSpace : Kind::kPunct, 3};
  }
  if (length == 4 || (length == 3 && c == 0xE2)) return {Kind::kPunct, length};  // pictures, symbols
  return {Kind::kWord, length};
}

class Tokenizer {
 public:
  Tokenizer(absl::string_view text, std::vector<Token>& tokens) : text_(text), tokens_(tokens) {}

  void Run() {
    size_t i = 0;
    while (i < text_.size() && tokens_.size() < kMaxSentenceTokens) {
      const Character c = CharacterAt(text_, i);
      switch (c.kind) {
        case Kind::kWord:
          i = Word(i);
          break;
        case Kind::kOpen:
          i = SkipBrackets(i);
          break;
        case Kind::kQuote:
          i = SkipQuoted(i + c.length);
          break;
        case Kind::kHyphen:
        case Kind::kDash:
          Punct("-", i, i + c.length);
          i += c.length;
          break;
        case Kind::kPunct:
          Punct(c.length == 1 ? absl::string_view(text_.data() + i, 1) : "*", i, i + c.length);
          i += c.length;
          break;
        default:
          i += c.length;
      }
    }
  }

 private:
  void Punct(absl::string_view mark, size_t begin, size_t end) {
    Token token;
    token.word = std::string(mark);
    token.begin = begin;
    token.end = end;
    token.punct = true;
    tokens_.push_back(std::move(token));
  }

  void Add(std::string word, size_t begin, size_t end, bool capital) {
    Token token;
    token.word = std::move(word);
    token.begin = begin;
    token.end = end;
    token.capital = capital;
    tokens_.push_back(std::move(token));
  }

  // An aside in brackets; to the end of the sentence if it is never closed.
  size_t SkipBrackets(size_t i) {
    int depth = 0;
    for (; i < text_.size();) {
      const Character c = CharacterAt(text_, i);
      i += c.length;
      if (c.kind == Kind::kOpen) ++depth;
      if (c.kind == Kind::kClose && --depth <= 0) return i;
    }
    return i;
  }

  // What is quoted leaves a mark, so that no rule reads across it. An unpaired quote mark is dropped.
  size_t SkipQuoted(size_t begin) {
    for (size_t i = begin; i < text_.size();) {
      const Character c = CharacterAt(text_, i);
      i += c.length;
      if (c.kind == Kind::kQuote) {
        Punct("\"", begin, i);
        return i;
      }
    }
    return begin;
  }

  size_t Word(size_t begin) {
    size_t end = begin, apostrophe = 0, apostrophe_end = 0;
    for (size_t i = begin; i < text_.size();) {
      const Character c = CharacterAt(text_, i);
      const bool more = i + c.length < text_.size() && CharacterAt(text_, i + c.length).kind == Kind::kWord;
      if (c.kind == Kind::kWord) {
        end = i += c.length;
      } else if (c.kind == Kind::kApostrophe && more && apostrophe == 0) {
        apostrophe = i;
        end = i += c.length;
        apostrophe_end = i;
      } else if (c.kind == Kind::kHyphen && more) {
        end = i += c.length;
      } else if (text_[i] == '.' && end - begin == 2 &&
                 absl::EqualsIgnoreCase(text_.substr(begin, 2), "st")) {
        end = i + 1;  // 'St. Louis'
        break;
      } else {
        break;
      }
    }
    const bool capital = IsCapital(begin);
    if (apostrophe == 0) {
      Add(Lower(begin, text_[end - 1] == '.' ? end - 1 : end), begin, end, capital);
    } else {
      Contraction(begin, end, apostrophe, apostrophe_end, capital);
    }
    return end;
  }

  void Contraction(size_t begin, size_t end, size_t apostrophe, size_t apostrophe_end, bool capital) {
    std::string head = Lower(begin, apostrophe);
    const std::string tail = Lower(apostrophe_end, end);
    if (tail == "t" && head.size() > 1 && head.back() == 'n') {
      // "can't", "won't", "don't": the negation is a word of its own.
      if (head == "can" || head == "won") {
        head = head == "won" ? "will" : "can";
      } else {
        head.pop_back();
      }
      Add(head, begin, apostrophe, capital);
      Add("not", apostrophe, end, false);
      return;
    }
    static const auto* kTails = new absl::flat_hash_map<std::string, std::string>{
        {"m", "am"}, {"ve", "have"}, {"re", "are"}, {"ll", "will"}, {"d", "'d"}, {"s", "'s"}};
    const auto it = kTails->find(tail);
    if (it == kTails->end()) {
      Add(absl::StrCat(head, "'", tail), begin, end, capital);
      return;
    }
    Add(head, begin, apostrophe, capital);
    Add(it->second, apostrophe, end, false);
  }

  std::string Lower(size_t begin, size_t end) const {
    const absl::string_view word = text_.substr(begin, end - begin);
    return IsAsciiText(word) ? absl::AsciiStrToLower(word) : FoldText(word);
  }

  bool IsCapital(size_t begin) const {
    const auto c = static_cast<unsigned char>(text_[begin]);
    if (c < 0x80) return absl::ascii_isupper(c);
    const absl::string_view first = text_.substr(begin, CharacterAt(text_, begin).length);
    return FoldText(first) != first;
  }

  absl::string_view text_;
  std::vector<Token>& tokens_;
};

bool InSet(const absl::flat_hash_set<absl::string_view>& set, absl::string_view word) {
  return set.contains(word);
}

const absl::flat_hash_set<absl::string_view>& Units() {
  static const auto* kUnits = new absl::flat_hash_set<absl::string_view>{
      "second",  "seconds",  "minute",     "minutes",    "hour",     "hours",     "day",       "days",
      "night",   "nights",   "week",       "weeks",      "weekend",  "weekends",  "fortnight", "month",
      "months",  "year",     "years",      "yrs",        "decade",   "decades",   "morning",   "mornings",
      "evening", "evenings", "afternoon",  "afternoons", "summer",   "winter",    "spring",    "autumn",
      "fall",    "monday",   "tuesday",    "wednesday",  "thursday", "friday",    "saturday",  "sunday",
      "mondays", "tuesdays", "wednesdays", "thursdays",  "fridays",  "saturdays", "sundays",   "while",
      "term",    "semester", "season",     "quarter",    "ages",     "bit",       "time",      "long"};
  return *kUnits;
}

const absl::flat_hash_set<absl::string_view>& Counts() {
  static const auto* kCounts = new absl::flat_hash_set<absl::string_view>{
      "a",     "an",    "one",    "two",    "three",  "four",   "five", "six",     "seven",
      "eight", "nine",  "ten",    "eleven", "twelve", "couple", "few",  "several", "many",
      "some",  "about", "almost", "over",   "nearly", "of",     "more", "than",    "around",
      "the",   "past",  "last",   "half",   "good",   "whole",  "so",   "only",    "just"};
  return *kCounts;
}

bool IsNumber(absl::string_view word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](char c) { return absl::ascii_isdigit(c); });
}

// Marks phrases that say when. A hand-written scan: each start reads a few tokens.
void MarkTimes(std::vector<Token>& tokens) {
  static const absl::flat_hash_set<absl::string_view> kSingle = {
      "today",     "yesterday", "tonight", "nowadays", "lately",  "recently", "now",
      "currently", "presently", "anymore", "already",  "earlier", "weekly",   "daily"};
  static const absl::flat_hash_set<absl::string_view> kPointers = {
      "this", "last", "every", "each", "most", "these", "past", "all", "on", "that", "the", "next"};
  const auto mark = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) tokens[i].time = true;
  };
  const auto word = [&](size_t i) -> absl::string_view {
    return i < tokens.size() && !tokens[i].punct ? absl::string_view(tokens[i].word) : absl::string_view();
  };
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].punct || tokens[i].time) continue;
    const absl::string_view w = word(i);
    if (InSet(kSingle, w)) mark(i, i + 1);
    if (w == "any" && (word(i + 1) == "more" || word(i + 1) == "longer")) mark(i, i + 2);
    if (w == "at" && (word(i + 1) == "the" && (word(i + 2) == "moment" || word(i + 2) == "minute")))
      mark(i, i + 3);
    if (w == "at" && (word(i + 1) == "present" || word(i + 1) == "last" || word(i + 1) == "weekends" ||
                      word(i + 1) == "night"))
      mark(i, i + 2);
    if (w == "for" && (word(i + 1) == "good" || word(i + 1) == "now" || word(i + 1) == "ever"))
      mark(i, i + 2);
    if (w == "right" && word(i + 1) == "now") mark(i, i + 2);
    if (w == "so" && word(i + 1) == "far") mark(i, i + 2);
    if (w == "as" && word(i + 1) == "of") {
      size_t j = i + 2;
      while (j < i + 4 && !word(j).empty() &&
             (kSingle.contains(word(j)) || kPointers.contains(word(j)) || Units().contains(word(j))))
        ++j;
      if (j > i + 2) mark(i, j);
    }
    // 'this week', 'every other Sunday', 'on Monday', 'over the past few months', 'for two years'
    if (InSet(kPointers, w) || w == "in" || w == "over" || w == "for" || w == "during" || w == "since" ||
        w == "a" || w == "an" || IsNumber(w) || InSet(Counts(), w)) {
      size_t j = i + 1;
      while (j < i + 6 && (kPointers.contains(word(j)) || Counts().contains(word(j)) || IsNumber(word(j)) ||
                           word(j) == "other" || word(j) == "single"))
        ++j;
      if (Units().contains(word(j))) {
        const bool counted = IsNumber(w) || InSet(Counts(), w);
        const bool ago = word(j + 1) == "ago" || word(j + 1) == "back" || word(j + 1) == "now";
        const bool vague = word(j) == "time" || word(j) == "bit" || word(j) == "long";
        if (ago || (!vague && (!counted || InSet(kPointers, w))) || (vague && (w == "for" || w == "this"))) {
          mark(i, j + 1 + (ago ? 1 : 0));
        } else if (!vague && counted && i > 0 && word(i - 1) == "for") {
          mark(i - 1, j + 1);
        }
      }
    }
  }
}

std::optional<int> YearOf(absl::string_view word) {
  int year = 0;
  if (word.size() != 4 || !IsNumber(word) || !absl::SimpleAtoi(word, &year)) return std::nullopt;
  return year >= 1900 && year <= 2100 ? std::optional<int>(year) : std::nullopt;
}

std::optional<int> DayOf(absl::string_view word) {
  for (absl::string_view suffix : {"st", "nd", "rd", "th"}) {
    if (absl::EndsWith(word, suffix)) word.remove_suffix(2);
  }
  int day = 0;
  if (word.empty() || word.size() > 2 || !IsNumber(word) || !absl::SimpleAtoi(word, &day))
    return std::nullopt;
  return day >= 1 && day <= 31 ? std::optional<int>(day) : std::nullopt;
}

// '5 May', 'May 5th, 2023', 'March 2023', '2019', each behind a word that makes it a date.
void FindDates(Sentence& sentence, absl::Time said_at) {
  std::vector<Token>& tokens = sentence.tokens;
  const absl::CivilDay said = absl::ToCivilDay(said_at, absl::UTCTimeZone());
  for (size_t i = 0; i < tokens.size(); ++i) {
    static const absl::flat_hash_set<absl::string_view> kLeads = {
        "in", "on", "since", "until", "till", "from", "of", "back", "late", "early", "mid"};
    size_t j = i;
    NamedDate::Role role = NamedDate::Role::kAt;
    bool led = false;
    while (j < tokens.size() && j < i + 4 &&
           (kLeads.contains(tokens[j].word) || (led && tokens[j].word == "the"))) {
      if (tokens[j].word == "since" || tokens[j].word == "from") role = NamedDate::Role::kSince;
      if (tokens[j].word == "until" || tokens[j].word == "till") role = NamedDate::Role::kUntil;
      led = true;
      ++j;
    }
    if (j >= tokens.size() || !led) continue;
    std::optional<int> day = DayOf(tokens[j].word), year = YearOf(tokens[j].word);
    int month = 0;
    size_t end = j + 1;
    if (day && !year) {
      size_t k = j + 1;
      if (sentence.Is(k, "of")) ++k;
      month = k < tokens.size() && tokens[k].capital ? MonthOf(tokens[k].word) : 0;
      if (month == 0) continue;
      end = k + 1;
    } else if (!year) {
      month = tokens[j].capital || !sentence.has_capitals ? MonthOf(tokens[j].word) : 0;
      if (month == 0) continue;
      if (end < tokens.size() && !YearOf(tokens[end].word)) day = DayOf(tokens[end].word);
      if (day) ++end;
    }
    if (month != 0) {
      size_t k = end;
      if (sentence.Is(k, ",") || sentence.Is(k, "of")) ++k;
      if (k < tokens.size() && YearOf(tokens[k].word)) {
        year = YearOf(tokens[k].word);
        end = k + 1;
      }
    }
    NamedDate date;
    date.begin = i;
    date.end = end;
    date.role = role;
    date.has_year = year.has_value();
    int y = year.value_or(static_cast<int>(said.year()));
    absl::CivilDay start(y, month == 0 ? 1 : month, day.value_or(1));
    if (!year && start > said) start = absl::CivilDay(--y, month, day.value_or(1));
    date.start = absl::FromCivil(start, absl::UTCTimeZone());
    if (day && (start.day() != *day || start.month() != month)) continue;  // 31 April
    for (size_t k = i; k < end; ++k) tokens[k].time = true;
    sentence.dates.push_back(date);
    i = end - 1;
  }
}

}  // namespace

int MonthOf(absl::string_view word) {
  static const absl::flat_hash_map<absl::string_view, int> kMonths = {
      {"january", 1}, {"february", 2}, {"march", 3},     {"april", 4},    {"may", 5},       {"june", 6},
      {"july", 7},    {"august", 8},   {"september", 9}, {"october", 10}, {"november", 11}, {"december", 12},
      {"jan", 1},     {"feb", 2},      {"mar", 3},       {"apr", 4},      {"jun", 6},       {"jul", 7},
      {"aug", 8},     {"sep", 9},      {"sept", 9},      {"oct", 10},     {"nov", 11},      {"dec", 12}};
  const auto it = kMonths.find(word);
  return it == kMonths.end() ? 0 : it->second;
}

absl::string_view Sentence::Words(size_t begin, size_t end) const {
  return begin < end ? text.substr(tokens[begin].begin, tokens[end - 1].end - tokens[begin].begin)
                     : absl::string_view();
}

Sentence Tokenize(absl::string_view text, absl::Time said_at) {
  Sentence sentence;
  sentence.text = text;
  Tokenizer(text, sentence.tokens).Run();
  for (size_t i = 0; i < sentence.tokens.size(); ++i) {
    const Token& token = sentence.tokens[i];
    if (token.word == "?") sentence.question = true;
    if (i > 0 && token.capital && token.word != "i") sentence.has_capitals = true;
  }
  FindDates(sentence, said_at);
  MarkTimes(sentence.tokens);
  return sentence;
}

}  // namespace slowwave
