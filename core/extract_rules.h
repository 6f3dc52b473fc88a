// The extractor's rules as data: what a sentence says if it matches a pattern (see pattern.h).
#ifndef SLOWWAVE_CORE_EXTRACT_RULES_H_
#define SLOWWAVE_CORE_EXTRACT_RULES_H_

#include <vector>

#include "storage/types.h"

namespace slowwave {

// Patterns that say the same thing.
struct RuleGroup {
  // `category:predicate` of the key. A `{rel}` stands for the relation or pet that was matched.
  const char* slot = nullptr;
  GistType type = GistType::kFact;
  AssertionState state = AssertionState::kHolds;
  double confidence = 0.9;
  // What follows the speaker's name in the gist's text; `{v}` is the value. Null: the text is the sentence
  // itself.
  const char* text = nullptr;
  // Further pastimes behind a comma or 'and' count too.
  bool list = false;
  std::vector<const char*> patterns;
};

const std::vector<RuleGroup>& HomeRules();
const std::vector<RuleGroup>& JobRules();
const std::vector<RuleGroup>& DietRules();
const std::vector<RuleGroup>& PastimeRules();
const std::vector<RuleGroup>& TasteRules();   // likes, dislikes, favourites
const std::vector<RuleGroup>& PersonRules();  // name, origin, relations, pets, health
const std::vector<RuleGroup>& AimRules();     // goals, values, habits

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_EXTRACT_RULES_H_
