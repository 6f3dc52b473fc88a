// What somebody does for pleasure.
#include "core/extract_rules.h"

namespace slowwave {

const std::vector<RuleGroup>& PastimeRules() {
  static const auto* kRules = new std::vector<RuleGroup>{
      {.slot = "preference:hobby",
       .type = GistType::kPreference,
       .state = AssertionState::kEnded,
       .confidence = 0.9,
       .text = "no longer enjoys {v}",
       .list = true,
       .patterns =
           {"S gave|given|give|giving up on? <pastime>",
            "S gave|given|giving <pastime> up",
            "@i no longer have time|energy|patience|room for <listedpastime>",
            "S said|say @my goodbyes|farewells to <listedpastime>",
            "S had to give|quit|stop|drop up? <listedpastime>",
            "@my love * with|for <listedpastime> is|has over|faded|died|gone|ended",
            "S turned|turning @my back|backs on <listedpastime>",
            "<listedpastime> no|not longer? "
            "interests|interest|excites|excite|appeals|appeal|thrills|does|thrill",
            "S let|letting go of <listedpastime>",
            "S put|putting a|an end|stop to <listedpastime>",
            "S had it with <listedpastime>",
            "S dropped|dropping out of <listedpastime>",
            "@i decided to stop|quit|drop|give doing|up|with? <listedpastime>",
            "@i will not be doing|playing|going to? <listedpastime> anymore|%",
            "@i do not go|go to? <listedpastime> anymore|%",
            "<listedpastime> is|'s a|an|now|just? thing|part|chapter|hobby of the|my past",
            "S stopped|quit going|doing|playing to? <listedpastime>",
            "S packed|packing|chucked|jacked|tossed in|it? on? <listedpastime> in?",
            "S packed|packing <listedpastime> in|up|away",
            "S quit|quitting|dropped|dropping|ditched|ditching|abandoned|abandoning|discontinued <pastime>",
            "S stopped|stopping|ceased "
            "doing|with|practising|practicing|going|playing|all|attending|the|my|to|for? <listedpastime>",
            "S gone off <listedpastime>",
            "S went off <listedpastime>",
            "S done|finished|through with <listedpastime>",
            "@i am|are over <listedpastime>",
            "S retired|retiring from <listedpastime>",
            "S had|have enough of <listedpastime>",
            "S got|gotten sick|tired|bored of|with <listedpastime>",
            "@i have no|little time|energy|interest|patience|love left? for|in <listedpastime> anymore|%|$",
            "@i used to love|enjoy|like|do|be|play into? <listedpastime> , but not|no",
            "@i used to love|enjoy|like|do|be|play into? <listedpastime> but not|no|stopped|quit",
            "that is|'s it|all for|with <listedpastime>",
            "<listedpastime> bores|tires|exhausts|annoys|frustrates me",
            "@i am|are not into|doing|keen <listedpastime> anymore|%",
            "S not touched|played|practised|practiced|done my|any|the? <listedpastime> "
            "gear|kit|equipment|in|for|%",
            "@i sold|sell|selling|binned|donated my|all|the|off|* <listedpastime> "
            "gear|equipment|kit|stuff|set|supplies|things",
            "S walked|stepped|moved|walking away|on|back from <listedpastime>",
            "S lost|losing all|my? interest|passion|love|taste|enthusiasm|heart|appetite|joy|interest? "
            "in|for <listedpastime>",
            "S fell|fallen out of love with <pastime>",
            "S outgrew|outgrown <listedpastime>",
            "S bored|tired|sick|fed|weary with|of|up with|doing? <listedpastime>",
            "S hung up my|the * <listedpastime> *",
            "S sold|donated|returned|binned|trashed @my|all|off|the|away * <listedpastime> "
            "gear|equipment|kit|stuff|set|supplies|things",
            "S gave|given|giving|got|put away|rid|of|my|all|* <listedpastime> "
            "gear|equipment|kit|stuff|set|supplies away|up?",
            "S cancelled|canceled|dropped|quit|left|ended|resigned|let @my|the|out|from|of|go|* "
            "<listedpastime> club|class|classes|lessons|group|team|course|membership|subscription",
            "S said|say|saying|bid goodbye|farewell|bye|adieu to <listedpastime>",
            "S put|putting|left|leaving <listedpastime> behind|aside|down|to|away",
            "S called|calling it quits|a with|on|day? on|with? <pastime>",
            "S called|calling time on <pastime>",
            "S drew|draw|closed|shut a|the? line|book|door|chapter under|on <pastime>",
            "@i no longer do|enjoy|practise|practice|play|like|go|care|have|love|feel time|for|like|do|any? "
            "<listedpastime>",
            "@i do not do|enjoy|practise|practice|play|like|go|care|love time|for|any? <listedpastime> "
            "%|anymore",
            "@i have not touched|done|played|practised|practiced|been * <listedpastime> * in|for "
            "months|years|ages|%",
            "@i do not have * <listedpastime> %|anymore",
            "@i can not do|face|stand|play|practise|practice <listedpastime> anymore|%",
            "@i am|are no longer|not into|doing|interested|in|playing|a|keen|on|practising|practicing? "
            "in|on|fan|of? <listedpastime> anymore|%|$",
            "no more|longer <pastime> for me|i",
            "no more|longer <listedpastime>",
            "@my <listedpastime> days|phase|career|era|hobby|chapter|adventures is|are|have|has|came "
            "over|done|behind|ended|finished|come|an|to",
            "@my days|time|career|era of|as|with|doing|in? <pastime> is|are|has|have "
            "over|done|behind|ended|come|finished",
            "<listedpastime> is|'s|has|was|and|days no|not|i|over|done|history|lost|behind|in|are "
            "longer|for|more|its|over|me|my|the|are|done|* "
            "me|thing|past|charm|appeal|over|%|shine|through|done|finished|hobby|days|spark|quits",
            "<listedpastime> and|& i|me * over|through|done|parted|quits|ways",
            "that is|'s|was it|all|the for|last with? <listedpastime> for me",
            "goodbye|farewell|bye|adieu|enough|done|finished|through with|of|to <listedpastime> $",
            "goodbye|farewell|bye|adieu , <listedpastime> $",
            "the * <listedpastime> gear|equipment|kit|stuff|set is|are|went|has sold|gone|up|on|been"}},
      {.slot = "preference:hobby",
       .type = GistType::kPreference,
       .confidence = 0.9,
       .text = "enjoys {v}",
       .list = true,
       .patterns =
           {"S took|taken|taking up <pastime>",
            "@i have? taken|took|taking a|an liking|shine|fancy to <listedpastime>",
            "S having a|so|great|lots|much * time|fun with|doing|of? doing? <listedpastime>",
            "<listedpastime> is|'s the best|highlight|high part|point|bit|of? of? my",
            "S caught|got|bitten by? the <listedpastime> bug",
            "@i go <listedpastime> %|whenever|every|when|as|most",
            "S made <listedpastime> my|our",
            "@i like|love|enjoy|adore <listedpastime> a|so|very lot|much",
            "I enjoying|loving <listedpastime>",
            "@i like|love to spend @my|the * doing|on|with? <listedpastime>",
            "@i can spend|lose|pass * on|doing|in <listedpastime>",
            "@i devote|dedicate|give @my|all|most * to <listedpastime>",
            "@i am|are having fun|so|a great|time with? <listedpastime>",
            "@i go to|for? <listedpastime> every|each|%|on|most",
            "<listedpastime> is|'s what|how @i do|love|unwind|relax|enjoy|spend",
            "<listedpastime> is|'s a|an|my|our * joy|passion|love of mine|ours",
            "S taken|took <pastime> up",
            "S picked|picking up <listedpastime>",
            "S got|gotten|getting back? into <pastime>",
            "S got|gotten|getting hooked|serious|addicted|good|better|keen on|about|to|at <pastime>",
            "S into <listedpastime>",
            "S got|getting|gotten|gone|went|been|dived|dove|throwing|threw|thrown|thrown|immersed myself? "
            "back|deep|head|first|all|headfirst|heavily? into|in <listedpastime>",
            "S spent|spend|spending|filled|fill|filling|passed|devoted|dedicated|dedicate|whiled|devote "
            "@my|the|all|a|every|most|half|free|away|whole|%|* on|doing|practising <listedpastime>",
            "S spent|spend|spending @my|the all|whole? "
            "weekend|weekends|evening|evenings|day|afternoon|saturday|sunday|time? on <pastime>",
            "S spent|spend|spending|pass|fill @my|the|all|a|every|most|half|free|whole|* "
            "weekends|weekend|evenings|evening|time|saturdays|sundays|day|afternoon|hours|days|nights|"
            "mornings|afternoons * <listedpastime>",
            "<listedpastime> is|'s|became|become|remains my|our "
            "new|latest|current|great|biggest|true|big|main|one|first|only|absolute|greatest? "
            "favourite|favorite|fave|hobby|pastime|passion|obsession|escape|outlet|therapy|go-to|addiction",
            "<listedpastime> has become|been my|our new|latest|favourite|favorite|great|biggest|main? "
            "hobby|pastime|passion|obsession|escape|outlet|therapy|thing|addiction|way",
            "<listedpastime> is|'s my|our|the|a|how * favourite|favorite|best|way|relax|unwind * "
            "relax|unwind|way|hobby|pastime|thing|destress|recharge|decompress",
            "<listedpastime> is|'s|became|become|remains|has my|our|become|been|the|* "
            "favourite|favorite|fave|hobby|pastime|passion|obsession|escape|outlet|jam|go-to",
            "<listedpastime> "
            "is|'s|has|how|helps|keeps|makes|relaxes|calms|brings|gives|clears|lifts|recharges|soothes|got|"
            "does|never|always|takes|fills|lights|puts|been * me|i|my|us|we",
            "<listedpastime> has|have|'s really? won|hooked|captured|stolen|grown|got|got|become "
            "me|my|on|over|under|part|* me|heart|skin|life|hooked|over",
            "nothing|what|little|few like|beats|better|relaxes|compares|makes|than|things|to|beat|* "
            "me|than|to|a|an|some|good|happy|happier|more|as|of|afternoon|session|bit|evening|spot? * "
            "<listedpastime>",
            "nothing|little beats|like|tops|calms <listedpastime>",
            "there is|'s nothing|no * like|than|beats|rather <listedpastime>",
            "nothing|little relaxes|calms|unwinds|makes * me * like|than|as|happier * <listedpastime>",
            "@my * "
            "hobby|pastime|hobbies|passion|interest|obsession|interests|love|escape|outlet|addiction|relax|"
            "unwind|joy|thing|pleasure|therapy|stress-buster is|are|:|has|'s|include|includes "
            "now|become|been? <listedpastime>",
            "@my * favourite|favorite|preferred|fave|go-to * "
            "hobby|pastime|activity|activities|way|thing|interest|sport|relaxation|relax|unwind|pursuit * "
            "is|are|: * <pastime>",
            "@my new|latest|current|favourite|favorite|biggest|big|main? "
            "hobby|pastime|passion|interest|obsession|sport is|are|: <pastime>",
            "@my free|spare|weekends|evenings|weekend|leisure|afternoons|sundays|saturdays|days "
            "time|off|hours? * is|are|goes|go|revolve|revolves|get|gets|now * <listedpastime>",
            "@my first * <listedpastime> lesson|class|session|club|tournament",
            "@i do|practise|practice <listedpastime> for|every|on|in|%|to|$ *",
            "@i play <listedpastime>",
            "@i do|practise|practice|doing|am|have|been? * <listedpastime> to|for "
            "relax|unwind|fun|pleasure|destress|decompress",
            "I practising|practicing|practise|practice <listedpastime>",
            "@i go|going <listedpastime> every|each|on|most|whenever|regularly|often|when|%|as|with",
            "@i "
            "started|begun|began|tried|trying|learnt|learned|learning|start|starting|begin|took|doing|joined|"
            "joining|discovered|found|rediscovered|resumed|restarted|enrolled|signed|booked "
            "a|an|the|up|in|out|to|for|how|doing|attending|going|taking|learn|do|doing|my|with|back|course|"
            "class|of? in? of? <listedpastime>",
            "S "
            "started|begun|began|trying|learning|starting|doing|joined|discovered|rediscovered|resumed|"
            "enrolled|signed|booked|took|taking "
            "a|an|the|up|in|out|to|for|doing|attending|going|taking|learn|do|my|back|some|* <listedpastime> "
            "lessons|classes|class|course|club|lesson|group|team|society|%|and|$",
            "S started|started|began|begun|discovered|rediscovered|starting|starting <listedpastime> %|and|$",
            "I "
            "hooked|addicted|obsessed|mad|crazy|nuts|keen|passionate|enthusiastic|devoted|committed|sold|big|"
            "wild|bonkers|enamoured|enamored|smitten|taken|besotted|fond|in|dedicated|partial "
            "on|about|to|with|by|over|of|into|love|for? with? <listedpastime>",
            "S hooked|addicted|obsessed|crazy on|about|to|with <pastime>",
            "@i have become|gotten|got|grown hooked|addicted|obsessed|keen on|to|with|about <pastime>",
            "@i am|are all about <listedpastime>",
            "@i am|are a|an big|huge|massive|keen|total|real? fan|lover of <listedpastime>",
            "@i find|found <listedpastime>",
            "@i am|are in love with <listedpastime>",
            "I a|an|the|huge|big|massive|total|such|real? fan|lover|enthusiast|addict|devotee of|when|for "
            "<listedpastime>",
            "I a|an|keen|avid|passionate|big|enthusiastic|huge? * <listedpastime> "
            "fan|lover|enthusiast|addict|nut|fanatic|devotee|buff|geek|nerd|person|convert",
            "S fell|fallen|falling|fall in|head|hard|more * love|heels|for with|for <pastime>",
            "S fell|fallen for|under <listedpastime>",
            "S "
            "love|adore|enjoy|enjoying|loving|adoring|liking|relish|cherish|fancy|dig|digging|savour|"
            "treasure doing|going|playing|practising|practicing|my|the|a|some|to|bit|of|a|spot|good? "
            "go|do|practise|of? <listedpastime>",
            "@i like doing|going|playing|practising? <listedpastime>",
            "@i can not get|imagine|stop|wait|live|go|resist|do|put * <listedpastime>",
            "@i can not get enough of <pastime>",
            "@i could * <listedpastime> all day|night",
            "can not get|beat|stop enough|doing|of|thinking|about * <listedpastime>",
            "@i live|lived for|and <listedpastime>",
            "@i go in for <listedpastime>",
            "@i live and breathe <listedpastime>",
            "@i find|found|finding <listedpastime> * "
            "relaxing|calming|fun|enjoyable|therapeutic|soothing|rewarding|addictive|peaceful|fascinating|"
            "satisfying|meditative|exciting|good|so|great",
            "@i find|found|finding|get|take|have * "
            "joy|peace|pleasure|calm|happiness|solace|relaxation|passion|love|comfort|fun|satisfaction|thing|"
            "knack|soft|delight|kick|buzz|bliss in|out|from|for|with of? <listedpastime>",
            "@i unwind|relax|destress|decompress|recharge|chill|switch|de-stress off|out? "
            "with|by|through|doing * <listedpastime>",
            "@i have a|an|new|developed|found|discovered|acquired|picked|rekindled * "
            "passion|love|hobby|interest|soft|thing|knack|taste|obsession|talent|liking|weakness|enthusiasm "
            "* for|in|:|, <listedpastime>",
            "@i have been doing|practising|practicing|enjoying|learning|loving|trying|getting|playing "
            "a|lot|lots|loads|plenty|some|more|of|the|out|into|my|* <listedpastime>",
            "S been doing|practising|practicing|enjoying|learning|loving|trying|getting|playing "
            "a|lot|lots|loads|plenty|some|more|of|the|out|into|my|* <listedpastime>",
            "@i have been <listedpastime> since|for|%",
            "you|you'll will? can? find|catch|see me * <listedpastime>",
            "@i am|are|'m|been always|usually|often? out|off|busy|happiest|happy|away|happier when? i? am? "
            "doing|at|out|when|with? <listedpastime>",
            "@i look|looking forward to * <listedpastime>",
            "@i joined|joining|found|enrolled|signed|attend|attending * <listedpastime> "
            "club|class|classes|course|group|team|society|lessons|academy|league|school|workshop|workshops",
            "S joined|joining|enrolled|signed|attending|booked|taking * <listedpastime> "
            "club|class|classes|course|group|team|society|lessons|academy|league|school|workshop|workshops",
            "S bought|got|ordered|treated|invested|buying|own * <listedpastime> "
            "gear|kit|equipment|set|supplies",
            "in|for|during @my free|spare|leisure|down|fun|relaxation time|hours|,? * "
            "i|we|,|it's|i'm|there's|am|do|enjoy|love|go|like|* <listedpastime>",
            "for|to fun|pleasure|relaxation|relax|unwind|destress|kicks|chill|decompress , * i|we * "
            "<listedpastime>",
            "@my|these|all weekends|% are|it's|is|'s|it all about|: <listedpastime>",
            "@my heart|soul belongs|lies|sings to|with|in|when <listedpastime>",
            "@my love|passion|enthusiasm|obsession|addiction|weakness|fondness|soft of|for|with|spot|to "
            "<listedpastime>",
            "@my * love|passion|hobby|thing|obsession|joy , <listedpastime>",
            "<listedpastime> for|has|with|keeps|makes|every|all|again "
            "the|my|me|been|become|this|is|day|weekend * "
            "win|sane|happy|life|smile|going|day|balanced|calm|alive|grounded|relaxed|great|better|%",
            "<listedpastime> every|all|at|each weekend|week|day|evening|%",
            "a|an|bit|some * <listedpastime> is|helps|does|makes|keeps * me|best|i|my|to",
            "hooked|obsessed|keen|crazy|mad on|with|about <listedpastime>",
            "i would|'d rather be <listedpastime>",
            "i would|'d do|go * <listedpastime> every|all day|%",
            "learning|trying|taking * <listedpastime> and|, i|loving|enjoying|love|it|having",
            "new hobby|passion|obsession|pastime|interest : <pastime>"}},
  };
  return *kRules;
}

}  // namespace slowwave
