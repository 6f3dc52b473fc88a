#include "core/stages/align.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/digest.h"
#include "core/fold.h"
#include "core/gist_screen.h"
#include "core/grounding.h"

namespace slowwave {
namespace {

constexpr size_t kMaxSuggestions = 50;
constexpr size_t kMaxTextBytes = 4096;
constexpr int kMaxTries = 5;  // unanswered, and an episode counts as unreadable

const Episode& Cited(const Chunk& chunk, const Citation& citation) {
  return *chunk.memories[static_cast<size_t>(citation.memory)].episode;
}

bool IsShown(const Chunk& chunk, const Citation& c) {
  return c.memory >= 0 && static_cast<size_t>(c.memory) < chunk.memories.size();
}

std::string SessionOf(const Episode& e) {
  return e.session_id.empty() ? absl::FormatTime("%Y-%m-%d", e.occurred_at, absl::UTCTimeZone())
                              : e.session_id;
}

Assertion AssertionOf(const Gist& gist, const Chunk& chunk, const std::vector<int>& support,
                      double confidence) {
  Assertion a;
  a.key = KeyOf(gist, Cited(chunk, gist.evidence[static_cast<size_t>(support.front())]).speaker);
  a.value = gist.value;
  a.value_type = gist.value_type;
  a.type = gist.type;
  a.state = gist.state;
  a.valid_from = gist.valid_from;
  a.valid_to = gist.valid_to;
  a.confidence = confidence;
  a.text = gist.text;
  a.trust = TrustOf(Origin::kUser);
  a.episode_confidence = 1;
  const Episode* latest = nullptr;
  std::set<int> carries(support.begin(), support.end());
  for (size_t i = 0; i < gist.evidence.size(); ++i) {
    const Citation& citation = gist.evidence[i];
    if (!IsShown(chunk, citation)) continue;
    const Episode& e = Cited(chunk, citation);
    if (!carries.contains(static_cast<int>(i))) {
      if (!gist.guessed) a.context.push_back({e.id, citation.quote});
      continue;
    }
    a.evidence.push_back({e.id, gist.guessed ? e.text : citation.quote});
    a.trust = std::min(a.trust, TrustOf(e.origin));
    a.episode_confidence = std::min(a.episode_confidence, e.confidence);
    if (latest == nullptr || std::tie(latest->occurred_at, latest->id) < std::tie(e.occurred_at, e.id))
      latest = &e;
  }
  a.said_at = latest->occurred_at;
  a.turn = latest->turn.value_or(0);
  a.session = SessionOf(*latest);
  return a;
}

// Equal content of one run is one assertion, so its id is a digest of both.
std::string IdOf(const Assertion& a) {
  const auto time = [](const std::optional<absl::Time>& t) {
    return t ? absl::StrCat(absl::ToUnixMicros(*t)) : "-";
  };
  std::string content =
      absl::StrCat(a.run_id, "\x1f", a.key, "\x1f", a.value ? "v" + *a.value : "-", "\x1f",
                   static_cast<int>(a.value_type), "\x1f", static_cast<int>(a.type), "\x1f",
                   static_cast<int>(a.state), "\x1f", time(a.valid_from), "\x1f", time(a.valid_to), "\x1f");
  absl::StrAppend(&content, a.confidence, "\x1f", a.text);
  for (const Evidence& e : a.evidence) absl::StrAppend(&content, "\x1f", e.episode_id, "\x1f", e.quote);
  return Sha256Hex(content).substr(0, 32);
}

Quarantined Refused(const Gist& gist, const Chunk& chunk, std::string reason, std::string detail) {
  Quarantined q;
  q.reason = std::move(reason);
  q.detail = std::move(detail);
  q.text = gist.text;
  q.key = gist.key;
  q.value = gist.value;
  for (const Citation& c : gist.evidence) {
    q.evidence.push_back({IsShown(chunk, c) ? Cited(chunk, c).id : std::string(), c.quote});
  }
  return q;
}

// Keys of the same subject and category that share a word of the predicate.
std::vector<std::string> SimilarKeys(const std::string& key, const std::set<std::string>& known) {
  const std::vector<std::string> parts = absl::StrSplit(key, ':');
  const std::set<std::string> words = absl::StrSplit(parts.back(), '_');
  std::vector<std::string> similar;
  for (const std::string& other : known) {
    const std::vector<std::string> theirs = absl::StrSplit(other, ':');
    if (other == key || theirs.front() != parts.front()) continue;
    for (const std::string& word : std::vector<std::string>(absl::StrSplit(theirs.back(), '_'))) {
      if (word.size() > 3 && words.contains(word)) {
        similar.push_back(other);
        break;
      }
    }
  }
  return similar;
}

// Which memories of a chunk are reviewed, left for a later run, or given up.
void SortMemories(RunState& run, const Chunk& chunk, const ChunkReply& reply, size_t number,
                  const std::map<std::string, int>& tries, std::set<std::string>& reviewed) {
  Report& report = run.report;
  std::vector<int> left = reply.left;
  if (!reply.status.ok()) {
    report.errors.push_back(absl::StrCat("chunk ", number, ": ", reply.status.message()));
    left.resize(chunk.memories.size());
    std::iota(left.begin(), left.end(), 0);
  }
  for (const std::string& problem : reply.problems) {
    report.errors.push_back(absl::StrCat("chunk ", number, ": ", problem));
  }
  std::set<std::string> not_read;
  for (const int i : left) {
    const std::string& id = chunk.memories[static_cast<size_t>(i)].episode->id;
    not_read.insert(id);
    const auto before = tries.find(id);
    const bool given_up = before != tries.end() && before->second + 1 >= kMaxTries;
    (given_up ? run.unreadable : run.left).push_back(id);
  }
  for (const int i : reply.unasked) not_read.insert(chunk.memories[static_cast<size_t>(i)].episode->id);
  for (const int i : reply.unreadable) {
    const std::string& id = chunk.memories[static_cast<size_t>(i)].episode->id;
    not_read.insert(id);
    run.unreadable.push_back(id);
  }
  report.partial |= !not_read.empty();
  for (const ChunkMemory& m : chunk.memories) {
    if (!not_read.contains(m.episode->id)) reviewed.insert(m.episode->id);
  }
}

}  // namespace

void AlignGist(const Gist& gist, const Chunk& chunk, Orders& orders, std::vector<Assertion>& assertions,
               std::vector<Quarantined>& quarantine) {
  if (gist.text.size() > kMaxTextBytes || (gist.value && gist.value->size() > kMaxTextBytes)) {
    Gist cut = gist;
    cut.text.clear();
    cut.value.reset();
    quarantine.push_back(Refused(cut, chunk, "too_long", absl::StrCat("over ", kMaxTextBytes, " bytes")));
    return;
  }
  if (gist.valid_from && gist.valid_to && *gist.valid_to <= *gist.valid_from) {
    quarantine.push_back(Refused(gist, chunk, "ends_before_it_begins", "valid_to is not after valid_from"));
    return;
  }
  const auto refuse_order = [&] {
    quarantine.push_back(
        Refused(gist, chunk, "instruction_like", "what it cites reads as an order or a prompt"));
  };
  if (orders.InAll(gist)) return refuse_order();
  Grounding grounding = Ground(gist, chunk);
  if (!grounding.reason.empty()) {
    quarantine.push_back(Refused(gist, chunk, grounding.reason, grounding.detail));
    return;
  }
  const auto is_order = [&](int i) { return orders.Has(gist.evidence[static_cast<size_t>(i)]); };
  std::erase_if(grounding.alone, is_order);
  if (std::any_of(grounding.jointly.begin(), grounding.jointly.end(), is_order)) grounding.jointly.clear();
  if (grounding.alone.empty() && grounding.jointly.empty()) return refuse_order();
  const std::vector<int>& support = grounding.alone.empty() ? grounding.jointly : grounding.alone;
  double mean = 0;
  for (const int i : support) {
    mean +=
        Cited(chunk, gist.evidence[static_cast<size_t>(i)]).confidence / static_cast<double>(support.size());
  }
  const double confidence = std::clamp(gist.confidence * mean, 0.0, 1.0);
  if (grounding.alone.empty()) {
    assertions.push_back(AssertionOf(gist, chunk, support, confidence));
    return;
  }
  for (const int i : support) {
    // Each voice is as sure as its own episode, so that how many were shown together changes nothing.
    const double own = Cited(chunk, gist.evidence[static_cast<size_t>(i)]).confidence;
    assertions.push_back(AssertionOf(gist, chunk, {i}, std::clamp(gist.confidence * own, 0.0, 1.0)));
  }
}

void Align(RunState& run, const Registry& registry, const std::set<std::string>& known_keys) {
  Report& report = run.report;
  std::set<std::string> cited, reviewed;
  std::map<std::string, std::vector<std::string>> suggested;
  std::map<std::string, int> tries;
  for (size_t i = 0; i < run.sample.tries.size() && i < run.sample.episodes.size(); ++i) {
    tries[run.sample.episodes[i].id] = run.sample.tries[i];
  }
  for (size_t c = 0; c < run.chunks.size(); ++c) {
    const Chunk& chunk = run.chunks[c];
    const ChunkReply& reply = run.replies[c];
    SortMemories(run, chunk, reply, c, tries, reviewed);
    if (!reply.status.ok()) continue;
    Orders orders(chunk);
    for (const Gist& gist : reply.gists) {
      ++report.gists;
      const Screening screened = Screen(gist, chunk, registry);
      if (!screened.reason.empty()) {
        run.quarantine.push_back(Refused(gist, chunk, screened.reason, screened.detail));
        continue;
      }
      const size_t before = run.assertions.size();
      AlignGist(gist, chunk, orders, run.assertions, run.quarantine);
      if (run.assertions.size() == before) continue;
      const std::string& key = run.assertions[before].key;
      const ResolvedSlot slot = registry.Resolve(key);
      if (slot.known || known_keys.contains(slot.name)) {
        ++report.integrated;
      } else {
        ++report.created_keys;
        suggested.try_emplace(slot.name);
      }
    }
  }
  for (Assertion& a : run.assertions) {
    a.run_id = run.plan.run_id;
    a.id = IdOf(a);
    for (const Evidence& e : a.evidence) cited.insert(e.episode_id);
  }
  std::sort(run.assertions.begin(), run.assertions.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  run.assertions.erase(std::unique(run.assertions.begin(), run.assertions.end(),
                                   [](const auto& a, const auto& b) { return a.id == b.id; }),
                       run.assertions.end());
  for (size_t i = 0; i < run.quarantine.size(); ++i) {
    run.quarantine[i].run_id = run.plan.run_id;
    run.quarantine[i].ordinal = static_cast<int>(i);
    ++report.quarantined[run.quarantine[i].reason];
  }
  for (const auto& [key, unused] : suggested) {
    const std::vector<std::string> similar = SimilarKeys(key, known_keys);
    for (const std::string& other : similar) {
      if (report.suggestions.size() < kMaxSuggestions) {
        report.suggestions.push_back(absl::StrCat(key, " looks like ", other));
      }
    }
  }
  run.reviewed.assign(reviewed.begin(), reviewed.end());
  run.cited.assign(cited.begin(), cited.end());
  report.assertions = static_cast<int64_t>(run.assertions.size());
  report.supported_nothing = static_cast<int64_t>(run.reviewed.size() - run.cited.size());
}

}  // namespace slowwave
