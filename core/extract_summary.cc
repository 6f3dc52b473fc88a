#include "core/extract_summary.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "core/extract_guards.h"
#include "core/lexicon.h"
#include "core/text.h"

namespace slowwave {
namespace {

using WordSet = absl::flat_hash_set<absl::string_view>;

constexpr int kMinContentWords = 4;
constexpr int kMinContentWordsOfADeed = 3;  // 'I sprained my wrist on the wall'
constexpr size_t kMinTokens = 5;
constexpr size_t kMaxTokens = 30;
constexpr size_t kLeastTried = 3;  // members of a cluster, or half of it
constexpr size_t kColon = 14;      // tokens within which a heading ends: 'From the night shift:'
constexpr size_t kOpening = 5;     // tokens that may stand before the subject

// Words that mean something by themselves: no 'life', 'support', 'things'.
int ContentWords(const Sentence& sentence) {
  WordSet seen;
  for (const Token& token : sentence.tokens) {
    if (!token.punct && !token.time && !lexicon::IsStopWord(token.word) && !lexicon::IsFiller(token.word) &&
        !lexicon::IsWeakClaim(token.word) && !lexicon::IsVagueNoun(token.word))
      seen.insert(token.word);
  }
  return static_cast<int>(seen.size());
}

// 'it', 'this': understood only if the sentence itself has said what.
bool LeansOnWhatCameBefore(const Sentence& s) {
  static const WordSet kPointers = {"it", "that", "this", "these", "those", "there", "here", "one", "ones"};
  static const WordSet kPeople = {"he", "she", "him", "her", "his", "they", "them", "their", "hers"};
  int content = 0;
  for (size_t i = 0; i < s.tokens.size(); ++i) {
    const std::string& word = s.tokens[i].word;
    if (s.tokens[i].punct || s.tokens[i].time) continue;
    if (kPeople.contains(word)) return true;
    const bool bound = i + 1 >= s.tokens.size() || s.tokens[i + 1].punct;
    if (kPointers.contains(word)) {
      const bool joins = word == "that" && content >= 2 && !bound;
      const bool counts = word == "one" && !bound && !lexicon::IsStopWord(s.tokens[i + 1].word);
      const bool resolved = word == "it" && content >= 3;
      if (!joins && !counts && !resolved) return true;
    }
    if (!lexicon::IsStopWord(word) && !lexicon::IsFiller(word)) ++content;
  }
  return false;
}

// First names of who else speaks: a sentence that names one is told to them, or of them.
WordSet OtherSpeakers(const Chunk& chunk, const Episode& episode) {
  WordSet others;
  for (const ChunkMemory& memory : chunk.memories) {
    if (memory.episode->speaker != episode.speaker) others.insert(memory.episode->speaker);
  }
  for (const Episode* context : chunk.context) {
    if (context->speaker != episode.speaker) others.insert(context->speaker);
  }
  return others;
}

bool NamesAny(const Sentence& s, const WordSet& names) {
  return std::any_of(names.begin(), names.end(), [&](absl::string_view name) {
    const std::vector<std::string> words = Words(name);
    return !words.empty() &&
           std::any_of(s.tokens.begin(), s.tokens.end(), [&](const Token& t) { return t.word == words[0]; });
  });
}

// A note that leaves 'I' out: 'Baked my rye bread', 'Swam before work'.
bool OpensWithWhatWasDone(const Sentence& s, size_t at) {
  static const WordSet kDone = {"swam",    "ran",     "went",     "built",  "made",  "wrote",  "read",
                                "took",    "bought",  "sold",     "found",  "met",   "saw",    "drove",
                                "flew",    "rode",    "slept",    "walked", "baked", "cycled", "cooked",
                                "painted", "visited", "finished", "taught", "sang",  "drew",   "planted",
                                "ate",     "drank",   "spent"};
  if (at >= s.tokens.size() || s.tokens[at].punct) return false;
  const std::string& word = s.tokens[at].word;
  if (s.Is(at + 1, "by")) return false;
  return kDone.contains(word) || (word.size() > 4 && absl::EndsWith(word, "ed") && s.tokens[at].capital &&
                                  !lexicon::IsWeakClaim(word) && at + 1 < s.tokens.size() &&
                                  (s.Is(at + 1, "my") || s.Is(at + 1, "our") || s.Is(at + 1, "the") ||
                                   s.Is(at + 1, "a") || s.Is(at + 1, "an")));
}

// Verbs of opinion, wish and mood tell nothing that happened.
bool IsMood(const Sentence& s, size_t subject) {
  static const WordSet kMoods = {
      "feel",    "felt",   "feeling",    "think",       "thought",  "believe",  "know",    "knew",
      "need",    "needed", "want",       "wanted",      "hope",     "hoping",   "wish",    "guess",
      "bet",     "agree",  "passionate", "overwhelmed", "keen",     "mean",     "love",    "hate",
      "like",    "miss",   "remember",   "remembering", "can",      "could",    "would",   "should",
      "might",   "may",    "must",       "will",        "'d",       "glad",     "proud",   "happy",
      "sad",     "sorry",  "excited",    "inspired",    "grateful", "thankful", "nervous", "tired",
      "sure",    "down",   "aiming",     "keep",        "try",      "going",    "dead",    "imagine",
      "promise", "said",   "told",       "asked",       "say",      "meant",    "wonder",  "wondering",
      "jealous", "afraid", "screaming",  "crying",      "heard",    "see",      "seem",    "seems",
      "get",     "truly",  "shine"};
  for (size_t i = subject + 1; i < s.tokens.size() && i < subject + 5; ++i) {
    if (s.tokens[i].punct) break;
    if (kMoods.contains(s.tokens[i].word)) return true;
  }
  return false;
}

}  // namespace

bool TellsSomething(const Sentence& sentence) {
  static const WordSet kNever = {
      "you",    "your",   "yours",   "y'all",    "ya",     "thanks",  "thank",  "congrats", "sorry",
      "let",    "lets",   "can",     "wish",     "maybe",  "perhaps", "if",     "would",    "could",
      "might",  "should", "imagine", "wow",      "lol",    "haha",    "ha",     "gonna",    "both",
      "which",  "wait",   "such",    "tomorrow", "almost", "nearly",  "advice", "reminder", "someday",
      "dreams", "hearts", "soon",    "please",   "like",   "else",    "too",    "either",   "another",
      "\"",     "dream",  "joke",    "kidding",  "same",   "someone"};
  const auto& tokens = sentence.tokens;
  if (sentence.question || tokens.size() > kMaxTokens || tokens.size() < kMinTokens) return false;
  if (std::any_of(tokens.begin(), tokens.end(), [](const Token& t) { return kNever.contains(t.word); }))
    return false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].time && tokens[i].word == "next") return false;
  }
  if (LeansOnWhatCameBefore(sentence)) return false;
  const int words = ContentWords(sentence);
  if (words < kMinContentWordsOfADeed) return false;
  // 'From the night shift: walked along the river'
  size_t start = 0;
  for (size_t i = 0; i + 1 < tokens.size() && i < kColon; ++i) {
    if (tokens[i].punct && tokens[i].word == ":") start = i + 1;
  }
  if (OpensWithWhatWasDone(sentence, start)) return words >= kMinContentWords;
  // What comes before the subject: 'Yeah,', 'Last week', 'After every shift'.
  static const WordSet kPrepositions = {"after", "before", "on", "in", "at", "during", "since", "every"};
  const bool adverbial = kPrepositions.contains(tokens[start].word);
  size_t subject = start;
  while (subject < tokens.size() && subject < start + kOpening && tokens[subject].word != "i" &&
         tokens[subject].word != "we" && tokens[subject].word != "my" && tokens[subject].word != "our") {
    const Token& token = tokens[subject];
    const bool opens = token.punct || token.time || lexicon::IsFiller(token.word) ||
                       lexicon::IsStopWord(token.word) || adverbial;
    if (!opens) return false;
    ++subject;
  }
  if (subject >= start + kOpening || subject >= tokens.size()) return false;
  if (words < kMinContentWords && !SpeaksOfPast(sentence, subject, subject + 4)) return false;
  return !IsMood(sentence, subject);
}

