#include "core/builtin_extractor.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/extract_cues.h"
#include "core/extract_guards.h"
#include "core/extract_rules.h"
#include "core/extract_summary.h"
#include "core/extract_veto.h"
#include "core/lexicon.h"
#include "core/pattern.h"
#include "core/sentence.h"
#include "core/text.h"

namespace slowwave {
namespace {

struct Rule {
  Pattern pattern;
  const RuleGroup* group;
};

// All rules, compiled once, found by the words that trigger them.
class RuleBook {
 public:
  static const RuleBook& Get() {
    static const auto* kBook = new RuleBook;
    return *kBook;
  }

  // Indices of the rules that may match, ascending.
  std::vector<int> Candidates(const Sentence& sentence) const {
    std::vector<int> found = always_;
    for (const Token& token : sentence.tokens) {
      const auto it = by_trigger_.find(token.word);
      if (it != by_trigger_.end()) found.insert(found.end(), it->second.begin(), it->second.end());
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }

  const Rule& at(int index) const { return rules_[index]; }

  // The group whose template tells of `slot` in `state`.
  const RuleGroup* GroupOf(absl::string_view slot, AssertionState state) const {
    for (const Rule& rule : rules_) {
      if (rule.group->slot == slot && rule.group->state == state) return rule.group;
    }
    return nullptr;
  }

 private:
  RuleBook() {
    // Ends first: 'lost my job as a baker' must not be read as having it.
    for (const AssertionState state : {AssertionState::kEnded, AssertionState::kHolds}) {
      for (const auto* groups : {&HomeRules(), &JobRules(), &DietRules(), &PastimeRules(), &TasteRules(),
                                 &PersonRules(), &AimRules()}) {
        for (const RuleGroup& group : *groups) {
          if (group.state == state) Compile(group);
        }
      }
    }
  }

  void Compile(const RuleGroup& group) {
    for (const char* text : group.patterns) {
      const int index = static_cast<int>(rules_.size());
      rules_.push_back(Rule{Pattern(text), &group});
      const auto& triggers = rules_.back().pattern.triggers();
      if (triggers.empty()) always_.push_back(index);
      for (const std::string& word : triggers) by_trigger_[word].push_back(index);
    }
  }

  std::vector<Rule> rules_;
  std::vector<int> always_;
  absl::flat_hash_map<std::string, std::vector<int>> by_trigger_;
};

struct Found {
  const RuleGroup* group = nullptr;
  Match match;
  Phrase value;
};

// Slots of which one sentence states one value at most: a second match is a misreading of the first.
bool OneValued(absl::string_view slot) {
  return slot == "location:current_city" || slot == "occupation:job" || slot == "preference:diet";
}

std::vector<Found> FindAll(const Sentence& sentence) {
  std::vector<Found> found;
  const RuleBook& book = RuleBook::Get();
  const std::vector<int> candidates = book.Candidates(sentence);
  if (candidates.empty()) return found;
  const std::vector<Anchor> anchors = Anchors(sentence);
  for (const int index : candidates) {
    const Rule& rule = book.at(index);
    for (const Anchor& anchor : anchors) {
      const std::optional<Match> match = rule.pattern.MatchAt(sentence, anchor.at, anchor.may_elide);
      if (!match || Revoked(sentence, match->end)) continue;
      if (rule.group->state == AssertionState::kHolds &&
          TellsOfElse(sentence, rule.group->slot, match->begin, match->end))
        continue;
      Found one{rule.group, *match, match->value.value_or(Phrase{match->begin, match->end, match->end})};
      if (absl::StrContains(rule.group->slot, "value:") && match->begin > 0 &&
          sentence.Is(match->begin - 1, "and"))
        continue;
      if (match->value && match->kind == PhraseKind::kCount) {
        // 'two dogs', 'a puppy': the count begins the value, what is counted ends it.
        one.value.end = match->end;
        if (sentence.Is(one.value.begin, "a") || sentence.Is(one.value.begin, "an")) ++one.value.begin;
      }
      found.push_back(one);
      if (rule.group->list && match->value) {
        size_t at = match->value->next;
        while (sentence.Is(at, ",") || sentence.Is(at, "and") || sentence.Is(at, "or") ||
               sentence.Is(at, "&")) {
          size_t next = at + 1;
          if (sentence.Is(next, "and") || sentence.Is(next, "or")) ++next;
          const auto more = ReadPhrase(PhraseKind::kListedPastime, sentence, next);
          if (!more) break;
          one.value = *more;
          found.push_back(one);
          at = more->next;
        }
      }
      break;
    }
  }
  return found;
}

// Ends first, so that no reading of the same words as a liking stands beside them.
void AddCues(const Sentence& sentence, std::vector<Found>& found) {
  for (const Cue& cue : ReadCues(sentence)) {
    const RuleGroup* group = RuleBook::Get().GroupOf(cue.slot, cue.state);
    if (group == nullptr) continue;
    if (cue.state == AssertionState::kHolds &&
        TellsOfElse(sentence, cue.slot, cue.value.begin, cue.value.end))
      continue;
    Found one{group, Match{0, sentence.tokens.size(), cue.value, std::nullopt, PhraseKind::kThing},
              cue.value};
    if (cue.state == AssertionState::kEnded) {
      found.insert(found.begin(), one);
    } else if (std::none_of(found.begin(), found.end(),
                            [&](const Found& f) { return absl::string_view(f.group->slot) == cue.slot; })) {
      found.push_back(one);
    }
  }
}

// 'Tomasz is my boyfriend' names him: 'a boyfriend' says nothing more.
void DropNamelessKin(std::vector<Found>& found) {
  const auto named = [&](size_t token) {
    return std::any_of(found.begin(), found.end(),
                       [&](const Found& f) { return f.match.relation && f.match.relation->begin == token; });
  };
  std::erase_if(found, [&](const Found& f) {
    const absl::string_view slot = f.group->slot;
    return (slot == "relationship:household" || slot == "relationship:pet") && named(f.value.begin);
  });
}

// Who is loved has one slot, whatever they are called: a boyfriend becomes a fiancé, and 'I broke up with
// him' ends it under any of the names.
bool IsPartner(absl::string_view relation) {
  static const absl::flat_hash_set<absl::string_view> kWords = {
      "husband", "wife", "partner", "boyfriend", "girlfriend", "fiance", "fiancee", "fiancé", "fiancée"};
  return kWords.contains(relation);
}

// An aim that names nothing: 'be brave', 'find the right spot', 'make a difference'.
bool IsVagueAim(const Sentence& sentence, const Phrase& aim) {
  static const absl::flat_hash_set<absl::string_view> kVerbs = {"be", "find", "affect", "stay", "feel"};
  static const absl::flat_hash_set<absl::string_view> kNouns = {"difference", "impact"};
  for (size_t i = aim.begin; i < aim.end; ++i) {
    if (kNouns.contains(sentence.tokens[i].word)) return true;
  }
  return kVerbs.contains(sentence.tokens[aim.begin].word);
}

std::string Capitalised(absl::string_view word) {
  std::string out(word);
  if (!out.empty()) out[0] = absl::ascii_toupper(out[0]);
  return out;
}

class EpisodeReader {
 public:
  EpisodeReader(const Episode& episode, int memory, std::vector<Gist>& gists)
      : episode_(episode), memory_(memory), gists_(gists) {
    slug_ = Slug(episode.speaker);
    name_ = slug_.empty() || slug_ == "user" ? "User" : episode.speaker;
    if (slug_.empty()) slug_ = "user";
  }

