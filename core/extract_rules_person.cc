// Who somebody is, whom they have, what they like, aim at, hold dear and do again and again.
#include "core/extract_rules.h"

namespace slowwave {

const std::vector<RuleGroup>& TasteRules() {
  static const auto* kRules = new std::vector<RuleGroup>{
      {.slot = "preference:likes",
       .type = GistType::kPreference,
       .confidence = 0.8,
       .text = "likes {v}",
       .patterns = {"@i love|like|adore|enjoy <thing> $", "@i am|are a|an big|huge|massive? fan of <thing> $",
                    "@i am|are fond of <thing> $",
                    "@i have a|an soft|weakness|sweet spot|tooth? for <thing> $"}},
      {.slot = "preference:cuisine",
       .type = GistType::kPreference,
       .confidence = 0.85,
       .text = "likes {v} food",
       .patterns = {"@i love|like|adore|enjoy <cuisine> food|cuisine|cooking|dishes",
                    "<cuisine> food|cuisine|cooking|dishes is|are|'s my|our favourite|favorite|fave",
                    "@my favourite|favorite|fave food|cuisine is|: <cuisine> food|cuisine|cooking|$",
                    "@i am|are a|an big|huge|massive? fan of <cuisine> food|cuisine|cooking|dishes",
                    "@i can not get enough of <cuisine> food|cuisine|cooking|dishes"}},
      {.slot = "preference:dislikes",
       .type = GistType::kPreference,
       .confidence = 0.8,
       .text = "dislikes {v}",
       .patterns = {"@i hate|dislike|detest|loathe|despise <thing> $", "@i do not like|enjoy <thing> $",
                    "@i can not stand|bear <thing> $", "@i am|are not a|an big|huge|much? fan of <thing> $",
                    "@i am|are not keen on <thing> $"}},
      {.slot = "preference:favorite_{noun}",
       .type = GistType::kPreference,
       .confidence = 0.85,
       .text = nullptr,
       .patterns = {"@my favourite|favorite|fave "
                    "book|movie|film|song|band|color|colour|food|dish|season|author|artist|sport|animal|"
                    "drink|game|singer|musician|dessert|meal|place|city|subject|flower|restaurant|show|"
                    "series|holiday|genre|team is|are|: <thing> $",
                    "@my favourite|favorite|fave "
                    "book|movie|film|song|band|color|colour|food|dish|season|author|artist|sport|animal|"
                    "drink|game|singer|musician|dessert|meal|place|city|subject|flower|restaurant|show|"
                    "series|holiday|genre|team is|are|: <name> $"}},
  };
  return *kRules;
}

const std::vector<RuleGroup>& PersonRules() {
  static const auto* kRules = new std::vector<RuleGroup>{
      {.slot = "identity:name",
       .confidence = 0.9,
       .text = "is called {v}",
       .patterns = {"@my name is <name>", "my full name is <name>", "call me <name>", "@i go by <name>",
                    "people|friends|everyone|everybody call|calls me <name>"}},
      {.slot = "identity:origin",
       .confidence = 0.85,
       .text = "comes from {v}",
       .patterns = {"@i am|are originally? from <place> $", "@i come from <place> $",
                    "@i was born * in <place>", "@i grew up in <place>", "@i was raised in <place>",
                    "@my home country|town , <place>", "@my hometown|homeland is|, <place>"}},
      {.slot = "relationship:{rel}",
       .confidence = 0.85,
       .text = "has a {rel} called {v}",
       .patterns =
           {"@my younger|older|little|big|eldest|oldest|youngest|elder|twin|late|best? <rel> <name>",
            "@my younger|older|little|big|eldest|oldest|youngest|elder|twin|late|best? <rel> , <name> ,",
            "@my younger|older|little|big|eldest|oldest|youngest|elder|twin|late|best? <rel> 's name is "
            "<name>",
            "@my younger|older|little|big|eldest|oldest|youngest|elder|twin|late|best? <rel> is called|named "
            "<name>",
            "@i have a|an younger|older|little|big|twin? <rel> called|named <name>"}},
      {.slot = "relationship:pet",
       .confidence = 0.85,
       .text = "has a {rel} called {v}",
       .patterns = {"@my <pet> <name>", "@my <pet> , <name> ,", "@my <pet> 's name is <name>",
                    "@my <pet> is called|named <name>",
                    "@i have|got|adopted a|an * <pet> called|named <name>",
                    "@i have got|adopted a|an * <pet> called|named <name>"}},
      {.slot = "relationship:pet",
       .confidence = 0.8,
       .text = nullptr,
       .patterns = {"@i have|own <count> * <pet>", "@i got|adopted|rescued <count> * <pet>",
                    "@i have got|adopted|rescued <count> * <pet>"}},
      {.slot = "relationship:family",
       .confidence = 0.85,
       .text = nullptr,
       .patterns = {"@i have|got <count> * "
                    "kids|children|sons|daughters|brothers|sisters|siblings|brother|sister|son|daughter|"
                    "twins|grandchildren|cousins|nephews|nieces",
                    "@i have got <count> * "
                    "kids|children|sons|daughters|brothers|sisters|siblings|brother|sister|son|daughter|"
                    "twins|grandchildren",
                    "@i am|are a|an single mom|mother|dad|father|parent|mum $"}},
      {.slot = "relationship:marital_status",
       .confidence = 0.85,
       .text = "is {v}",
       .patterns = {"@i am|are <marital> %|$|to|with|for|now", "@i got <marital> %|$|to|in|on|last",
                    "@i have been <marital> for|since|%|$"}},
      {.slot = "attribute:allergy",
       .confidence = 0.9,
       .text = "is allergic to {v}",
       .patterns = {"@i am|are * allergic to <thing>", "@i have been allergic to <thing>",
                    "@i have a|an|severe|bad|serious|mild? <allergen> allergy",
                    "@i can not eat <thing> ,|because|- * allergic|allergy",
                    "@i have a|an * allergy to <thing>"}},
      {.slot = "attribute:intolerance",
       .confidence = 0.85,
       .text = "is {v} intolerant",
       .patterns = {"@i am|are <allergen> intolerant"}},
      {.slot = "attribute:allergy",
       .state = AssertionState::kEnded,
       .confidence = 0.85,
       .text = "is no longer allergic to {v}",
       .patterns = {"@i am|are no longer allergic to <thing>",
                    "@i am|are not allergic to <thing> anymore|%"}},
      {.slot = "state:health",
       .type = GistType::kState,
       .confidence = 0.85,
       .text = nullptr,
       .patterns = {"@i have <condition>", "@i was|got|am diagnosed with <thing>",
                    "@i have been diagnosed with <thing>", "@i suffer|suffering from <thing>",
                    "@i am|are pregnant"}},
      {.slot = "attribute:language",
       .confidence = 0.85,
       .text = "speaks {v}",
       .patterns = {"@i speak|speaking <language>", "@i am|are fluent in <language>"}},
      {.slot = "attribute:studies",
       .confidence = 0.8,
       .text = "studies {v}",
       .patterns = {"@i am|are studying <thing> $", "@i study <thing> at|in|$",
                    "@i have a|an degree in <thing>", "@i am|are majoring in <thing>"}},
      {.slot = "attribute:possession",
       .confidence = 0.75,
       .text = nullptr,
       .patterns = {"@i own a|an <thing> $"}},
  };
  return *kRules;
}

const std::vector<RuleGroup>& AimRules() {
  static const auto* kRules = new std::vector<RuleGroup>{
      {.slot = "goal:aim",
       .type = GistType::kGoal,
       .confidence = 0.8,
       .text = "aims to {v}",
       .patterns = {"@my * goal|dream|aim|ambition|plan is to <action> $", "@i dream|dreaming of <action> $",
                    "@i aim|aiming|hope|hoping to <action> $",
                    "@i am|are determined|training|saving|working|studying|preparing|practising|practicing "
                    "to|up|hard|towards|for to? <action> $"}},
      {.slot = "goal:plan",
       .type = GistType::kGoal,
       .confidence = 0.7,
       .text = nullptr,
       .patterns = {"@i am|are thinking of|about <action> $", "@i am|are planning to|on <action> $",
                    "@i am|are considering <action> $", "@i plan|intend to|on <action> $",
                    "@i want to <action> $", "@i wanna <action> $"}},
      {.slot = "value:important",
       .type = GistType::kValue,
       .confidence = 0.75,
       .text = "holds {v} dear",
       .patterns = {"<thing> is|are everything|important|sacred|essential to|for me",
                    "<thing> mean|means everything|lot|world|the|a|so * to me",
                    "<thing> matter|matters a|so|most|to * me", "@i value <thing> $",
                    "@i believe in <thing> $"}},
      {.slot = "pattern:habit",
       .type = GistType::kPattern,
       .confidence = 0.75,
       .text = nullptr,
       .patterns = {"@i <habit>", "@i usually|always|often|regularly|never <habit>",
                    "every|each <~thing>? %? * i|we <habit>"}},
      {.slot = "pattern:habit",
       .type = GistType::kPattern,
       .state = AssertionState::kEnded,
       .confidence = 0.85,
       .text = "gave up {v}",
       .patterns = {"S quit|stopped|gave|given up? <vice>"}},
      {.slot = "attribute:volunteering",
       .confidence = 0.8,
       .text = nullptr,
       .patterns = {"@i volunteer|volunteering at|with|for|as <thing>",
                    "@i have been volunteering at|with|for|as <thing>",
                    "@i am|are volunteering at|with|for|as <thing>"}},
  };
  return *kRules;
}

}  // namespace slowwave
