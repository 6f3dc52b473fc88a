// Folds cases from standard input: one JSON object a line, {"slots": {KEY: {"name", "many", "temporal"}}, "assertions":
// [{"episode", "session", "at", "turn", "trust", "episode_confidence", "key", "value", "state", "from", "to",
// "confidence", "text"}]}; times are whole seconds since 1970. Prints what each folds to, one JSON object a line:
// {"facts": [{"key", "value" (normal form), "from", "to", "confidence", "trust", "text", "support", "closing"}],
// "unused": [{"reason", "key", "value", "episode"}]}. For comparing this fold with any other implementation.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/fold.h"

namespace slowwave {
namespace {

using nlohmann::json;

absl::Time TimeOf(const json& seconds) { return absl::FromUnixSeconds(seconds.get<int64_t>()); }

Assertion AssertionOf(const json& j) {
  Assertion a;
  a.evidence = {{j.at("episode"), "quote"}};
  if (j.at("episode").is_array()) {
    a.evidence.clear();
    for (const json& id : j.at("episode")) a.evidence.push_back({id, "quote"});
  }
  a.session = j.at("session");
  a.said_at = TimeOf(j.at("at"));
  a.turn = j.at("turn");
  a.trust = j.at("trust");
  a.episode_confidence = j.at("episode_confidence");
  a.key = j.at("key");
  if (!j.at("value").is_null()) a.value = j.at("value").get<std::string>();
  a.state = j.at("state") == "ended" ? AssertionState::kEnded : AssertionState::kHolds;
  if (!j.at("from").is_null()) a.valid_from = TimeOf(j.at("from"));
  if (!j.at("to").is_null()) a.valid_to = TimeOf(j.at("to"));
  a.confidence = j.at("confidence");
  a.text = j.at("text");
  return a;
}

json Ids(const std::vector<Evidence>& evidence) {
  std::vector<std::string> ids;
  for (const Evidence& e : evidence) ids.push_back(e.episode_id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

json Seconds(const std::optional<absl::Time>& t) { return t ? json(absl::ToUnixSeconds(*t)) : json(nullptr); }

json FoldCase(const json& input) {
  std::vector<Assertion> assertions;
  for (const json& a : input.at("assertions")) assertions.push_back(AssertionOf(a));
  const json& slots = input.at("slots");
  const Folded folded = Fold(assertions, [&](absl::string_view key) {
    const json& slot = slots.at(std::string(key));
    ResolvedSlot out;
    out.name = slot.at("name");
    out.many = slot.at("many");
    out.temporal = slot.value("temporal", true);
    out.known = true;
    return out;
  });
  json facts = json::array(), unused = json::array();
  for (const Fact& f : folded.facts) {
    facts.push_back({{"key", f.key},
                     {"value", NormalValue(ValueType::kText, f.value)},
                     {"from", Seconds(f.valid_from)},
                     {"to", Seconds(f.valid_to)},
                     {"confidence", f.confidence},
                     {"trust", f.trust},
                     {"text", f.text},
                     {"support", Ids(f.evidence)},
                     {"closing", Ids(f.closing)}});
  }
  for (const Unused& u : folded.unused) {
    json value = nullptr;
    if (u.assertion.value) value = NormalValue(ValueType::kText, *u.assertion.value);
    unused.push_back({{"reason", u.reason}, {"key", u.key}, {"value", value}, {"episode", u.assertion.evidence[0].episode_id}});
  }
  return {{"facts", facts}, {"unused", unused}, {"digest", DigestOf(folded.facts)}};
}

}  // namespace
}  // namespace slowwave

int main() {
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) {
    try {
      std::cout << slowwave::FoldCase(nlohmann::json::parse(line)).dump() << '\n';
    } catch (const std::exception& e) {
      std::cerr << "fold_tool: " << e.what() << '\n';
      return 2;
    }
  }
  return 0;
}
