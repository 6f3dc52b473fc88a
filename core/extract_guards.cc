#include "core/extract_guards.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "core/lexicon.h"

namespace slowwave {
namespace {

using WordSet = absl::flat_hash_set<absl::string_view>;

// Behind these, nothing of the sentence is stated as so.
const WordSet& HardBlocks() {
  static const auto* kWords = new WordSet{
      "if",        "unless",   "whether",   "wish",     "wished",  "wishing",   "said",      "says",
      "saying",    "told",     "tells",     "asked",    "asks",    "claims",    "claimed",   "thinks",
      "thought",   "imagine",  "imagining", "imagined", "suppose", "supposing", "pretend",   "pretending",
      "pretended", "dreamt",   "dreamed",   "dream",    "hope",    "hopes",     "hoping",    "hoped",
      "maybe",     "perhaps",  "might",     "could",    "would",   "should",    "doubt",     "almost",
      "nearly",    "quoted",   "wrote",     "writes",   "heard",   "believes",  "believed",  "assumed",
      "assumes",   "possibly", "probably",  "feels",    "felt",    "looks",     "suggested", "insists",
      "insisted",  "lyrics",   "song",      "movie",    "novel",   "character", "meant",     "supposed"};
  return *kWords;
}

// Behind these, not before a comma.
const WordSet& SoftBlocks() {
  static const auto* kWords = new WordSet{"when", "while", "before", "until", "till", "where", "whenever",
                                          "once", "after", "what",   "how",   "who",  "whose", "did"};
  return *kWords;
}

const WordSet& Others() {
  static const auto* kWords =
      new WordSet{"he",  "she",   "they", "you",     "who",      "it",       "your",  "his",
                  "her", "their", "he's", "someone", "somebody", "everyone", "people"};
  return *kWords;
}

bool IsStrongStop(const Token& token) {
  return token.punct && (token.word == ";" || token.word == "-" || token.word == "." || token.word == "!" ||
                         token.word == "?" || token.word == ":" || token.word == "*");
}

bool IsOpener(absl::string_view word) {
  static const auto* kWords =
      new WordSet{"and",  "but",   "so",     "because",  "cause",    "that",  "then",  "since",  "plus",
                  "oh",   "well",  "yeah",   "yes",      "hey",      "hi",    "yep",   "btw",    "ok",
                  "okay", "wow",   "though", "although", "also",     "now",   "today", "anyway", "no",
                  "nope", "guess", "as",     "say",      "announce", "share", "like"};
  return kWords->contains(word);
}

// '..., not.': all of it was said in jest.
bool EndsIn(const Sentence& sentence, size_t token) {
  if (token == 0 || !sentence.tokens[token - 1].punct) return false;
  return token + 1 == sentence.tokens.size() || sentence.tokens[token + 1].punct;
}

}  // namespace

bool SpeaksForItself(const Episode& episode) {
  return episode.origin == Origin::kUser || episode.origin == Origin::kUnspecified;
}

bool MayState(const Sentence& sentence) {
  if (sentence.question || sentence.tokens.size() < 2) return false;
  static const WordSet kJokes = {"kidding", "joking",  "jk",        "hypothetically",
                                 "sarcasm", "pretend", "pretending"};
  for (size_t i = 0; i < sentence.tokens.size(); ++i) {
    const std::string& word = sentence.tokens[i].word;
    if (kJokes.contains(word)) return false;
    const auto next = [&](size_t away, absl::string_view wanted) { return sentence.Is(i + away, wanted); };
    if ((word == "feel" || word == "feels" || word == "felt") && (next(1, "like") || next(1, "as")))
      return false;
    if (word == "not" && (next(1, "sure") || next(1, "certain") || EndsIn(sentence, i))) return false;
    if (word == "it" && (next(1, "when") || next(1, "if"))) return false;
    // 'as hard as I can' compares; 'as soon as I moved' does not.
    if (word == "as" && next(2, "as") && !next(1, "soon") && !next(1, "long") && !next(1, "far"))
      return false;
    if (word == "dreams" && sentence.Is(i - 1, "my") && i >= 2 && sentence.Is(i - 2, "in")) return false;
  }
  return true;
}

std::vector<Anchor> Anchors(const Sentence& sentence) {
  std::vector<Anchor> anchors;
  bool hard = false, soft = false, others = false, opening = true;
  for (size_t i = 0; i < sentence.tokens.size(); ++i) {
    const Token& token = sentence.tokens[i];
    if (token.punct) {
      soft = false;
      if (IsStrongStop(token)) hard = others = false;
      continue;
    }
    if (token.word == "but") hard = soft = others = false;
    const bool first_person =
        token.word == "i" || token.word == "we" || token.word == "my" || token.word == "our";
    const bool behind_stop = i == 0 || sentence.tokens[i - 1].punct;
    const bool behind_opener = i > 0 && IsOpener(sentence.tokens[i - 1].word);
    const bool clause = behind_stop || behind_opener || opening;
    if (!hard && !soft && (first_person || clause))
      anchors.push_back({i, clause && !others && !first_person});
    opening = opening && (token.time || lexicon::IsFiller(token.word) || IsOpener(token.word));
    if (HardBlocks().contains(token.word)) hard = true;
    if (SoftBlocks().contains(token.word)) soft = true;
    if (Others().contains(token.word) || (token.word == "my" && i + 1 < sentence.tokens.size() &&
                                          lexicon::IsRelation(sentence.tokens[i + 1].word)))
      others = true;
    if (token.word == "i" || token.word == "we") others = false;
  }
  return anchors;
}

bool Revoked(const Sentence& sentence, size_t end) {
  static const WordSet kBack = {"left",  "moved",     "returned", "quit", "stopped",
                                "hated", "regretted", "gave",     "came", "went"};
  bool comma = false;
  for (size_t i = end; i + 1 < sentence.tokens.size(); ++i) {
    const std::string& word = sentence.tokens[i].word;
    if (word == "," || word == ";") comma = true;
    if (word == "until" && !comma) return true;
    if (word != "but" && word != "then") continue;
    for (size_t k = i + 1; k < i + 5 && k < sentence.tokens.size(); ++k) {
      if (kBack.contains(sentence.tokens[k].word)) return true;
    }
  }
  return false;
}

bool SpeaksOfPast(const Sentence& sentence, size_t begin, size_t end) {
  static const WordSet kPast = {"began", "begun", "took", "taken",  "became", "gave", "given", "quit", "left",
                                "went",  "gone",  "got",  "bought", "found",  "made", "met",   "had",  "was",
                                "were",  "been",  "lost", "fell",   "sold",   "won",  "put",   "came", "let"};
  for (size_t i = begin; i < end && i < sentence.tokens.size(); ++i) {
    const std::string& word = sentence.tokens[i].word;
    if (kPast.contains(word) || (word.size() > 3 && absl::EndsWith(word, "ed"))) return true;
  }
  return false;
}

}  // namespace slowwave