std::optional<Gist> Summarise(const Chunk& chunk, int cluster) {
  std::vector<int> members;
  for (size_t i = 0; i < chunk.memories.size(); ++i) {
    if (chunk.memories[i].cluster == cluster) members.push_back(static_cast<int>(i));
  }
  std::sort(members.begin(), members.end(), [&](int a, int b) {
    const ChunkMemory &x = chunk.memories[a], &y = chunk.memories[b];
    if (x.centrality != y.centrality) return x.centrality > y.centrality;
    if (x.episode->occurred_at != y.episode->occurred_at)
      return x.episode->occurred_at < y.episode->occurred_at;
    return x.episode->id < y.episode->id;
  });
  // What is at the rim of a cluster does not stand for it.
  members.resize(std::max(std::min(members.size(), kLeastTried), (members.size() + 1) / 2));
  for (const int member : members) {
    const Episode& episode = *chunk.memories[member].episode;
    if (!SpeaksForItself(episode)) continue;
    const WordSet others = OtherSpeakers(chunk, episode);
    absl::string_view best;
    int most = 0;
    for (absl::string_view text : Sentences(episode.text)) {
      const Sentence sentence = Tokenize(text, episode.occurred_at);
      if (!TellsSomething(sentence) || NamesAny(sentence, others)) continue;
      const int words = ContentWords(sentence);
      if (words > most) {
        most = words;
        best = text;
      }
    }
    if (best.empty()) continue;
    Gist gist;
    gist.text = std::string(best);
    gist.type = GistType::kSummary;
    gist.confidence = 0.5;
    gist.subject = episode.speaker;
    gist.evidence.push_back({member, std::string(best)});
    return gist;
  }
  return std::nullopt;
}

}  // namespace slowwave
