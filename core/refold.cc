#include "core/refold.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

std::string IdentityOf(const Fact& fact) {
  return absl::StrCat(fact.key, "\x1f", NormalValue(fact.value_type, fact.value));
}

// The fact of the same slot that took the place of `fact`, if one did.
const Fact* SuccessorOf(const Fact& fact, const std::vector<Fact>& all) {
  for (const Fact& other : all) {
    if (&other == &fact || other.key != fact.key) continue;
    const bool follows = fact.temporal ? other.valid_from.has_value() && other.valid_from == fact.valid_to
                                       : fact.closed && !other.closed;
    if (follows) return &other;
  }
  return nullptr;
}

ChangeKind ClosedKind(const Fact& fact, const Fact* successor) {
  if (!fact.temporal) return ChangeKind::kCorrected;
  return successor != nullptr ? ChangeKind::kSuperseded : ChangeKind::kEnded;
}

Change LineOf(const Fact* before, const Fact& fact, const std::vector<Fact>& after) {
  Change change;
  change.fact = fact;
  const Fact* successor = fact.closed ? SuccessorOf(fact, after) : nullptr;
  if (successor != nullptr) change.replaced_by = successor->value;
  if (before == nullptr) {
    change.kind = ChangeKind::kCreated;
  } else {
    change.confidence_before = before->confidence;
    change.kind = fact.closed && !before->closed ? ClosedKind(fact, successor) : ChangeKind::kReinforced;
  }
  return change;
}

}  // namespace

Folded RefoldAll(const SlotContents& contents, const Registry& registry) {
  Folded folded = Fold(contents.assertions, [&](absl::string_view key) { return registry.Resolve(key); });
  std::map<std::string, std::string> runs;
  for (const Fact& fact : contents.facts) runs[Canonical(fact)] = fact.run_id;
  std::map<std::string, std::string> by_episode;
  for (const Assertion& a : contents.assertions) {
    for (const Evidence& e : a.evidence) by_episode[e.episode_id] = a.run_id;
  }
  for (Fact& fact : folded.facts) {
    const auto known = runs.find(Canonical(fact));
    fact.run_id = known != runs.end() ? known->second : by_episode[fact.evidence.front().episode_id];
  }
  return folded;
}

std::vector<Change> DiffFacts(const std::vector<Fact>& before, std::vector<Fact>& after,
                              const std::vector<Unused>& unused, const std::string& run_id) {
  std::map<std::string, const Fact*> same;
  std::multimap<std::string, const Fact*> of_value;
  for (const Fact& fact : before) {
    same.emplace(Canonical(fact), &fact);
    of_value.emplace(IdentityOf(fact), &fact);
  }
  std::set<const Fact*> kept;
  for (Fact& fact : after) {  // equal facts first, so that no changed one takes their place
    const auto equal = same.find(Canonical(fact));
    if (equal == same.end()) continue;
    fact.run_id = equal->second->run_id;
    kept.insert(equal->second);
  }
  std::vector<Change> changes;
  for (Fact& fact : after) {
    if (same.contains(Canonical(fact))) continue;
    fact.run_id = run_id;
    const Fact* was = nullptr;
    const auto [first, last] = of_value.equal_range(IdentityOf(fact));
    for (auto it = first; it != last; ++it) {
      if (kept.contains(it->second)) continue;
      if (was == nullptr || it->second->valid_from == fact.valid_from) was = it->second;
    }
    if (was != nullptr) kept.insert(was);
    changes.push_back(LineOf(was, fact, after));
  }
  for (const Fact& fact : before) {
    if (kept.contains(&fact)) continue;
    Change change;
    change.kind = ChangeKind::kRemoved;
    change.fact = fact;
    change.confidence_before = fact.confidence;
    changes.push_back(std::move(change));
  }
  for (const Unused& u : unused) {
    if (u.assertion.run_id != run_id) continue;
    Change change;
    change.kind = ChangeKind::kContested;
    change.note = u.reason;
    change.fact.key = u.key;
    change.fact.value = u.assertion.value.value_or(u.assertion.text);
    change.fact.text = u.assertion.text;
    change.fact.type = u.assertion.type;
    change.fact.trust = u.assertion.trust;
    change.fact.confidence = u.assertion.confidence;
    change.fact.valid_from = u.assertion.valid_from.value_or(u.assertion.said_at);
    change.fact.evidence = u.assertion.evidence;
    change.fact.run_id = run_id;
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace slowwave
