// Fold cases as JSON, so that this fold can be compared with any other implementation.
//
// A case: {"slots": {KEY: {"name", "many", "temporal"}}, "assertions": [{"episode" (an id, or a list of ids
// that carry it jointly), "session", "at", "turn", "trust", "episode_confidence", "key", "value", "state",
// "from", "to", "confidence", "text"}]}; times are whole seconds since 1970, absent ones null.
#ifndef SLOWWAVE_TESTS_SUPPORT_FOLD_JSON_H_
#define SLOWWAVE_TESTS_SUPPORT_FOLD_JSON_H_

#include <nlohmann/json.hpp>
#include <vector>

#include "core/fold.h"

namespace slowwave {

std::vector<Assertion> AssertionsOf(const nlohmann::json& fold_case);

// {"facts": [{"key", "value" (normal form), "from", "to", "confidence", "trust", "text", "support",
// "closing"}], "unused": [{"reason", "key", "value" (normal form), "episode"}], "digest"}
nlohmann::json FoldCase(const nlohmann::json& fold_case);

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_FOLD_JSON_H_
