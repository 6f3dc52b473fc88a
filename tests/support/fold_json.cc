#include "tests/support/fold_json.h"

#include <algorithm>
#include <string>

namespace slowwave {

using nlohmann::json;

namespace {

absl::Time TimeOf(const json& seconds) { return absl::FromUnixSeconds(seconds.get<int64_t>()); }

Assertion AssertionOf(const json& j) {
  Assertion a;
  const json& episodes = j.at("episode");
  for (const json& id : episodes.is_array() ? episodes : json::array({episodes}))
    a.evidence.push_back({id, "quote"});
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

}  // namespace

std::vector<Assertion> AssertionsOf(const json& fold_case) {
  std::vector<Assertion> assertions;
  for (const json& a : fold_case.at("assertions")) assertions.push_back(AssertionOf(a));
  return assertions;
}

json FoldCase(const json& input) {
  const std::vector<Assertion> assertions = AssertionsOf(input);
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
    unused.push_back({{"reason", u.reason},
                      {"key", u.key},
                      {"value", value},
                      {"episode", u.assertion.evidence[0].episode_id}});
  }
  return {{"facts", facts}, {"unused", unused}, {"digest", DigestOf(folded.facts)}};
}

}  // namespace slowwave
