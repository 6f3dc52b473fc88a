// Where somebody lives.
#include "core/extract_rules.h"

namespace slowwave {

const std::vector<RuleGroup>& HomeRules() {
  static const auto* kRules = new std::vector<RuleGroup>{
      {.slot = "location:current_city",
       .confidence = 0.9,
       .text = "lives in {v}",
       .patterns =
           {"S live|living|reside|residing|dwell|dwelling in <place>",
            "S love|like|enjoy|loving|liking|enjoying living in <place>",
            "S started|begun|began living in <place>",
            "@i have got|found myself|ourselves a|an|the|my|our * flat|place|apartment|house|home|room in "
            "<place>",
            "@i got|found|bought|rented myself|ourselves a|an|the * flat|place|apartment|house|home|room in "
            "<place>",
            "life|work|love|job|career has? brought|took|taken|led me|us to <place>",
            "S ended|wound up living|settling|staying? in <place>",
            "@my family|household|kids|wife|husband|partner|lot live|lives|living|moved to|in <place> "
            "now|%|$",
            "@i am|are|have become? <place> residents|locals|citizens|natives",
            "@my|the? new place|flat|home|house|apartment is in <place>",
            "@my new place|flat|home|house|apartment is in <place>",
            "S came|come to <place> and stayed|never",
            "S set|setting up home|house|camp|shop? in <place>",
            "the|@my|our? new apartment|flat|house|place|home|cottage|address is|: in|at <place>",
            "S staying|stay|living|here|settled permanently? in <place> permanently|%|now|good",
            "S shifted|shifting|transplanted|decamped base|house? to <place>",
            "S happy|glad|delighted|thrilled|excited|lucky|proud to be? "
            "live|living|based|settled|resident|here in <place>",
            "@i have a|an|our|my|got new|own * home|place|house|flat|apartment in <place>",
            "@i chose|picked|chosen <place> to|as|for live|our|my|home|base",
            "@i decided to move|relocate to <place> and",
            "moved house : <place>",
            "S moved|relocated|emigrated|immigrated|migrated|transferred|transplanted "
            "back|over|down|up|out|across|house|home|away|everything|* to <place>",
            "S moved|relocated|emigrated|migrated * from <~place> to <place>",
            "S moved|move|moving in|into * in <place>",
            "S made|make|completed|finished|did the|our|my|a big|final? move|leap|jump * to <place>",
            "S moved @my * to <place>",
            "S upped|packed sticks|up|everything|bags * to <place>",
            "S packed @my? bags|things|up|everything * moved|to to? <place>",
            "S settled|settling|resettled|settle down|in|back|into|nicely|well? here|there|life|things? "
            "in|into <place>",
            "S based in|out of? <place>",
            "S resident|residents|citizen|citizens|inhabitant|inhabitants of <place>",
            "@i am|are a|an|residents? resident|inhabitant|citizen|local of|in <place>",
            "@i am|are|have|become|became * a|an <place> resident|local|dweller|inhabitant|citizen",
            "@i have lived in <place> %",
            "@i have been in <place> since",
            "@i am|are in <place> nowadays|now",
            "@i am|are in <place> these days",
            "@i am|are in <place> for good",
            "S rent|renting|rented|bought|buying|own|found|got|have|signed|leased|leasing|secured|took "
            "a|an|the|my|our|this * "
            "flat|place|apartment|house|home|room|studio|condo|lease|cottage|loft|bungalow|houseboat|"
            "mortgage|bedsit|townhouse|tenancy * in <place>",
            "S keys * flat|place|apartment|house|home|room|studio|condo|cottage|loft in <place>",
            "S got|picked|collected|received|have|holding up? the|our|my keys * in <place>",
            "S moved into a|an|the|my|our * in <place>",
            "S call|calling <place> home|@my",
            "S make|made|making|found|built|building|have|set|setting|create|creating up? a|my|our * "
            "home|life|house|household in|of|for? * <place>",
            "S made|making <place> my|our new? home",
            "S put|putting|set|setting|planted|planting down? roots down? in <place>",
            "S start|started|starting|begun|began|beginning a|my|our|the * life|chapter|start|adventure in "
            "<place>",
            "S starting|started|start over|fresh|afresh|anew|again in <place>",
            "S swapped|traded|exchanged|left <~place> for <place>",
            "S wake|waking up in <place> every|each|%",
            "S "
            "love|loving|enjoy|enjoying|like|liking|used|adjusting|adjusted|settled|settling|adapting|"
            "embracing to|in|into? @my? new|daily|everyday? life|living|being in|here <place>",
            "S used|adjusting|adapting|accustomed to living|life|being|things in <place>",
            "S getting|got used to living|life|being|things? in? <place>",
            "S arrived|landed in <place> for good",
            "S arrived|landed|come here? in|to <place> to stay",
            "S unpack|unpacking|unpacked|unboxing * in <place>",
            "S come|came|gone|went to live in|to <place>",
            "S come|came|gone|went to <place> to live",
            "S call myself|ourselves a? <place> local|resident|home",
            "S work|study and live in <place>",
            "S live and work|study in <place>",
            "S live * in|outside|near? the? "
            "heart|middle|centre|center|suburbs|outskirts|north|south|east|west|part|side of <place>",
            "S live|living with * in <place>",
            "S live|living alone|alone|together|happily|on|by * in <place>",
            "@i am|are from|back? living|residing|settled|based|established|installed|ensconced * in <place>",
            "@my home|house|flat|apartment|place|address|base|residence|household is * in <place>",
            "@my new|current|permanent? home|city|hometown|town|base|address|abode|hometown|residence is|: "
            "in|to? <place>",
            "@my * "
            "flat|apartment|house|place|home|neighbours|neighbors|neighbourhood|neighborhood|landlord|street|"
            "balcony|kitchen|bedroom|garden|studio in <place>",
            "@my home|base for|now? me|now|'s? is in? <place>",
            "@my new? life|days|mornings|evenings|routine in <place>",
            "the|@my|our? move|relocation to <place> is|was|went|has|finally|done|complete|happened|worked|$",
            "moving|relocating to <place> was|has|turned|changed",
            "home|base is|means|: in? <place>",
            "home these|for|% days|me|now? is in? <place>",
            "<place> is|'s|became|become @my? home|base|hometown|city",
            "<place> is|'s the? where|place|city|town|one? where? @i "
            "live|living|settled|call|reside|moved|am|are|wake",
            "<place> is|'s @my new|current|permanent|adopted? home|base|city|town|hometown|address",
            "<place> has|have become|been @my? * home|base|city",
            "<place> became @my? * home|base|city",
            "<place> feels|feel like home",
            "<place> is|'s where @my? home|i|we|life is|live|am|are?",
            "life|living|settling in|into? <place> is|has|suits|agrees|feels|treats|beats|'s|so",
            "loving|enjoying life|living|it in <place>",
            "new home|city|address|flat|apartment|house|place : in? <place>",
            "greetings|hello|hi|writing from * home|flat|apartment|house|place * <place>",
            "greetings|hello from <place> , @my * home|city",
            "you|you'll will? can? find me living|in|at? in? <place> %",
            "a|an <place> resident|local now|since|%|$"}},
      {.slot = "location:current_city",
       .state = AssertionState::kEnded,
       .confidence = 0.9,
       .text = "no longer lives in {v}",
       .patterns = {"@i do not live|reside in <place> %|anymore", "@i no longer live|reside in <place>",
                    "@i am|are no longer|not living|based|in|residing in? <place> %?",
                    "S moved away|out from|of <place>", "S left <place> %|behind|for good",
                    "S left <place> $", "S moved|relocated from|out of? <place> $",
                    "S sold|gave @my|the|up house|flat|home|apartment|place in <place>",
                    "S stopped|quit living in <place>",
                    "@my time|days|life|years in <place> is|are|have|has over|done|ended|up|come"}},
  };
  return *kRules;
}

}  // namespace slowwave
