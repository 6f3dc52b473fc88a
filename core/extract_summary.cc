#include "core/extract_summary.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "core/extract_guards.h"
#include "core/lexicon.h"
#include "core/text.h"

namespace slowwave {
namespace {

using WordSet = absl::flat_hash_set<absl::string_view>;

constexpr int kMinContentWords = 5;
constexpr size_t kMaxTokens = 40;
constexpr size_t kMembersTried = 3;

int ContentWords(const Sentence& sentence) {
  WordSet seen;
  for (const Token& token : sentence.tokens) {
    if (!token.punct && !token.time && !lexicon::IsStopWord(token.word) && !lexicon::IsFiller(token.word))
      seen.insert(token.word);
  }
  return static_cast<int>(seen.size());
}

}  // namespace

bool TellsSomething(const Sentence& sentence) {
  static const WordSet kNever = {
      "you",      "your",  "yours", "y'all", "ya",     "it",      "this",     "that",
      "these",    "those", "they",  "them",  "he",     "she",     "him",      "her",
      "his",      "their", "there", "here",  "thanks", "thank",   "congrats", "congratulations",
      "sorry",    "let",   "lets",  "hope",  "wish",   "maybe",   "agree",    "bet",
      "guess",    "if",    "would", "could", "might",  "should",  "can",      "will",
      "one",      "ones",  "glad",  "proud", "sure",   "imagine", "wow",      "lol",
      "haha",     "gonna", "one's", "both",  "yours",  "which",   "wait",     "such",
      "together", "\""};
  if (sentence.question || sentence.tokens.size() > kMaxTokens || sentence.tokens.size() < 6) return false;
  size_t first = 0;
  for (const Token& token : sentence.tokens) {
    if (kNever.contains(token.word) || token.word == "\"") return false;
  }
  // What comes before the subject: 'Yeah,', 'Hey Ann,', 'Last week'.
  while (first < sentence.tokens.size() && first < 6 && sentence.tokens[first].word != "i" &&
         sentence.tokens[first].word != "we" && sentence.tokens[first].word != "my" &&
         sentence.tokens[first].word != "our")
    ++first;
  if (first >= 6 || first >= sentence.tokens.size()) return false;
  return ContentWords(sentence) >= kMinContentWords;
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
  if (members.size() > kMembersTried) members.resize(kMembersTried);
  for (const int member : members) {
    const Episode& episode = *chunk.memories[member].episode;
    if (!SpeaksForItself(episode)) continue;
    absl::string_view best;
    int most = 0;
    for (absl::string_view text : Sentences(episode.text)) {
      const Sentence sentence = Tokenize(text, episode.occurred_at);
      if (!TellsSomething(sentence)) continue;
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
