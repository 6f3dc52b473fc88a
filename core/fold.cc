#include "core/fold.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/digest.h"

namespace slowwave {
namespace {

// An assertion as the scan sees it: its slot, its value in normal form, and the order among equals.
struct Voice {
  const Assertion* said;
  ResolvedSlot slot;
  std::optional<std::string> normal;
  std::string episodes;  // ids it rests on, sorted and joined: who speaks
  std::string raw;       // the value as said, or the text of a gist without one

  bool holds() const { return said->state == AssertionState::kHolds; }
};

// A value's end bytes sort like a closing quote, so that 'e1' comes before 'e10' and 'e1 b' before 'e1'.
std::string Quoted(absl::string_view text) { return absl::StrCat(text, "'"); }

std::string JoinedEpisodes(const Assertion& a) {
  std::vector<std::string> ids;
  ids.reserve(a.evidence.size());
  for (const Evidence& e : a.evidence) ids.push_back(e.episode_id);
  std::sort(ids.begin(), ids.end());
  return absl::StrJoin(ids, "\x1f");
}

auto EvidenceOrder(const Assertion& a) {
  std::vector<Evidence> sorted = a.evidence;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// Of equal claims of the same episodes the surest stands; then the content decides, never an id.
bool Outweighs(const Voice& a, const Voice& b) {
  const auto rank = [](const Voice& v) {
    return std::make_tuple(v.said->confidence, Quoted(v.said->key), Quoted(v.raw), Quoted(v.said->text),
                           static_cast<int>(v.said->type), v.said->episode_confidence, v.said->turn,
                           v.said->trust, v.said->session, v.said->said_at, EvidenceOrder(*v.said));
  };
  return rank(a) > rank(b);
}

using Item = std::pair<std::string, const Voice*>;  // normal value, who said it

struct Span {
  std::string value;
  std::optional<absl::Time> from, to;
  std::vector<const Voice*> support, closing;
};

int HighestTrust(const std::vector<const Voice*>& voices) {
  int trust = 0;
  for (const Voice* v : voices) trust = std::max(trust, v->said->trust);
  return trust;
}

// The value whose bytes are preferred in a tie: smaller at the first difference; of a prefix, the longer one.
bool BytesPreferred(const std::string& a, const std::string& b) {
  const size_t shared = std::min(a.size(), b.size());
  const int order = a.compare(0, shared, b, 0, shared);
  return order != 0 ? order < 0 : a.size() > b.size();
}

// Rule 4d: of several values at one instant the highest (trust, turn, sessions, confidence) wins, then the
// bytes.
std::string Winner(const std::vector<Item>& holds) {
  std::map<std::string, std::tuple<int, int, size_t, double>> weights;
  std::map<std::string, std::set<std::string>> sessions;
  for (const auto& [value, voice] : holds) {
    auto& [trust, turn, count, confidence] =
        weights.try_emplace(value, voice->said->trust, voice->said->turn, 0, voice->said->confidence)
            .first->second;
    trust = std::max(trust, voice->said->trust);
    turn = std::max(turn, voice->said->turn);
    sessions[value].insert(voice->said->session);
    count = sessions[value].size();
    confidence = std::max(confidence, voice->said->confidence);
  }
  const std::string* best = nullptr;
  for (const auto& [value, weight] : weights) {
    if (best == nullptr || weight > weights[*best] ||
        (weight == weights[*best] && BytesPreferred(value, *best))) {
      best = &value;
    }
  }
  return *best;
}

// Rule 4c: a foretold end is void once the same value is given another end by words said later, but before
// it.
bool Revised(const Voice& voice, const std::vector<const Voice*>& group) {
  const Assertion& a = *voice.said;
  return *a.valid_to > a.said_at && std::any_of(group.begin(), group.end(), [&](const Voice* other) {
    const Assertion& b = *other->said;
    return other->normal == voice.normal && b.said_at > a.said_at && b.said_at <= *a.valid_to && b.valid_to &&
           *b.valid_to != *a.valid_to;
  });
}

struct Instant {
  std::vector<Item> ends, holds;
  std::vector<const Voice*> bare_ends;  // `ended` without a value
};

// What each assertion marks on the time line (rule 4c). A backdated 'holds' also holds when it was said.
std::map<absl::Time, Instant> MarksOf(const std::vector<const Voice*>& group) {
  std::map<absl::Time, Instant> marks;
  const auto end_at = [&](absl::Time at, const Voice* voice) {
    if (voice->normal) {
      marks[at].ends.emplace_back(*voice->normal, voice);
    } else {
      marks[at].bare_ends.push_back(voice);
    }
  };
  for (const Voice* voice : group) {
    const Assertion& a = *voice->said;
    if (voice->holds()) {
      const absl::Time start = a.valid_from.value_or(a.said_at);
      marks[start].holds.emplace_back(*voice->normal, voice);
      if (start < a.said_at && (!a.valid_to || *a.valid_to > a.said_at)) {
        marks[a.said_at].holds.emplace_back(*voice->normal, voice);
      }
      if (a.valid_to && !Revised(*voice, group)) end_at(*a.valid_to, voice);
    } else {
      if (a.valid_from && voice->normal) marks[*a.valid_from].holds.emplace_back(*voice->normal, voice);
      end_at(a.valid_to.value_or(a.said_at), voice);
    }
  }
  return marks;
}

bool SpeaksFirst(const Voice* a, const Voice* b) {
  const auto rank = [](const Voice* v) {
    return std::make_tuple(Quoted(v->episodes), v->said->said_at, v->said->turn, v->said->trust,
                           v->said->episode_confidence, Quoted(v->said->key), Quoted(v->raw), v->holds(),
                           v->said->valid_from.value_or(absl::InfiniteFuture()),
                           v->said->valid_to.value_or(absl::InfiniteFuture()), v->said->confidence,
                           v->said->text);
  };
  return rank(a) < rank(b);
}

// Rule 4e: the scan of one slot (or of one value of a many-valued one), instant by instant.
class Scan {
 public:
  explicit Scan(std::vector<Unused>& unused) : unused_(unused) {}

  std::vector<Span> Run(const std::vector<const Voice*>& group) {
    for (auto& [at, instant] : MarksOf(group)) {
      std::set<std::string> held;
      for (const auto& [value, voice] : instant.holds) held.insert(value);
      End(at, instant, held);
      if (!held.empty()) Hold(at, instant.holds, held);
    }
    if (open_) spans_.push_back(std::move(*open_));
    return std::move(spans_);
  }

 private:
  void Refuse(const char* reason, const Voice* voice) {
    unused_.push_back({reason, voice->slot.name, *voice->said});
  }

  void Close(absl::Time at, std::vector<const Voice*> why) {
    open_->to = at;
    open_->closing = std::move(why);
    spans_.push_back(std::move(*open_));
    open_.reset();
  }

  void End(absl::Time at, Instant& instant, const std::set<std::string>& held) {
    std::sort(instant.bare_ends.begin(), instant.bare_ends.end(), SpeaksFirst);
    std::sort(instant.ends.begin(), instant.ends.end(), [](const Item& a, const Item& b) {
      return a.first != b.first ? a.first < b.first : SpeaksFirst(a.second, b.second);
    });
    for (const Voice* voice : instant.bare_ends) EndOne(at, nullptr, voice);
    for (const auto& [value, voice] : instant.ends) {
      if (held.contains(value)) {  // rule 4d: both ended and held at one instant holds
        Refuse("holds at that instant", voice);
      } else {
        EndOne(at, &value, voice);
      }
    }
  }

  void EndOne(absl::Time at, const std::string* value, const Voice* voice) {
    if (open_ && (value == nullptr || *value == open_->value)) {
      if (voice->said->trust >= HighestTrust(open_->support)) {
        Close(at, {voice});
      } else {
        Refuse("outranked", voice);
      }
      return;
    }
    if (value != nullptr && spans_.empty() && !open_) {  // known to have held, since when is not known
      spans_.push_back({*value, std::nullopt, at, {voice}, {voice}});
      return;
    }
    for (auto span = spans_.rbegin(); span != spans_.rend() && value != nullptr; ++span) {
      if (span->value == *value && span->to == at) {
        span->closing.push_back(voice);
        return;
      }
    }
    Refuse("no effect", voice);
  }

  void Hold(absl::Time at, const std::vector<Item>& holds, const std::set<std::string>& held) {
    const std::string winner = Winner(holds);
    HoldOne(at, winner, holds, winner);
    for (const std::string& value : held) {
      if (value != winner) HoldOne(at, value, holds, winner);
    }
  }

  void HoldOne(absl::Time at, const std::string& value, const std::vector<Item>& holds,
               const std::string& winner) {
    std::vector<const Voice*> own;
    for (const auto& [said, voice] : holds) {
      if (said == value) own.push_back(voice);
    }
    const char* refusal = nullptr;
    if (open_ && open_->value == value) {
      open_->support.insert(open_->support.end(), own.begin(), own.end());
      return;
    }
    if (value != winner) {
      refusal = "contested";
    } else if (open_ && HighestTrust(own) < HighestTrust(open_->support)) {
      refusal = "outranked";
    }
    if (refusal != nullptr) {
      for (const Voice* voice : own) Refuse(refusal, voice);
      return;
    }
    if (open_) Close(at, own);
    open_ = Span{value, at, std::nullopt, own, {}};
  }

  std::vector<Unused>& unused_;
  std::vector<Span> spans_;
  std::optional<Span> open_;
};

// Rule 4g. Sorted before it is multiplied, so that it is equal to the last bit in any order.
double ConfidenceOf(const std::vector<const Voice*>& support) {
  std::map<std::string, double> best;
  for (const Voice* v : support) {
    double& session = best[v->said->session];
    session = std::max(session, std::min(v->said->confidence, v->said->episode_confidence));
  }
  std::vector<double> c;
  for (const auto& [session, confidence] : best) c.push_back(confidence);
  std::sort(c.rbegin(), c.rend());
  double miss = 1 - c[0];
  for (size_t i = 1; i < c.size(); ++i) miss *= 1 - c[i] / 2;
  char text[32];  // decimal rounding of the exact binary value; std::round(x * 1e4) would round twice
  std::snprintf(text, sizeof text, "%.4f", std::min(0.99, std::max(0.0, 1 - miss)));
  return std::strtod(text, nullptr);
}

std::vector<Evidence> EvidenceOf(const std::vector<const Voice*>& voices) {
  // One quote an episode: the surest assertion's, then the smallest bytes.
  std::map<std::string, std::tuple<double, std::string, absl::Time>> by_episode;
  for (const Voice* v : voices) {
    for (const Evidence& e : v->said->evidence) {
      const auto mine = std::make_tuple(-v->said->confidence, e.quote, v->said->said_at);
      auto [it, added] = by_episode.try_emplace(e.episode_id, mine);
      if (!added) it->second = std::min(it->second, mine);
    }
  }
  std::vector<std::tuple<absl::Time, std::string, std::string>> ordered;
  for (const auto& [id, said] : by_episode) ordered.emplace_back(std::get<2>(said), id, std::get<1>(said));
  std::sort(ordered.begin(), ordered.end());
  std::vector<Evidence> out;
  for (auto& [at, id, quote] : ordered) out.push_back({id, quote});
  return out;
}

Fact FactOf(const Span& span, const ResolvedSlot& slot) {
  const Voice* told =
      *std::min_element(span.support.begin(), span.support.end(), [](const Voice* a, const Voice* b) {
        const auto rank = [](const Voice* v) {
          return std::make_tuple(-v->said->trust, -v->said->confidence, v->said->said_at, v->said->text,
                                 v->raw, static_cast<int>(v->said->type));
        };
        return rank(a) < rank(b);
      });
  Fact fact;
  fact.key = slot.name;
  fact.category = slot.category;
  const size_t first = slot.name.find(':'), last = slot.name.rfind(':');
  fact.subject = slot.name.substr(0, first);
  fact.predicate = last == std::string::npos ? slot.name : slot.name.substr(last + 1);
  fact.value = told->raw;
  fact.value_type = slot.known ? slot.value_type : told->said->value_type;
  fact.type = told->said->type;
  fact.text = told->said->text;
  fact.confidence = ConfidenceOf(span.support);
  fact.trust = HighestTrust(span.support);
  fact.temporal = slot.temporal;
  fact.closed = span.to.has_value();
  if (slot.temporal) {  // rule 4f: otherwise dates are not printed
    fact.valid_from = span.from;
    fact.valid_to = span.to;
  }
  fact.evidence = EvidenceOf(span.support);
  fact.closing = EvidenceOf(span.closing);
  return fact;
}

std::string TimeText(const std::optional<absl::Time>& t) {
  return t ? absl::StrCat(absl::ToUnixMicros(*t)) : std::string("-");
}

// Length-prefixed, so that no content can pass for a boundary.
void AppendField(std::string* out, absl::string_view field) {
  absl::StrAppend(out, field.size(), ":", field, ";");
}

}  // namespace

int TrustOf(Origin origin) {
  switch (origin) {
    case Origin::kUser:
      return 3;
    case Origin::kTool:
      return 2;
    case Origin::kAssistant:
      return 1;
    case Origin::kDerived:
    case Origin::kUnspecified:
      return 0;
  }
  return 0;
}

Folded Fold(const std::vector<Assertion>& assertions, Resolver resolve) {
  // One voice an episode: the same claim of the same episodes counts once (rule 4b).
  using Identity = std::tuple<std::string, std::optional<std::string>, std::string, int,
                              std::optional<absl::Time>, std::optional<absl::Time>>;
  std::map<Identity, Voice> best;
  std::map<std::string, ResolvedSlot> slots;
  for (const Assertion& a : assertions) {
    auto [slot, added] = slots.try_emplace(a.key);
    if (added) slot->second = resolve(a.key);
    Voice voice{&a, slot->second, std::nullopt, JoinedEpisodes(a), a.value.value_or("")};
    if (!a.value && a.state == AssertionState::kHolds) voice.raw = a.text;
    if (a.value || voice.holds()) voice.normal = NormalValue(slot->second.value_type, voice.raw);
    const Identity identity(slot->second.name, voice.normal, voice.episodes, static_cast<int>(a.state),
                            a.valid_from, a.valid_to);
    auto [it, first] = best.try_emplace(identity, voice);
    if (!first && Outweighs(voice, it->second)) it->second = voice;
  }
  std::map<std::pair<std::string, std::optional<std::string>>, std::vector<const Voice*>> groups;
  for (const auto& [identity, voice] : best) {
    groups[{voice.slot.name, voice.slot.many ? voice.normal : std::nullopt}].push_back(&voice);
  }

  Folded out;
  for (const auto& [name, group] : groups) {
    // Keys that resolve to one slot agree on everything but, perhaps, being known; the smallest key speaks
    // for it.
    for (const Span& span : Scan(out.unused).Run(group))
      out.facts.push_back(FactOf(span, group.front()->slot));
  }
  std::stable_sort(out.facts.begin(), out.facts.end(), [](const Fact& a, const Fact& b) {
    const auto rank = [](const Fact& f) { return std::tie(f.key, f.valid_from, f.valid_to, f.value); };
    // An end that is not known comes after every known one.
    if (a.key == b.key && a.valid_from == b.valid_from && a.valid_to.has_value() != b.valid_to.has_value()) {
      return a.valid_to.has_value();
    }
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return Canonical(a) < Canonical(b);
  });
  std::sort(out.unused.begin(), out.unused.end(), [](const Unused& a, const Unused& b) {
    const auto rank = [](const Unused& u) {
      return std::make_tuple(u.key, u.assertion.said_at, JoinedEpisodes(u.assertion), u.reason,
                             u.assertion.value.value_or(""), u.assertion.valid_from, u.assertion.valid_to,
                             u.assertion.text, u.assertion.confidence, u.assertion.key);
    };
    return rank(a) < rank(b);
  });
  return out;
}

bool CurrentAt(const Fact& fact, absl::Time as_of) {
  if (!fact.temporal) return !fact.closed;
  return !(fact.valid_from && *fact.valid_from > as_of) && !(fact.valid_to && *fact.valid_to <= as_of);
}

std::string Canonical(const Fact& fact) {
  std::string line;
  AppendField(&line, fact.key);
  AppendField(&line, Name(fact.category));
  AppendField(&line, fact.value);
  AppendField(&line, Name(fact.value_type));
  AppendField(&line, Name(fact.type));
  AppendField(&line, fact.text);
  char confidence[32];
  std::snprintf(confidence, sizeof confidence, "%.4f", fact.confidence);
  AppendField(&line, confidence);
  AppendField(&line, absl::StrCat(fact.trust, fact.temporal ? "t" : "-", fact.closed ? "c" : "-"));
  AppendField(&line, TimeText(fact.valid_from));
  AppendField(&line, TimeText(fact.valid_to));
  for (const auto* list : {&fact.evidence, &fact.closing}) {
    AppendField(&line, absl::StrCat(list->size()));
    for (const Evidence& e : *list) {
      AppendField(&line, e.episode_id);
      AppendField(&line, e.quote);
    }
  }
  return line;
}

std::string DigestOf(const std::vector<Fact>& facts) {
  std::string all;
  for (const Fact& fact : facts) absl::StrAppend(&all, Canonical(fact), "\n");
  return Sha256Hex(all);
}

}  // namespace slowwave
