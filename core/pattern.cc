#include "core/pattern.h"

#include <algorithm>
#include <cstdlib>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/lexicon.h"

namespace slowwave {
namespace {

constexpr int kMaxSteps = 600;
constexpr size_t kMaxAny = 3;

// Words in almost every sentence make poor triggers.
bool IsCommon(absl::string_view word) {
  static const auto* kCommon = new absl::flat_hash_set<absl::string_view>{
      "a",    "an", "the", "in",   "to",  "my",  "our", "am",   "is",   "are", "i",
      "of",   "on", "for", "have", "has", "as",  "at",  "and",  "me",   "it",  "we",
      "with", "'s", "was", "been", "do",  "not", "up",  "from", "into", "be"};
  return kCommon->contains(word);
}

// Where a first-person subject that begins at `at` ends; `at` itself if there is none.
size_t SubjectEnd(const Sentence& s, size_t at) {
  if (s.Is(at, "i") || s.Is(at, "we")) return at + 1;
  // 'my wife and I', 'my two kids and I'
  if (s.Is(at, "my") || s.Is(at, "me")) {
    for (size_t k = at + 1; k < at + 5 && k < s.tokens.size() && !s.tokens[k].punct; ++k) {
      if (s.Is(k, "and") && s.Is(k + 1, "i")) return k + 2;
    }
  }
  return at;
}

size_t AuxiliariesEnd(const Sentence& s, size_t at) {
  static const auto* kAux =
      new absl::flat_hash_set<absl::string_view>{"am", "are", "have", "been", "do", "'s", "'re"};
  while (at < s.tokens.size() && !s.tokens[at].punct &&
         (kAux->contains(s.tokens[at].word) || lexicon::IsFiller(s.tokens[at].word) || s.tokens[at].time)) {
    ++at;
  }
  return at;
}

// Words that `*` must not read across: behind them the sentence says something else.
bool TurnsMeaning(absl::string_view word) {
  static const auto* kWords = new absl::flat_hash_set<absl::string_view>{
      "not",    "never",  "no",     "nothing", "without", "you",     "your",  "he",
      "she",    "they",   "his",    "her",     "their",   "if",      "would", "could",
      "will",   "might",  "should", "but",     "than",    "stopped", "quit",  "from",
      "nobody", "almost", "when",   "parents", "friend",  "friends", "dog",   "cat"};
  return kWords->contains(word) || lexicon::IsRelation(word);
}

}  // namespace

struct Pattern::State {
  const Sentence& sentence;
  bool may_elide = false;
  Match match;
  int steps = 0;
};

Pattern::Pattern(absl::string_view text) {
  static const auto* kKinds = new absl::flat_hash_map<absl::string_view, PhraseKind>{
      {"place", PhraseKind::kPlace},         {"job", PhraseKind::kJob},
      {"listedjob", PhraseKind::kListedJob}, {"diet", PhraseKind::kDiet},
      {"pastime", PhraseKind::kPastime},     {"listedpastime", PhraseKind::kListedPastime},
      {"thing", PhraseKind::kThing},         {"name", PhraseKind::kName},
      {"action", PhraseKind::kAction},       {"habit", PhraseKind::kHabit},
      {"count", PhraseKind::kCount},         {"marital", PhraseKind::kMarital},
      {"allergen", PhraseKind::kAllergen},   {"condition", PhraseKind::kCondition},
      {"language", PhraseKind::kLanguage},   {"vice", PhraseKind::kVice},
      {"cuisine", PhraseKind::kCuisine},     {"kin", PhraseKind::kKin},
      {"kinmany", PhraseKind::kKinMany},     {"pets", PhraseKind::kPets},
      {"onepet", PhraseKind::kOnePet},       {"venture", PhraseKind::kVenture}};
  for (absl::string_view part : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    Element element;
    element.optional = absl::ConsumeSuffix(&part, "?");
    if (part == "@i") {
      element.op = Op::kSubject;
    } else if (part == "I") {
      element.op = Op::kSubjectAux;
    } else if (part == "S") {
      element.op = Op::kElided;
    } else if (part == "@my") {
      element.words = {"my", "our"};
    } else if (part == "<rel>") {
      element.op = Op::kRelation;
    } else if (part == "<pet>") {
      element.op = Op::kPet;
    } else if (absl::ConsumePrefix(&part, "<")) {
      element.op = Op::kValue;
      element.dropped = absl::ConsumePrefix(&part, "~");
      const auto it = kKinds->find(absl::StripSuffix(part, ">"));
      if (it == kKinds->end()) std::abort();
      element.kind = it->second;
    } else {
      for (absl::string_view word : absl::StrSplit(part, '|')) {
        element.or_time |= word == "%";
        element.or_end |= word == "$";
        element.or_any |= word == "*";
        if (word != "%" && word != "$" && word != "*") element.words.emplace_back(word);
      }
    }
    elements_.push_back(std::move(element));
  }
  for (const Element& e : elements_) {
    if (e.op != Op::kWords || e.optional || e.or_time || e.or_end || e.or_any ||
        std::any_of(e.words.begin(), e.words.end(), IsCommon))
      continue;
    // Fewest alternatives: the rarest.
    if (triggers_.empty() || e.words.size() < triggers_.size()) triggers_ = e.words;
  }
}

std::optional<Match> Pattern::MatchAt(const Sentence& sentence, size_t at, bool may_elide) const {
  State state{sentence, may_elide, {}, 0};
  state.match.begin = at;
  // What stands before the first element is for the caller to skip.
  if (!StepHere(state, 0, at)) return std::nullopt;
  return state.match;
}

bool Pattern::Step(State& state, size_t element, size_t at) const {
  if (element == elements_.size()) {
    state.match.end = at;
    return true;
  }
  const std::vector<Token>& tokens = state.sentence.tokens;
  for (size_t i = at;; ++i) {
    if (StepHere(state, element, i)) return true;
    const bool may_skip =
        i < tokens.size() && !tokens[i].punct && (tokens[i].time || lexicon::IsFiller(tokens[i].word));
    if (!may_skip || ++state.steps > kMaxSteps) return false;
  }
}

bool Pattern::StepHere(State& state, size_t element, size_t at) const {
  if (++state.steps > kMaxSteps) return false;
  const Sentence& s = state.sentence;
  const Element& e = elements_[element];
  switch (e.op) {
    case Op::kWords:
      if (at < s.tokens.size() &&
          std::find(e.words.begin(), e.words.end(), s.tokens[at].word) != e.words.end() &&
          Step(state, element + 1, at + 1)) {
        return true;
      }
      if (e.or_time && at < s.tokens.size() && s.tokens[at].time && Step(state, element + 1, at + 1))
        return true;
      if (e.or_end && IsClauseEnd(s, at) && Step(state, element + 1, at)) return true;
      if (!e.or_any) break;
      for (size_t n = 0; n <= kMaxAny; ++n) {
        if (Step(state, element + 1, at + n)) return true;
        if (at + n >= s.tokens.size() || s.tokens[at + n].punct || TurnsMeaning(s.tokens[at + n].word)) break;
      }
      break;
    case Op::kSubject:
    case Op::kSubjectAux: {
      const size_t end = SubjectEnd(s, at);
      if (end == at) return false;
      return Step(state, element + 1, e.op == Op::kSubject ? end : AuxiliariesEnd(s, end));
    }
    case Op::kElided: {
      const size_t end = SubjectEnd(s, at);
      if (end == at && !(state.may_elide && at == state.match.begin)) return false;
      return Step(state, element + 1, AuxiliariesEnd(s, end));
    }
    case Op::kValue: {
      const std::optional<Phrase> phrase = ReadPhrase(e.kind, s, at);
      if (phrase) {
        const std::optional<Phrase> before = state.match.value;
        const PhraseKind kind = state.match.kind;
        if (!e.dropped) {
          state.match.value = phrase;
          state.match.kind = e.kind;
        }
        if (Step(state, element + 1, phrase->next)) return true;
        state.match.value = before;
        state.match.kind = kind;
      }
      break;
    }
    case Op::kRelation:
    case Op::kPet: {
      const auto phrase = ReadPhrase(e.op == Op::kPet ? PhraseKind::kPet : PhraseKind::kRelation, s, at);
      if (phrase) {
        state.match.relation = phrase;
        if (Step(state, element + 1, phrase->next)) return true;
      }
      break;
    }
  }
  return e.optional && Step(state, element + 1, at);
}

}  // namespace slowwave
