// How somebody eats.
#include "core/extract_rules.h"

namespace slowwave {

const std::vector<RuleGroup>& DietRules() {
  static const auto* kRules = new std::vector<RuleGroup>{
      {.slot = "preference:diet",
       .type = GistType::kPreference,
       .state = AssertionState::kEnded,
       .confidence = 0.9,
       .text = "no longer eats {v}",
       .patterns = {"S no longer * <diet>", "@i am|are|do|have not|never * <diet> anymore|%",
                    "S stopped|quit|ended|dropped|ditched|abandoned|left|broke|scrapped|finished "
                    "being|eating|going|my|the|a|with|* <diet>",
                    "S gave|given|giving up on? being|eating|my|the|going? <diet>",
                    "S done|finished|through with being|my|the? <diet>", "no more|longer <diet> * for me",
                    "no more|longer <diet> diet|food|eating|meals|$",
                    "@my <diet> days|phase|diet|life|time is|are|has|have over|done|ended|behind",
                    "@my days|time|life|phase as|of|on|being * <diet> is|are|has|have over|done|ended|behind",
                    "S not <diet> anymore|%",
                    "S went|going|gone|back to|on eating meat after|from * <diet>"}},
      {.slot = "preference:diet",
       .type = GistType::kPreference,
       .confidence = 0.9,
       .text = "eats {v}",
       .patterns =
           {"S eat|eating * <diet>",
            "S cook|cooking|order|ordering|buy|buying|make|making|prepare|preparing "
            "only|just|strictly|all|everything|* <diet> "
            "food|meals|dishes|now|only|recipes|for|stuff|groceries|products|%|$",
            "S "
            "went|gone|going|go|turned|turning|become|became|switched|converted|changed|moved|committed|"
            "shifted|transitioned|over|back|all|into|to|* <diet>",
            "S went|gone|going|go|turned|become|became <diet>",
            "S "
            "started|begun|began|starting|beginning|trying|tried|adopted|adopting|follow|following|keep|"
            "keeping|kept|stick|sticking|stuck|observe|observing|maintain|maintaining|live|living|doing|"
            "chose|choose|picked|embraced|embracing|taken|took|on|done * <diet>",
            "@i am|are|'m * <diet> now|since|and|$|these|by|for|person|eater|%|again|diet",
            "@i am|are|have been|become|became|turned? a|an <diet> %|$",
            "@i have been <diet> %|$",
            "@my doctor|doctors|dietician|dietitian|nutritionist|gp put|has|have|got|wants me|us "
            "on|onto|eating a|an|the? <diet>",
            "@i need @my|the|all food|meals|diet|dishes to be <diet>",
            "@i do not|never eat|cook|buy|touch anything|food|things|stuff * not <diet>",
            "it has to be <diet> or",
            "@i am|are on|following|into|keeping|doing|sticking|committed to? a|an|the? <diet> "
            "diet|lifestyle|%|now|plan|regime|thing|kick",
            "S on a|an|the|this * <diet> diet|plan|regime|kick",
            "@my "
            "diet|food|meals|plate|eating|menu|lunches|dinners|cooking|kitchen|fridge|cupboard|pantry|"
            "lifestyle|breakfast|dinner|lunch|meal|everything|shopping|table|groceries|plates * "
            "is|are|has|have|stays|went|looks * <diet>",
            "@my * diet is|: <diet>",
            "@my new|current? diet|way|lifestyle * is|: <diet>",
            "@my <diet> diet|lifestyle|journey|life|meals|kitchen|eating|cooking|routine|phase "
            "has|is|suits|started|going|for|agrees|keeps|%",
            "dinner|lunch|breakfast|food|meals|everything|dinners|lunches|supper|snacks|menu|cooking|eating|"
            "dessert|all|anything|what * eat|cook|order|has|have|must|is|are|needs|should|stays|got|goes|go "
            "* <diet> * for|in|i|with me|i|my|our|we|eat|%",
            "dinner|lunch|breakfast|food|meals|everything|dinners|lunches|supper|snacks * "
            "has|have|must|is|are|needs|should|stays * <diet> now|%|$",
            "everything|all|anything|whatever|what i|we|that * eat|cook|order|put * is|are|has|'s * <diet>",
            "only|just|strictly <diet> food|meals|dishes|for|from|options|stuff|now|%|* me|i|us|%|$",
            "it is|'s|has to|be|* <diet> food|meals|only? for|or me|us|i",
            "<diet> "
            "is|'s|has|suits|works|food|it|diet|eating|cooking|meals|living|been|become|all|agrees|keeps|"
            "makes|feels * for|with|way|me|i|my|diet me|i|eat|lifestyle|eating|now|cook|diet?",
            "<diet> food|meals|eating|cooking|diet|dishes|only is|are|for|only|'s|suits|it|has|* "
            "all|what|the|how|me|only|my|now|* i|me|way|eat|cook|for|now|%|$",
            "<diet> all the way|time for|now|%|$",
            "<diet> since|for|% %|ages|$",
            "<diet> diet|eater|food|lifestyle here|now|for|%|only",
            "<diet> it is|'s for me|us",
            "I a|an|strictly|fully|totally|committed|proud <diet> %|$",
            "i've|i|we made|making the|a switch|change|move|jump|transition|decision * to|into * <diet>",
            "S made|making|make the|a|my switch|change|move|jump|transition|leap * <diet>",
            "no * meat|gluten|dairy|animal|carbs|bread|pork|sugar|fish|eggs * i|for|am|going|strictly|we * "
            "<diet>",
            "put|count|sign|mark me down|in|up? as|for|on? <diet>",
            "consider|call|calling me|myself a? <diet>",
            "S cut|cutting|cutout out? * i|went|am|so|going|now|and|: * <diet>",
            "the <diet> life|diet|lifestyle|way suits|is|agrees|works|for|has",
            "S feel|feeling|felt|doing * great|better|good|well|best|healthier * "
            "eating|going|on|being|since|as|with * <diet>",
            "going|being|eating|staying|living|keeping <diet> "
            "is|has|was|suits|feels|makes|changed|works|agrees|helps|helped|keeps|turned|for|%"}},
  };
  return *kRules;
}

}  // namespace slowwave
