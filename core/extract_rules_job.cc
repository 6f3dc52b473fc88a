// What somebody does for a living.
#include "core/extract_rules.h"

namespace slowwave {

const std::vector<RuleGroup>& JobRules() {
  static const auto* kRules = new std::vector<RuleGroup>{
      {.slot = "occupation:job",
       .confidence = 0.9,
       .text = "works as {a v}",
       .patterns =
           {"S "
            "work|working|worked|works|employed|hired|engaged|recruited|serving|practising|practicing|"
            "moonlighting|freelancing * as <job>",
            "@i was|got|were|been hired|employed|recruited|appointed|taken|promoted on? as|to <job>",
            "@i have been hired|employed|recruited|appointed|taken on? as <job>",
            "they|somebody|someone|company|firm|clinic|hospital hired|took|appointed|employed|recruited|made "
            "me on? as? <job>",
            "@i got|landed|took|accepted|started|have|found|secured|scored|snagged|nabbed|began|bagged "
            "a|an|the|my|this * job|role|position|post|gig|work|employment|career|placement|contract * as "
            "<job>",
            "S "
            "landed|got|started|found|took|accepted|scored|began|secured|bagged|beginning|starting|loving|"
            "enjoying a|an|the|my|this|up? * job|role|position|post|gig|work|employment|career|life|contract "
            "* as <job>",
            "@i * * as a|an <listedjob>",
            "a|an|the * firm|company|clinic|hospital|shop|school|office|place|business|workshop "
            "hired|employed|appointed|took me|us on? as <job>",
            "hired|employed|appointed me|us as <job>",
            "@my boss|manager|company|firm hired|took|made|appointed me on? as? a|an <job>",
            "they|he|she|boss gave|offered|handed me|us a|an|the <listedjob> job|role|position|post|gig",
            "S got|landed|took|accepted|moved|stepped|started|have|found into|in? a|an|the|my|this "
            "<listedjob> job|role|position|post|gig",
            "S proud|happy|glad|excited|lucky|thrilled|delighted to be|become|work working? as? a|an "
            "<listedjob>",
            "S gone|went|go into|in business|practice|trade as <job>",
            "S got|been|was hired|recruited|employed|appointed|taken on? as <job>",
            "@i make|earn @my|a|good|some|the|our? money|living|keep|wage * as <job>",
            "@i have a|an|the * job|role|position|post|gig as <job>",
            "@i have started|begun|begun|taken * as <job>",
            "S "
            "started|start|starting|begun|began|signed|joined|join|qualified|retrained|took|trained|clocked|"
            "employed on|up|out|in|work|working|* as <job>",
            "@my * "
            "job|work|role|position|post|gig|career|shift|week|month|life|profession|trade|occupation|"
            "contract|employment|stint|days|calling|vocation * as <job>",
            "@my first|second|third|last * day|week|month|shift|year * as <job>",
            "first|second|third|another * day|week|month|shift|year * as <job>",
            "@my days as <job> have|has begun|started",
            "@my * "
            "job|work|profession|trade|occupation|role|position|career|vocation|calling|living|title|"
            "livelihood|gig is|: that? of? being|working? as? <listedjob>",
            "@my job|profession|trade|occupation|title|line|day * is|: <listedjob>",
            "being|working as? <job> "
            "suits|is|has|keeps|pays|makes|feels|agrees|fits|brings|turns|gives|means|'s",
            "working|life|work|employment|days as <job>",
            "@my? life|work|days as <job> is|are|suits|has|agrees",
            "@i earn|make|making|earning @my|a|the living|money|keep|bread|crust|wage|wages * as <job>",
            "@i earn|make|made|earning|making @my|a living|money * by|from? being|working as? <listedjob>",
            "S pay|paying the|my bills|rent * as <job>",
            "I a|an <listedjob>",
            "@i am|are|'m a|an <listedjob>",
            "@i am|are now|today? <listedjob> now|by|at|for|today|these|since|and|$",
            "@i have been|became|become a|an <listedjob>",
            "@i became|become|turned <listedjob>",
            "S became|become|becoming a|an <listedjob>",
            "@i am|are employed|engaged|working|back as|at <job>",
            "@i am|are by|of trade|profession a|an? <listedjob>",
            "@i am|are the * <listedjob>",
            "@i am|are @my|their|a|the|officially|one * new|newest <listedjob>",
            "by trade|profession|day|training i|, am|are|i|is|'m? am? a|an? <listedjob>",
            "for|as a|my living|job|work i|, am|i|work|'m? am? as? a|an? <listedjob>",
            "I a|an <listedjob> by|at|for trade|profession|training|day|a|the",
            "call|calling|meet me|the|your a|the|new|newest? <listedjob>",
            "@i switched|changed|moved|pivoted|transitioned|retrained|shifted|swapped "
            "careers|jobs|career|over|across? and|to|into|from? * to|as|became|into being? <listedjob>",
            "@i left|quit * to become|be <listedjob>",
            "@i left|quit * and|now|to * became|am|work as? a|an? <listedjob>",
            "S promoted to <listedjob>",
            "@i qualified|certified|licensed|registered as <job>",
            "@i am|are a qualified|licensed|certified|registered|full-time|professional <job>",
            "@i was|have been? made|named <listedjob>",
            "@i make|made|do|earn a|my living as|by|from? being|working? as? <listedjob>",
            "S career|careers change|switch|move|: * <listedjob>",
            "@my new|current|latest|day|full-time? job|title|role|position : <listedjob>",
            "new job|role|gig|career|title : i|am|as? am? as? <listedjob>",
            "@my badge|card|nametag|contract|payslip|boss|uniform * says|calls|reads me|i|'m? am? "
            "<listedjob>",
            "it|the is|'s work|life of|as being? <job> for me",
            "the <listedjob> life|job|gig|work suits|is|has|'s",
            "@i do|am|doing|make <listedjob> work|shifts|duty",
            "@i spend|spending @my|the|all|% days|weekdays|working|nine|time|shifts|mornings * as <job>"}},
      {.slot = "occupation:employer",
       .confidence = 0.85,
       .text = "works at {v}",
       .patterns = {"@i work|working|am|been working|employed? at|for <name>",
                    "@i got|landed|started|have a|my|the * job at|with <name>"}},
      {.slot = "occupation:job",
       .state = AssertionState::kEnded,
       .confidence = 0.9,
       .text = "no longer works as {a v}",
       .patterns =
           {"S quit|left|lost|resigned|leaving|losing|ended|finished|stepped "
            "@my|the|a|from|down|up|work|working|being|* job|role|position|post|work|career|from|gig|down as "
            "<job>",
            "S lost|left|quit @my|the|a * job|role|position as <job>",
            "S quit|stopped|retired|resigned|gave|given|finished|done from|up|with|working|work|being|as|* "
            "being|working|as as? <listedjob>",
            "S stopped|quit|finished|done working|work|being as? <job>",
            "S retired|resigned as|from|being * as? <job>",
            "S laid|let off|go|fired|sacked|dismissed|redundant * as <job>",
            "@i was|got|were laid|let|fired|sacked|made|dismissed off|go|redundant? from|as * as <job>",
            "@i am|are no longer|not a|an|working|employed as? <listedjob> %|anymore?",
            "@i do not work as <job> %|anymore", "@i no longer work as <job>",
            "@i am|are not a|an <listedjob> anymore|%",
            "no more|longer working|being|work|life as|a? <listedjob>",
            "@my * days|time|career|stint|work|job as <job> is|are|has|have "
            "over|done|behind|ended|come|finished"}},
  };
  return *kRules;
}

}  // namespace slowwave
