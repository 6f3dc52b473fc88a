#include "core/grounding.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/grounding_claims.h"
#include "core/grounding_voice.h"
#include "core/lexicon.h"
#include "core/text.h"

namespace slowwave {
namespace {

// Shares of a gist's content words, measured on real conversations (true gists kept against strangers
// caught): in what it cites, or, for an answer that leans on its question, in what surrounds that. Weak words
// count half; and as much counts, as a word that is there, that it tells of both who talk.
constexpr double kMinOverlap = 0.22;
constexpr double kMinOverlapAround = 0.4;
constexpr double kWeakWord = 0.5;
constexpr double kMinOverlapGuessed = 0.6;  // of a memory that nobody cited, but that was shown
constexpr int kTurnsAway = 2;

bool Near(const Episode& a, const Episode& b) {
  if (&a == &b) return true;
  if (a.session_id.empty() || a.session_id != b.session_id || !a.turn || !b.turn) return false;
  return std::abs(*a.turn - *b.turn) <= kTurnsAway;
}

// The cited episodes and those within two turns of one of them.
std::vector<const Episode*> WindowOf(const std::vector<const Episode*>& cited, const Chunk& chunk) {
  std::vector<const Episode*> window = cited;
  const auto consider = [&](const Episode* episode) {
    if (std::find(window.begin(), window.end(), episode) != window.end()) return;
    if (std::any_of(cited.begin(), cited.end(), [&](const Episode* c) { return Near(*c, *episode); })) {
      window.push_back(episode);
    }
  };
  for (const ChunkMemory& memory : chunk.memories) consider(memory.episode);
  for (const Episode* episode : chunk.context) consider(episode);
  return window;
}

bool QuoteFound(absl::string_view quote, const Episode& episode) {
  const std::string folded = FoldText(quote);
  return !Words(folded).empty() && absl::StrContains(FoldText(episode.text), folded);
}

struct Verdict {
  const char* reason = "";
  std::string detail;
  bool ok() const { return reason[0] == '\0'; }
};

template <typename T, typename Has>
std::string Missing(const std::vector<T>& wanted, Has has) {
  for (const T& one : wanted) {
    if (!has(one)) return absl::StrCat(one);
  }
  return "";
}

// `lean`: enough words around what is cited will do, if its value is among them.
Verdict Carries(const Claims& claims, const std::vector<const Episode*>& cited, const Chunk& chunk, bool lean,
                double least = kMinOverlap) {
  WordBag window, own;
  for (const Episode* episode : WindowOf(cited, chunk)) window.Add(*episode);
  for (const Episode* episode : cited) own.Add(*episode);
  std::string missing = Missing(claims.numbers, [&](const std::string& n) { return window.HasNumber(n); });
  if (!missing.empty()) return {"number_not_in_evidence", missing};
  missing = Missing(claims.years, [&](int year) { return window.HasYear(year); });
  if (missing.empty()) missing = Missing(claims.months, [&](int month) { return window.HasMonth(month); });
  if (missing.empty()) missing = Missing(claims.days, [&](int day) { return window.HasDay(day); });
  if (!missing.empty()) return {"date_not_in_evidence", missing};
  missing = Missing(claims.names, [&](const std::string& name) { return window.HasName(name); });
  if (!missing.empty()) return {"name_not_in_evidence", missing};
  if (claims.content.empty()) return {};
  const double both = claims.names_several ? kWeakWord : 0;
  double all = both, in_own = both, in_window = both;
  for (const std::string& word : claims.content) {
    const double weight = lexicon::IsWeakClaim(word) ? kWeakWord : 1;
    all += weight;
    if (own.HasContent(word)) in_own += weight;
    if (window.HasContent(word)) in_window += weight;
  }
  const bool may_lean =
      lean &&
      (claims.value.empty() || std::any_of(claims.value.begin(), claims.value.end(),
                                           [&](const std::string& word) { return window.HasContent(word); }));
  if (in_own < least * all && !(may_lean && in_window >= kMinOverlapAround * all)) {
    return {"too_little_overlap",
            absl::StrCat("under ", static_cast<int>(least * 100), " % of ", claims.content.size(), " words")};
  }
  return {};
}

}  // namespace

Grounding Ground(const Gist& gist, const Chunk& chunk) {
  Grounding result;
  const auto fail = [&](const char* reason, std::string detail) {
    result.reason = reason;
    result.detail = std::move(detail);
    return result;
  };
  if (Words(gist.text).empty()) return fail("empty_gist", "");
  if (gist.evidence.empty()) return fail("no_evidence", "");
  const std::vector<std::string> speakers = SpeakersOf(chunk);
  std::vector<int> quoted;
  bool known = false;
  for (size_t i = 0; i < gist.evidence.size(); ++i) {
    const Citation& citation = gist.evidence[i];
    if (citation.memory < 0 || static_cast<size_t>(citation.memory) >= chunk.memories.size()) continue;
    known = true;
    if (gist.guessed || QuoteFound(citation.quote, *chunk.memories[citation.memory].episode))
      quoted.push_back(static_cast<int>(i));
  }
  if (!known) return fail("unknown_memory", "");
  if (quoted.empty()) return fail("quote_not_found", "");

  const Claims claims = ClaimsOf(gist, speakers);
  const auto episode_of = [&](int citation) {
    return chunk.memories[gist.evidence[citation].memory].episode;
  };
  if (claims.of_itself) return fail("not_its_speaker", claims.subject);
  std::vector<int> own;
  for (const int i : quoted) {
    if (MaySpeakOf(claims, *episode_of(i))) own.push_back(i);
  }
  if (own.empty()) return fail("not_its_speaker", claims.subject);
  // What carries it in its own words comes first; only if nothing does may an answer lean on its question.
  Verdict last;
  const double least = gist.guessed ? kMinOverlapGuessed : kMinOverlap;
  for (const bool lean : {false, true}) {
    for (const int i : own) {
      Verdict verdict = Carries(claims, {episode_of(i)}, chunk, lean, least);
      if (verdict.ok()) {
        result.alone.push_back(i);
      } else {
        last = std::move(verdict);
      }
    }
    if (!result.alone.empty()) return result;
    if (gist.guessed) break;  // what leans on its question, or holds only jointly, must have been cited
    if (own.size() < 2) continue;
    std::vector<const Episode*> cited;
    for (const int i : own) cited.push_back(episode_of(i));
    last = Carries(claims, cited, chunk, lean);
    if (last.ok()) {
      result.jointly = own;
      return result;
    }
  }
  return fail(last.reason, last.detail);
}

}  // namespace slowwave