  void Read() {
    for (absl::string_view text : Sentences(episode_.text)) {
      const Sentence sentence = Tokenize(text, episode_.occurred_at);
      if (!MayState(sentence)) continue;
      std::set<std::pair<absl::string_view, AssertionState>> stated;
      std::vector<Found> all = FindAll(sentence);
      AddCues(sentence, all);
      DropNamelessKin(all);
      for (const Found& found : all) {
        if (OneValued(found.group->slot) && stated.contains({found.group->slot, found.group->state}))
          continue;
        // An end outweighs a mention of the same thing in the same breath: rules for ends come first.
        if (Emit(sentence, found)) stated.insert({found.group->slot, found.group->state});
      }
    }
  }

 private:
  bool Emit(const Sentence& sentence, const Found& found) {
    const RuleGroup& group = *found.group;
    const std::string value(sentence.Words(found.value.begin, found.value.end));
    if (value.empty() || value.size() > 200) return false;
    if (group.type == GistType::kGoal && IsVagueAim(sentence, found.value)) return false;
    const std::string folded = FoldText(value);
    const std::string slot = SlotOf(sentence, found);
    const std::string kind = absl::StartsWith(slot, "preference:") ? "preference" : slot;
    if (!seen_.insert({kind, folded}).second) return false;
    Gist gist;
    gist.subject = episode_.speaker;
    gist.type = group.type;
    gist.state = group.state;
    gist.confidence = group.confidence;
    gist.key = absl::StrCat(slug_, ":", slot);
    gist.predicate = slot.substr(slot.find(':') + 1);
    gist.value = value;
    gist.text = TextOf(sentence, found, value);
    gist.evidence.push_back({memory_, std::string(sentence.text)});
    if (!SetDates(sentence, found, gist)) return false;
    gists_.push_back(std::move(gist));
    return true;
  }

