#include "core/phrase.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_split.h"
#include "core/lexicon.h"

namespace slowwave {
namespace {

using WordSet = absl::flat_hash_set<absl::string_view>;

constexpr size_t kMaxNounWords = 4;
constexpr size_t kMaxActionWords = 14;

// May `at` stand right behind a noun phrase?
bool IsBoundary(const Sentence& s, size_t at) {
  return at >= s.tokens.size() || s.tokens[at].punct || s.tokens[at].time ||
         lexicon::EndsNounPhrase(s.tokens[at].word);
}

size_t SkipWords(const Sentence& s, size_t at, const WordSet& words) {
  while (at < s.tokens.size() && !s.tokens[at].punct && words.contains(s.tokens[at].word)) ++at;
  return at;
}

bool IsNameToken(const Sentence& s, size_t at) {
  if (at >= s.tokens.size()) return false;
  const Token& t = s.tokens[at];
  return !t.punct && t.capital && !t.time && !lexicon::IsNoPlace(t.word);
}

std::optional<Phrase> ReadPlace(const Sentence& s, size_t at) {
  static const WordSet kBefore = {"the",       "city",   "town",     "village",  "of",        "sunny",
                                  "beautiful", "rainy",  "lovely",   "good",     "old",       "downtown",
                                  "central",   "a",      "heart",    "centre",   "center",    "suburbs",
                                  "outskirts", "middle", "charming", "gorgeous", "wonderful", "amazing",
                                  "cold",      "warm",   "little",   "big",      "snowy",     "quiet",
                                  "busy",      "new",    "my",       "our",      "beloved",   "dear",
                                  "glorious",  "foggy",  "historic", "area",     "of"};
  static const WordSet kInner = {"de", "da", "do",  "del", "la",  "le", "upon",
                                 "on", "am", "sur", "der", "the", "of"};
  static const WordSet kNoTown = {
      "peace", "fear",    "hope",    "sin",      "denial", "town",    "the",        "a",       "an",
      "my",    "our",     "it",      "this",     "that",   "another", "different",  "same",    "here",
      "there", "work",    "home",    "bed",      "love",   "style",   "luxury",     "poverty", "harmony",
      "chaos", "place",   "general", "fact",     "new",    "city",    "something",  "be",      "do",
      "get",   "country", "area",    "hometown", "school", "college", "university", "tears",   "front"};
  size_t i = SkipWords(s, at, kBefore);
  // 'The' belongs to a few names.
  static const WordSet kWithThe = {"hague", "bronx", "gambia", "bahamas", "dalles", "woodlands"};
  if (i > 0 && s.Is(i - 1, "the") && s.tokens[i - 1].capital && IsNameToken(s, i) &&
      (i > 1 || kWithThe.contains(s.tokens[i].word))) {
    size_t end = i + 1;
    while (end < i + 3 && IsNameToken(s, end)) ++end;
    return Phrase{i - 1, end, end};
  }
  // 'New' begins names too: 'New York'.
  if (i > at && s.tokens[i - 1].word == "new" && s.tokens[i - 1].capital && IsNameToken(s, i)) --i;
  // The capital that opens a sentence says nothing.
  if (i == 0 && !s.tokens.empty() &&
      (lexicon::IsPronoun(s.tokens[0].word) || lexicon::IsStopWord(s.tokens[0].word) ||
       lexicon::IsPastime(s.tokens[0].word) || lexicon::IsListedOccupation(s.tokens[0].word) ||
       lexicon::IsDiet(s.tokens[0].word)))
    return std::nullopt;
  if (!IsNameToken(s, i)) {
    const bool plain = !s.has_capitals && i == at && i < s.tokens.size() && !s.tokens[i].punct &&
                       !s.tokens[i].time && s.tokens[i].word.size() >= 3 &&
                       !kNoTown.contains(s.tokens[i].word) && !lexicon::IsDeterminer(s.tokens[i].word) &&
                       !lexicon::IsPronoun(s.tokens[i].word) && !lexicon::EndsNounPhrase(s.tokens[i].word) &&
                       !lexicon::IsStopWord(s.tokens[i].word) && !lexicon::IsGerund(s.tokens[i].word) &&
                       IsBoundary(s, i + 1);
    if (!plain) return std::nullopt;
    return Phrase{i, i + 1, i + 1};
  }
  size_t end = i + 1;
  while (end < i + 6) {
    if (IsNameToken(s, end)) {
      ++end;
    } else if (end + 1 < s.tokens.size() && kInner.contains(s.tokens[end].word) && IsNameToken(s, end + 1)) {
      end += 2;
    } else if (end + 2 < s.tokens.size() && kInner.contains(s.tokens[end].word) &&
               kInner.contains(s.tokens[end + 1].word) && IsNameToken(s, end + 2)) {
      end += 3;
    } else {
      break;
    }
  }
  size_t next = end;
  // 'Lisbon, Portugal': the second name says where the first one is.
  if (s.Is(next, ",") && IsNameToken(s, next + 1) && s.tokens[next + 1].word != "i" &&
      IsBoundary(s, next + 2))
    next += 2;
  return Phrase{i, end, next};
}

// Reads a bare noun phrase: up to `most` words that end no phrase. Hyphenated words are one.
size_t NounEnd(const Sentence& s, size_t begin, size_t most) {
  size_t end = begin;
  while (end < begin + most && !IsBoundary(s, end)) ++end;
  return end;
}

std::optional<Phrase> ReadJob(const Sentence& s, size_t at, bool listed) {
  static const WordSet kBefore(absl::StrSplit(
      "a an the their new full-time trained part-time qualified certified licensed licenced "
      "professional proper real proud local village actual humble trainee fully fully-fledged newly "
      "hired appointed freshly resident fledged working bona fide paid full-fledged newly-qualified "
      "official town our brand-new brand very happy busy mere simple self-employed freelance latest "
      "newest practising practicing type kind sort of",
      ' '));
  size_t i = SkipWords(s, at, kBefore);
  const size_t limit = NounEnd(s, i, 5);
  size_t end = i;
  for (size_t k = i; k < limit; ++k) {
    if (lexicon::IsOccupation(s.tokens[k].word)) end = k + 1;
  }
  if (end == i) {
    if (limit > i && !s.tokens[limit - 1].punct &&
        (lexicon::IsDiet(s.tokens[limit - 1].word) || lexicon::IsPastime(s.tokens[limit - 1].word)))
      return std::nullopt;
    if (listed || limit == i || limit > i + 3) return std::nullopt;
    const absl::string_view last = s.tokens[limit - 1].word;
    if (lexicon::IsVagueNoun(last) || lexicon::IsPronoun(last) || lexicon::IsDeterminer(s.tokens[i].word) ||
        lexicon::IsRelation(last) || lexicon::IsStopWord(last) || lexicon::IsPastimeTail(last)) {
      return std::nullopt;
    }
    end = limit;
  } else if (listed && !IsBoundary(s, end) && !lexicon::IsListedOccupation(s.tokens[end - 1].word)) {
    return std::nullopt;  // 'a paper plane': the ending says job, the phrase goes on
  }
  // 'a student's parent' is no student.
  static const WordSet kWhose = {"parent", "kid", "child", "friend"};
  if (s.Is(end, "'s") && end + 1 < s.tokens.size() &&
      (lexicon::IsRelation(s.tokens[end + 1].word) || lexicon::IsListedOccupation(s.tokens[end + 1].word) ||
       kWhose.contains(s.tokens[end + 1].word)))
    return std::nullopt;
  for (size_t k = i; k < end; ++k) {
    if (lexicon::IsPronoun(s.tokens[k].word) || lexicon::IsDeterminer(s.tokens[k].word) ||
        lexicon::IsDiet(s.tokens[k].word) || s.tokens[k].word == "of")
      return std::nullopt;
  }
  static const WordSet kNoJob = {
      "part",   "result", "family",    "kid",       "child",    "team",      "couple",   "treat",   "gift",
      "way",    "hobby",  "whole",     "group",     "rule",     "bonus",     "reminder", "side",    "thank",
      "joke",   "single", "community", "beginner",  "member",   "volunteer", "friend",   "parent",  "mother",
      "father", "mom",    "dad",       "mum",       "teenager", "fan",       "person",   "woman",   "man",
      "girl",   "boy",    "teen",      "youngster", "means",    "society",   "human",    "shelter", "place",
      "museum", "house",  "school",    "church",    "hospital", "career",    "job",      "well",    "always",
      "usual",  "they",   "expected"};
  const absl::string_view last = s.tokens[end - 1].word;
  if (kNoJob.contains(last) && !(last == "man" && false)) return std::nullopt;
  return Phrase{i, end, end};
}

std::optional<Phrase> ReadDiet(const Sentence& s, size_t at) {
  static const WordSet kBefore = {"a",      "an",      "the",        "strictly", "strict", "full",
                                  "fully",  "totally", "completely", "mostly",   "100",    "entirely",
                                  "purely", "my",      "new",        "all",      "all-in", "committed",
                                  "proper", "proud",   "newly"};
  const size_t i = SkipWords(s, at, kBefore);
  if (i >= s.tokens.size() || s.tokens[i].punct) return std::nullopt;
  static const WordSet kAfter = {
      "food",      "foods",   "diet",    "diets",   "meals",     "meal",    "lifestyle", "eating",
      "cooking",   "dishes",  "eater",   "person",  "only",      "way",     "all",       "plan",
      "regime",    "kick",    "days",    "phase",   "journey",   "life",    "living",    "kitchen",
      "options",   "stuff",   "routine", "thing",   "household", "home",    "snacks",    "groceries",
      "products",  "recipes", "through", "me",      "time",      "guy",     "girl",      "convert",
      "menu",      "dinners", "dinner",  "lunches", "lunch",     "suppers", "supper",    "breakfasts",
      "breakfast", "things"};
  const auto fits = [&](size_t next) {
    if (s.Is(next, "diet") && !IsBoundary(s, next + 1) && !s.Is(next + 1, "plan")) return false;
    return IsBoundary(s, next) || kAfter.contains(s.tokens[next].word) ||
           lexicon::IsFiller(s.tokens[next].word);
  };
  if (i + 1 < s.tokens.size() && lexicon::IsDietPair(s.tokens[i].word, s.tokens[i + 1].word))
    return Phrase{i, i + 2, i + 2};
  if (lexicon::IsDiet(s.tokens[i].word) && fits(i + 1)) return Phrase{i, i + 1, i + 1};
  return std::nullopt;
}

std::optional<Phrase> ReadPastime(const Sentence& s, size_t at, bool listed) {
  static const WordSet kBefore = {"the",      "some",  "doing",   "practising",  "practicing", "playing",
                                  "learning", "a",     "bit",     "of",          "little",     "my",
                                  "art",      "world", "indoor",  "outdoor",     "regular",    "weekly",
                                  "serious",  "first", "own",     "going",       "new",        "more",
                                  "spot",     "joys",  "joy",     "competitive", "amateur",    "old",
                                  "good",     "local", "another", "weekend",     "evening",    "beginner"};
  size_t i = SkipWords(s, at, kBefore);
  if (i >= s.tokens.size() || s.tokens[i].punct || s.tokens[i].time) return std::nullopt;
  // 'pottery class', 'evening of': what follows the pastime is cut off.
  size_t limit = NounEnd(s, i, kMaxNounWords);
  static const WordSet kBits = {"lot", "bit", "try", "go", "shot", "ton"};
  for (size_t k = i + 1; k < limit; ++k) {
    if (s.Is(k, "a") && k + 1 < s.tokens.size() && kBits.contains(s.tokens[k + 1].word)) limit = k;
  }
  if (limit == i) return std::nullopt;
  if (!IsBoundary(s, limit) && !s.Is(limit, "a")) return std::nullopt;
  if (s.Is(limit, "'s")) return std::nullopt;
  // A gerund with an object ('running my studio') is an act, not a pastime.
  static const WordSet kObjects = {"my",    "our",   "your",      "his",    "her",      "their",
                                   "these", "those", "this",      "him",    "them",     "us",
                                   "me",    "you",   "ourselves", "myself", "yourself", "themselves"};
  if (limit < s.tokens.size() && !s.tokens[limit].time && kObjects.contains(s.tokens[limit].word) &&
      lexicon::IsGerund(s.tokens[limit - 1].word))
    return std::nullopt;
  size_t end = limit;
  while (end > i + 1 && lexicon::IsPastimeTail(s.tokens[end - 1].word)) --end;
  for (size_t k = i; k < end; ++k) {
    const absl::string_view w = s.tokens[k].word;
    if (lexicon::IsPronoun(w) || lexicon::IsDeterminer(w) || lexicon::IsDiet(w) || w == "of" ||
        lexicon::IsFiller(w))
      return std::nullopt;
  }
  if (end == i + 1 && i > 0 && s.Is(i - 1, "the") && lexicon::IsInstrument(s.tokens[i].word))
    return Phrase{i - 1, end, end};
  if (end == i + 2 && lexicon::IsPastimePair(s.tokens[i].word, s.tokens[i + 1].word))
    return Phrase{i, end, end};
  const absl::string_view first = s.tokens[i].word, last = s.tokens[end - 1].word;
  static const WordSet kNever = {
      "smoking",      "drinking",   "coffee",        "alcohol",      "cigarettes", "meat",     "sugar",
      "caffeine",     "gluten",     "dairy",         "booze",        "weed",       "vaping",   "space",
      "time",         "arms",       "residence",     "hope",         "trying",     "work",     "school",
      "bread",        "chocolate",  "social",        "beef",         "cheese",     "wine",     "beer",
      "soda",         "carbs",      "room",          "offer",        "job",        "position", "post",
      "role",         "worries",    "excuses",       "more",         "problem",    "problems", "way",
      "one",          "kids",       "pain",          "thanks",       "life",       "drama",    "stress",
      "rain",         "snow",       "sleep",         "money",        "fam",        "family",   "kids",
      "friends",      "house",      "experimenting", "finishing",    "matching",   "mixing",   "sliding",
      "storytelling", "counseling", "counselling",   "parenting",    "dog",        "everyone", "stars",
      "lunch",        "dinner",     "breakfast",     "used",         "community",  "career",   "shelter",
      "trip",         "trips",      "flavors",       "health",       "mentally",   "moon",     "keys",
      "everything",   "food",       "cuisine",       "enjoy",        "practise",   "adore",    "quit",
      "stop",         "seat",       "phone",         "car",          "trouble",    "brother",  "sister",
      "shop",         "idea",       "back",          "contemporary", "write"};
  // 'bread baking' is one, bread is none.
  static const WordSet kMade = {"bread",  "dog",       "snow",  "wine",  "beer",
                                "cheese", "chocolate", "trail", "stars", "meat"};
  const bool made = end > i + 1 && kMade.contains(first) && lexicon::IsListedPastime(last) &&
                    lexicon::IsGerund(last) && !lexicon::IsGerund(first);
  if ((kNever.contains(first) && !made) || kNever.contains(last)) return std::nullopt;
  if (lexicon::IsOccupation(last) && !lexicon::IsListedPastime(last)) return std::nullopt;
  if (lexicon::IsVagueNoun(last) ||
      (end == i + 1 && (lexicon::IsEverydayGerund(first) && !lexicon::IsListedPastime(first))))
    return std::nullopt;
  if (lexicon::IsStopWord(last) && !lexicon::IsListedPastime(last)) return std::nullopt;
  // The gerund of a verb with an object ('running my studio', 'seeing friends') is an act, not a pastime.
  if (lexicon::IsEverydayGerund(first) && !lexicon::IsListedPastime(first)) return std::nullopt;
  for (size_t k = i; k < end; ++k) {
    if (kNever.contains(s.tokens[k].word) && !made) return std::nullopt;
  }
  // 'drawing flowers': what is drawn is no part of the pastime.
  if (end == i + 2 && lexicon::IsListedPastime(first) && lexicon::IsGerund(first) &&
      !lexicon::IsPastime(last))
    return Phrase{i, i + 1, end};
  // A name that opens no sentence is a person or a place.
  if (!lexicon::IsPastime(last) && s.tokens[i].capital && (i > 0 || s.has_capitals)) return std::nullopt;
  if (listed && !lexicon::IsPastime(last) &&
      !(lexicon::IsListedPastime(first) && lexicon::IsGerund(first) && end <= i + 2))
    return std::nullopt;
  return Phrase{i, end, end};
}

std::optional<Phrase> ReadThing(const Sentence& s, size_t at) {
  static const WordSet kArticles = {"a", "an", "the"};
  static const WordSet kKnown = {"mountains", "beach",   "outdoors", "sea",   "ocean",  "countryside",
                                 "theatre",   "theater", "violin",   "piano", "guitar", "sun",
                                 "rain",      "snow",    "forest",   "woods", "beatles"};
  size_t i = at;
  bool article = false;
  if (i < s.tokens.size() && kArticles.contains(s.tokens[i].word)) {
    article = true;
    ++i;
  }
  size_t end = i;
  while (end < i + kMaxNounWords && (!IsBoundary(s, end) || (end > i && s.Is(end, "of")))) ++end;
  if (end == i || !IsBoundary(s, end) || s.Is(end, "'s") || s.Is(end, "and") || s.Is(end, "or") ||
      s.Is(end, "&"))
    return std::nullopt;
  for (size_t k = i; k < end; ++k) {
    const absl::string_view w = s.tokens[k].word;
    if (lexicon::IsPronoun(w) || lexicon::IsDeterminer(w) || (lexicon::IsFiller(w))) return std::nullopt;
  }
  const absl::string_view last = s.tokens[end - 1].word;
  if (article && !kKnown.contains(last)) return std::nullopt;
  if (lexicon::IsVagueNoun(last) || lexicon::IsStopWord(last) || last == "of" || lexicon::IsRelation(last))
    return std::nullopt;
  return Phrase{i, end, end};
}

std::optional<Phrase> ReadName(const Sentence& s, size_t at) {
  size_t end = at;
  while (end < at + 3 && IsNameToken(s, end)) ++end;
  if (end == at) return std::nullopt;
  return Phrase{at, end, end};
}

std::optional<Phrase> ReadOne(const Sentence& s, size_t at, bool (*is)(absl::string_view)) {
  if (at >= s.tokens.size() || s.tokens[at].punct || !is(s.tokens[at].word)) return std::nullopt;
  return Phrase{at, at + 1, at + 1};
}

std::optional<Phrase> ReadAction(const Sentence& s, size_t at) {
  static const WordSet kStops = {"but",   "because", "so", "if",     "when",  "since", "although", "though",
                                 "which", "i",       "we", "that's", "cause", "it",    "until"};
  static const WordSet kNo = {"you",  "your", "yours",    "this", "that", "these", "those", "it",    "him",
                              "her",  "them", "yourself", "she",  "he",   "they",  "hey",   "there", "one",
                              "ones", "us",   "ya",       "'em",  "em",   "such",  "its",   "their"};
  static const WordSet kIdle = {
      "hear", "see",          "know",    "thank",  "say",     "tell",  "ask",  "show",      "lend",
      "join", "savor",        "savour",  "chat",   "talk",    "check", "give", "apologize", "mention",
      "add",  "congratulate", "wish",    "remind", "spread",  "keep",  "let",  "never",     "not",
      "have", "believe",      "inspire", "look",   "hearing", "seeing"};
  if (at < s.tokens.size() && kIdle.contains(s.tokens[at].word)) return std::nullopt;
  size_t end = at;
  size_t content = 0;
  while (end < s.tokens.size() && end < at + kMaxActionWords) {
    const Token& t = s.tokens[end];
    if (t.punct || kStops.contains(t.word)) break;
    // 'this year' and 'one whole waltz' point at nothing said before.
    const bool counts = t.word == "one" && end + 1 < s.tokens.size() && !s.tokens[end + 1].punct &&
                        !lexicon::IsStopWord(s.tokens[end + 1].word);
    if (kNo.contains(t.word) && !t.time && !counts) return std::nullopt;
    if (!lexicon::IsStopWord(t.word) && !t.time) ++content;
    ++end;
  }
  if (end == at + kMaxActionWords) return std::nullopt;  // cut off in the middle says something else
  while (end > at && (s.tokens[end - 1].word == "and" || s.tokens[end - 1].word == "or" ||
                      s.tokens[end - 1].word == "too"))
    --end;
  if (content < 2) return std::nullopt;
  return Phrase{at, end, end};
}

// 'run every morning', 'play chess on Sundays'.
std::optional<Phrase> ReadHabit(const Sentence& s, size_t at) {
  static const WordSet kVerbs = {
      "run",     "jog",      "walk",     "swim",    "cycle",     "bike",  "hike", "read",    "write",
      "journal", "meditate", "pray",     "cook",    "bake",      "paint", "draw", "sing",    "dance",
      "play",    "practise", "practice", "train",   "volunteer", "visit", "call", "phone",   "ring",
      "wake",    "get",      "go",       "take",    "do",        "have",  "eat",  "drink",   "garden",
      "work",    "teach",    "attend",   "stretch", "exercise",  "clean", "shop", "commute", "drive",
      "lift",    "climb",    "fish",     "sail",    "knit",      "video"};
  if (at >= s.tokens.size() || !kVerbs.contains(s.tokens[at].word)) return std::nullopt;
  static const WordSet kOften = {"every", "each", "daily", "weekly"};
  static const WordSet kPlural = {"mondays", "tuesdays", "wednesdays", "thursdays", "fridays", "saturdays",
                                  "sundays", "mornings", "evenings",   "weekends",  "nights"};
  bool often = false;
  for (size_t k = at; k < s.tokens.size() && !s.tokens[k].punct; ++k) {
    often |= s.tokens[k].time && (kOften.contains(s.tokens[k].word) || kPlural.contains(s.tokens[k].word));
  }
  return often ? ReadAction(s, at) : std::nullopt;
}

// 'online clothing store', 'studio': what somebody runs.
std::optional<Phrase> ReadVenture(const Sentence& s, size_t at) {
  static const WordSet kVentures = {"studio", "store",      "shop",  "business", "company", "bakery", "café",
                                    "cafe",   "restaurant", "salon", "startup",  "farm",    "brand"};
  size_t end = at;
  while (end < at + 3 && !IsBoundary(s, end)) ++end;
  while (end > at && !kVentures.contains(s.tokens[end - 1].word)) --end;
  if (end < at + 2) return std::nullopt;  // 'my business' says too little
  for (size_t k = at; k < end; ++k) {
    const std::string& word = s.tokens[k].word;
    if (word == "own" || word == "favorite" || word == "favourite" || word == "ideal" || word == "dream" ||
        lexicon::IsRelation(word) || lexicon::IsDeterminer(word))
      return std::nullopt;
  }
  return Phrase{at, end, end};
}

bool InWords(const WordSet& words, const Sentence& s, size_t at) {
  return !s.tokens[at].punct && words.contains(s.tokens[at].word);
}

std::optional<Phrase> ReadListed(PhraseKind kind, const Sentence& s, size_t at) {
  static const WordSet kCounts = {"a",     "an",   "one", "two", "three", "four", "five", "six", "seven",
                                  "eight", "nine", "ten", "2",   "3",     "4",    "5",    "6",   "7"};
  static const WordSet kMarital = {"married", "divorced", "engaged", "widowed", "separated"};
  static const WordSet kAllergens = {
      "peanut", "nut",  "gluten",     "lactose",    "dairy",     "pollen", "shellfish", "egg",
      "soy",    "cat",  "dog",        "penicillin", "latex",     "bee",    "wheat",     "fish",
      "sesame", "dust", "strawberry", "fructose",   "histamine", "milk",   "seafood",   "grass"};
  static const WordSet kConditions = {
      "diabetes",     "asthma",        "epilepsy",   "arthritis",    "migraines", "anxiety", "insomnia",
      "adhd",         "dyslexia",      "depression", "eczema",       "anemia",    "anaemia", "coeliac",
      "celiac",       "endometriosis", "tinnitus",   "hypertension", "autism",    "ptsd",    "ocd",
      "fibromyalgia", "lupus",         "hayfever",   "gastritis"};
  static const WordSet kLanguages = {
      "english",   "french",   "spanish",   "german",   "italian",    "portuguese", "dutch",    "swedish",
      "norwegian", "danish",   "finnish",   "estonian", "russian",    "polish",     "czech",    "greek",
      "turkish",   "arabic",   "hebrew",    "hindi",    "urdu",       "bengali",    "tamil",    "japanese",
      "korean",    "mandarin", "cantonese", "chinese",  "vietnamese", "thai",       "swahili",  "welsh",
      "irish",     "latin",    "ukrainian", "romanian", "hungarian",  "bulgarian",  "esperanto"};
  static const WordSet kVices = {"smoking",  "drinking", "coffee", "alcohol",    "sugar",
                                 "caffeine", "gambling", "vaping", "cigarettes", "booze",
                                 "weed",     "soda",     "meat"};
  static const WordSet kKin = {"husband",    "wife",     "son",           "daughter", "partner", "boyfriend",
                               "girlfriend", "fiancé",   "fiancée",       "fiance",   "fiancee", "brother",
                               "sister",     "grandson", "granddaughter", "niece",    "nephew"};
  static const WordSet kOnePet = {"dog", "cat", "puppy", "kitten", "rabbit", "parrot", "horse"};
  static const WordSet kKinMany = {"kids",  "children",      "sons",     "daughters",
                                   "twins", "grandchildren", "grandkids"};
  static const WordSet kPets = {"dogs",     "cats",  "turtles", "kittens", "rabbits", "hens",
                                "chickens", "goats", "horses",  "parrots", "snakes",  "hamsters"};
  const WordSet& words = kind == PhraseKind::kCount       ? kCounts
                         : kind == PhraseKind::kKin       ? kKin
                         : kind == PhraseKind::kKinMany   ? kKinMany
                         : kind == PhraseKind::kPets      ? kPets
                         : kind == PhraseKind::kOnePet    ? kOnePet
                         : kind == PhraseKind::kMarital   ? kMarital
                         : kind == PhraseKind::kAllergen  ? kAllergens
                         : kind == PhraseKind::kCondition ? kConditions
                         : kind == PhraseKind::kLanguage  ? kLanguages
                                                          : kVices;
  if (!InWords(words, s, at)) return std::nullopt;
  // 'coffee after lunch' is not all coffee.
  if (kind == PhraseKind::kVice) {
    static const WordSet kWholly = {"altogether", "forever", "for", "too"};
    const bool whole = IsClauseEnd(s, at + 1) || s.tokens[at + 1].time ||
                       lexicon::IsFiller(s.tokens[at + 1].word) || kWholly.contains(s.tokens[at + 1].word);
    if (!whole || s.Is(at + 1, "after") || s.Is(at + 1, "with") || s.Is(at + 1, "when") ||
        ((s.Is(at + 1, "so") || s.Is(at + 1, "too")) && s.Is(at + 2, "much")))
      return std::nullopt;
    if (s.Is(at + 1, "for") && !s.Is(at + 2, "good") && !s.Is(at + 2, "ever")) return std::nullopt;
  }
  if (kind == PhraseKind::kCondition && (s.Is(at + 1, "disease") || s.Is(at + 1, "syndrome")))
    return Phrase{at, at + 2, at + 2};
  // 'my horse painting' is no horse.
  const bool owned = kind == PhraseKind::kKin || kind == PhraseKind::kKinMany || kind == PhraseKind::kPets ||
                     kind == PhraseKind::kOnePet;
  if (owned && (!IsBoundary(s, at + 1) || (s.Is(at + 1, "in") && s.Is(at + 2, "law")))) return std::nullopt;
  return Phrase{at, at + 1, at + 1};
}

}  // namespace

bool IsClauseEnd(const Sentence& s, size_t at) {
  if (at >= s.tokens.size()) return true;
  const Token& t = s.tokens[at];
  static const WordSet kJoins = {"and", "but",   "so",   "because", "since", "while", "though", "although",
                                 "or",  "cause", "when", "where",   "with",  "after", "which",  "as"};
  return t.punct || kJoins.contains(t.word);
}

std::optional<Phrase> ReadPhrase(PhraseKind kind, const Sentence& sentence, size_t at) {
  if (at >= sentence.tokens.size()) return std::nullopt;
  switch (kind) {
    case PhraseKind::kPlace:
      return ReadPlace(sentence, at);
    case PhraseKind::kJob:
      return ReadJob(sentence, at, false);
    case PhraseKind::kListedJob:
      return ReadJob(sentence, at, true);
    case PhraseKind::kDiet:
      return ReadDiet(sentence, at);
    case PhraseKind::kPastime:
      return ReadPastime(sentence, at, false);
    case PhraseKind::kListedPastime:
      return ReadPastime(sentence, at, true);
    case PhraseKind::kThing:
      return ReadThing(sentence, at);
    case PhraseKind::kName:
      return ReadName(sentence, at);
    case PhraseKind::kRelation:
      return ReadOne(sentence, at, lexicon::IsRelation);
    case PhraseKind::kPet:
      return ReadOne(sentence, at, lexicon::IsPet);
    case PhraseKind::kCuisine:
      return ReadOne(sentence, at, lexicon::IsCuisine);
    case PhraseKind::kVenture:
      return ReadVenture(sentence, at);
    case PhraseKind::kAction:
      return ReadAction(sentence, at);
    case PhraseKind::kHabit:
      return ReadHabit(sentence, at);
    default:
      return ReadListed(kind, sentence, at);
  }
}

}  // namespace slowwave