  std::string SlotOf(const Sentence& sentence, const Found& found) const {
    std::string slot = found.group->slot;
    if (absl::StrContains(slot, "{rel}")) {
      const auto& rel = found.match.relation;
      std::string kind = "other";
      if (rel)
        kind =
            IsPartner(sentence.tokens[rel->begin].word) ? "partner" : Slug(sentence.tokens[rel->begin].word);
      return absl::StrReplaceAll(slot, {{"{rel}", kind}});
    }
    if (absl::StrContains(slot, "{noun}")) {
      for (size_t k = found.match.begin; k + 1 < found.match.end; ++k) {
        const std::string& word = sentence.tokens[k].word;
        if (word == "favourite" || word == "favorite" || word == "fave") {
          return absl::StrReplaceAll(slot, {{"{noun}", Slug(sentence.tokens[k + 1].word)}});
        }
      }
    }
    return slot;
  }

  std::string TextOf(const Sentence& sentence, const Found& found, std::string value) const {
    if (found.group->text == nullptr) return std::string(sentence.text);
    // The capital of a sentence's first word is not the value's.
    const absl::string_view slot = found.group->slot;
    if (found.value.begin == 0 && (slot == "preference:hobby" || slot == "preference:diet"))
      value[0] = absl::ascii_tolower(value[0]);
    const bool vowel = absl::StrContains("aeiouAEIOU", value.substr(0, 1));
    const std::string relation =
        found.match.relation ? sentence.tokens[found.match.relation->begin].word : "";
    return absl::StrCat(
        Capitalised(name_), " ",
        absl::StrReplaceAll(
            found.group->text,
            {{"{a v}", absl::StrCat(vowel ? "an " : "a ", value)}, {"{v}", value}, {"{rel}", relation}}));
  }

  // False: the date makes it no fact of the present.
  bool SetDates(const Sentence& sentence, const Found& found, Gist& gist) const {
    if (gist.type == GistType::kGoal) return true;  // its date is when it is to be reached
    const NamedDate* best = nullptr;
    for (const NamedDate& date : sentence.dates) {
      // Nearest behind the value, else before the match.
      if (best == nullptr || (best->begin < found.value.end && date.begin >= found.value.end)) best = &date;
    }
    if (best == nullptr) return true;
    const bool inside = best->begin >= found.value.begin && best->begin < found.value.end;
    if (inside) return true;  // the date is part of what is said
    if (best->role == NamedDate::Role::kUntil) return gist.state == AssertionState::kEnded;
    if (best->role == NamedDate::Role::kAt && !best->has_year &&
        !SpeaksOfPast(sentence, found.match.begin, found.match.end))
      return true;
    if (best->start > episode_.occurred_at) return false;
    if (absl::StartsWith(found.group->slot, "identity:")) return true;
    if (gist.state == AssertionState::kEnded) {
      gist.valid_to = best->start;
    } else {
      gist.valid_from = best->start;
    }
    return true;
  }

  const Episode& episode_;
  const int memory_;
  std::vector<Gist>& gists_;
  std::string slug_, name_;
  std::set<std::pair<std::string, std::string>> seen_;  // slot and value, of this episode
};

}  // namespace

std::vector<Gist> ExtractBuiltin(const Chunk& chunk) {
  std::vector<Gist> gists;
  std::map<int, bool> explained;  // by cluster
  for (size_t i = 0; i < chunk.memories.size(); ++i) {
    const ChunkMemory& memory = chunk.memories[i];
    const size_t before = gists.size();
    if (SpeaksForItself(*memory.episode)) EpisodeReader(*memory.episode, static_cast<int>(i), gists).Read();
    if (memory.cluster >= 0) explained[memory.cluster] |= gists.size() > before;
  }
  for (const auto& [cluster, has_facts] : explained) {
    if (has_facts) continue;
    if (std::optional<Gist> summary = Summarise(chunk, cluster)) gists.push_back(*std::move(summary));
  }
  return gists;
}

}  // namespace slowwave
