#include "core/lexicon.h"

#include <array>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace slowwave::lexicon {
namespace {

using Set = absl::flat_hash_set<absl::string_view>;

// Lists are written as text, one string literal a list: a word is then a word, not four marks of punctuation.
Set FromList(absl::string_view words) { return Set(absl::StrSplit(words, ' ', absl::SkipEmpty())); }

bool HasSuffix(absl::string_view word, absl::string_view suffix, size_t least_stem) {
  return absl::EndsWith(word, suffix) && word.size() >= suffix.size() + least_stem;
}

}  // namespace

bool IsListedOccupation(absl::string_view word) {
  static const Set& kSet = *new Set(FromList(
      "nurse chef cook pilot vet judge clerk coach guide butcher tailor potter actor actress model maid "
      "nanny monk nun "
      "poet smith surgeon physician plumber carpenter welder porter barista florist paralegal coroner "
      "curator ranger "
      "cop soldier dentist optician midwife homemaker intern apprentice roofer cashier sommelier concierge "
      "courier "
      "cooper glazier farrier furrier luthier hotelier financier teacher tutor professor lecturer accountant "
      "consultant assistant attendant student architect engineer developer programmer designer analyst "
      "scientist "
      "researcher chemist physicist biologist botanist geologist surveyor archivist librarian baker brewer "
      "barber "
      "hairdresser stylist beautician farmer fisherman gardener forester lumberjack beekeeper shepherd miner "
      "driver "
      "trucker mechanic electrician technician plasterer bricklayer mason builder joiner painter decorator "
      "cleaner "
      "janitor housekeeper waiter waitress bartender server host hostess cabinetmaker blacksmith goldsmith "
      "silversmith locksmith gunsmith wheelwright playwright shipwright writer author novelist journalist "
      "reporter "
      "editor copywriter translator interpreter publisher printer photographer filmmaker director producer "
      "musician "
      "composer conductor singer dancer choreographer comedian magician illustrator animator sculptor artist "
      "lawyer "
      "solicitor barrister attorney notary diplomat politician mayor senator secretary receptionist "
      "administrator "
      "manager supervisor foreman executive recruiter salesman saleswoman salesperson shopkeeper grocer "
      "trader broker "
      "banker bookkeeper auditor actuary economist statistician mathematician historian anthropologist "
      "archaeologist "
      "psychologist psychiatrist therapist counselor counsellor physiotherapist paramedic pharmacist doctor "
      "radiographer sonographer caregiver carer babysitter firefighter fireman policeman policewoman "
      "detective "
      "bodyguard sailor captain steward stewardess astronaut meteorologist veterinarian zookeeper jockey "
      "trainer "
      "instructor referee footballer priest pastor minister rabbi imam chaplain undertaker taxidermist "
      "upholsterer guard operator agent representative rep hygienist groomer merchant chauffeur butler valet "
      "sommelier "
      "midwife registrar orderly guardsman pathologist surgeon hairstylist cameraman videographer "
      "lorry-driver "
      "bookseller choirmaster usher bouncer stylist jeweller cabbie scientist sysadmin admin trainee "
      "apprentice "
      "physio osteopath chiropractor vet cook guide porter paralegal pilot "
      "seamstress cobbler milliner jeweler jeweller watchmaker clockmaker glassblower ceramicist potter "
      "weaver "
      "bookbinder auctioneer appraiser realtor landlord entrepreneur freelancer plumber roadie stagehand "
      "busker dj "
      "docker longshoreman stevedore signalman conductor stuntman acrobat clown nutritionist dietitian "
      "dietician "
      "lifeguard masseuse masseur optometrist audiologist orthodontist phlebotomist cartographer hydrologist "
      "oceanographer astronomer ecologist geneticist toxicologist criminologist lexicographer proofreader "
      "typist "
      "handyman groundskeeper greenkeeper landscaper arborist horticulturist viticulturist vintner "
      "winemaker "
      "distiller cheesemonger fishmonger ironmonger chocolatier confectioner patissier caterer dishwasher "
      "busboy "
      "tiler scaffolder rigger machinist toolmaker millwright pipefitter boilermaker fitter lineman "
      "groundsman "
      "planner estimator assessor inspector officer constable sheriff deputy warden bailiff magistrate "
      "clergyman "
      "vicar deacon lobbyist activist spokesperson strategist marketer merchandiser buyer courier postman "
      "mailman "
      "postwoman dispatcher controller navigator purser aviator cosmonaut falconer gamekeeper stonemason "
      "thatcher tanner saddler dyer puppeteer tattooist piercer cellist violinist pianist drummer guitarist "
      "organist"));
  return kSet.contains(word);
}

bool IsOccupation(absl::string_view word) {
  if (IsListedOccupation(word)) return true;
  static const Set& kNot = *new Set(FromList(
      "kosher lover mother father brother sister daughter believer beginner winner loser fighter dreamer "
      "loner member "
      "character monster fan learner reader runner hiker swimmer camper player gamer teenager "
      "stranger newcomer "
      "foreigner outsider keeper goner sucker foodie quitter survivor supporter partner owner user "
      "customer helper "
      "doer thinker overthinker eater sleeper riser starter sinner grandfather grandmother "
      "stepfather stepmother "
      "optimist perfectionist pessimist feminist minimalist vegetarian pescatarian flexitarian "
      "christian realist "
      "idealist traditionalist extremist tourist cyclist creature listener follower visitor "
      "contributor collector "
      "hoarder procrastinator competitor shopper drinker smoker homeowner leader admirer volunteer "
      "better number "
      "mister master sister either neither rather whether other another over under never ever after "
      "later sooner "
      "together however whatever whoever water paper dinner summer winter weather letter matter "
      "corner order power "
      "answer finger flower tower river shower silver sugar super computer printer computer newer "
      "older younger "
      "bigger smaller easier harder higher lower faster slower happier busier calmer freer stronger "
      "longer closer "
      "offer differ wonder remember consider discover cover center computer laptop mentor ancestor "
      "neighbor donor error mirror color terror horror factor motor doctor's elevator sponsor humor "
      "flavor favor "
      "list twist fist mist wrist exist enlist resist assist insist persist racist sexist guardian "
      "civilian comedian's "
      "human woman man gentleman superwoman cyclist hobbyist nudist wanderer traveler traveller "
      "explorer adventurer "
      "climber skier surfer snowboarder knitter cruiser sleeper peer cheer deer beer career "
      "volunteer pioneer engineer's "
      "career steer veer sneer queer seer jeer buccaneer newbie sticker freak nerd geek christian "
      "libertarian "
      "vegan humanitarian musician's mixer blender fryer cleaner's charger tracker planner's timer "
      "helper supporter "
      "cancer breather breadwinner carnivore soldier's youngster senior junior pensioner retiree "
      "prisoner heir "
      "dieter faster dreamer sweater jumper trooper ranger's"));
  if (kNot.contains(word)) return false;
  for (absl::string_view suffix :
       {"ologist", "ist", "ician", "smith", "wright", "monger", "maker", "keeper", "writer", "worker",
        "grapher", "eer", "ier", "er", "or", "man", "woman", "person"}) {
    if (HasSuffix(word, suffix, 3)) return true;
  }
  return HasSuffix(word, "ian", 4);
}

bool IsPastimeTail(absl::string_view word) {
  static const Set& kSet = *new Set(FromList(
      "club clubs things class classes lesson lessons group team course courses session sessions practice "
      "gear "
      "league "
      "workshop workshops equipment kit training tournament tournaments society academy school studio set "
      "stuff "
      "supplies tutorials tutorial meetup meetups retreat weekend weekends days career addiction habit hobby "
      "phase journey game bug"));
  return kSet.contains(word);
}

bool IsRelation(absl::string_view word) {
  static const Set& kSet = *new Set(
      FromList("mother father mom mum mommy mummy dad daddy brother sister son daughter husband wife partner "
               "boyfriend "
               "girlfriend fiance fiancee fiancé fiancée grandmother grandfather grandma grandpa granny nan "
               "aunt uncle cousin "
               "niece nephew stepmother stepfather stepson stepdaughter stepbrother stepsister mother-in-law "
               "father-in-law "
               "brother-in-law sister-in-law son-in-law daughter-in-law grandson granddaughter godmother "
               "godfather godson "
               "goddaughter roommate flatmate housemate neighbor neighbour boss colleague mentor twin"));
  return kSet.contains(word);
}

bool IsPet(absl::string_view word) {
  static const Set& kSet =
      *new Set(FromList("dog dogs cat cats puppy puppies kitten kittens rabbit rabbits bunny hamster "
                        "hamsters parrot parrots turtle "
                        "turtles tortoise snake snakes lizard gecko horse horses pony goldfish ferret "
                        "chicken chickens hens goat goats "
                        "budgie canary pet pets"));
  return kSet.contains(word);
}

bool IsFiller(absl::string_view word) {
  static const Set& kSet = *new Set(FromList(
      "just really finally now still actually recently also totally absolutely completely currently so very "
      "officially "
      "basically truly honestly already happily proudly definitely pretty quite simply always since newly "
      "super sure kinda sorta genuinely seriously literally obviously certainly only even ever thankfully "
      "luckily "
      "firmly permanently temporarily slowly gradually well-and-truly well again too mostly mainly strictly "
      "entirely "
      "fully properly presently lately nowadays today gladly suddenly quickly increasingly utterly rather "
      "somewhat once "
      "personally usually generally kind-of sort-of originally apparently eventually steadily happily "
      "comfortably nicely"));
  return kSet.contains(word);
}

bool IsDeterminer(absl::string_view word) {
  static const Set& kSet =
      *new Set(FromList("a an the my our your his her its their this that these those some any no every each "
                        "all both another other "
                        "such what which whose either neither"));
  return kSet.contains(word);
}

bool IsPronoun(absl::string_view word) {
  static const Set& kSet =
      *new Set(FromList("i me you he him she her it we us they them myself yourself himself herself itself "
                        "ourselves themselves this that "
                        "these those who whom whoever something anything everything nothing someone anyone "
                        "everyone somebody everybody "
                        "nobody one ones mine yours hers ours theirs there here em y'all ya u all none both "
                        "each other others another "
                        "what which whatever 's"));
  return kSet.contains(word);
}

bool EndsNounPhrase(absl::string_view word) {
  static const Set& kSet =
      *new Set(FromList("at in on for with to from by near about into onto over under after before during "
                        "through between among against "
                        "without within behind beside besides despite like as than off up down out around "
                        "across along until till since "
                        "and but or nor so because cause although though while whereas if unless when where "
                        "who whom which that whose why "
                        "how then plus minus per via is are was were be been being am has have had do does "
                        "did will would can could may "
                        "might must shall should 's 'd not suits suit feels feel keeps keep makes make made "
                        "helps help gets get got goes "
                        "go went becomes became pays pay means mean works work takes take took brings bring "
                        "gives give gave lets let calms "
                        "calm clears clear relaxes soothes lifts saves seems seem sounds looks fits agrees "
                        "treats beats has comes came "
                        "starts start started ended ends "
                        "now today here there lately again too also still already yet just really very ever "
                        "never always often sometimes "
                        "usually anymore instead together alone once twice forever soon later later early "
                        "nowadays these those i you he "
                        "she it we they me him her us them my your his their our its this much more most lot "
                        "lots full-time part-time "
                        "professionally everyday daily weekly regularly recently currently myself ourselves "
                        "completely entirely officially finally lol haha "
                        "no kept helped relaxed drained altogether began wears tires tiring exhausts drains "
                        "draining relaxing calming soothing rewarding exhausting enjoyable "
                        "therapeutic addictive peaceful satisfying filled ate swallowed devoured consumed "
                        "eats always exhausting "
                        "alongside every each last next ago however anyway honestly thanks thank"));
  return kSet.contains(word);
}

bool IsStopWord(absl::string_view word) {
  static const Set& kSet =
      *new Set(FromList("a an the i me my mine you your yours he him his she her hers it its we us our ours "
                        "they them their this that these "
                        "those who what which whom whose there here is are was were be been being am have "
                        "has had do does did will would "
                        "can could may might must shall should 's 'd not no nor and but or so because if "
                        "when while as at by for from in "
                        "into of off on onto out over to up with about after before than then too very just "
                        "really quite pretty also still "
                        "again already now today yesterday ever never always some any all both each every "
                        "few more most much many lot lots "
                        "other another such own same only even well like get got getting go going gone went "
                        "come came make made makes "
                        "take took let lets thing things something anything everything nothing way kind sort "
                        "bit stuff one ones two yeah "
                        "yes no oh wow hey hi hello ok okay thanks thank please sorry sure great good nice "
                        "cool awesome amazing lovely "
                        "wonderful fantastic super totally definitely absolutely glad happy know think see "
                        "look looks feel feels want say "
                        "said tell told how why where don gonna wanna gotta yep yup nah haha lol omg man "
                        "dude bro last next week day time"));
  return kSet.contains(word);
}

bool IsVagueNoun(absl::string_view word) {
  static const Set& kSet = *new Set(
      FromList("idea ideas thing things stuff moment moments way ways part parts vibe vibes look looks "
               "feeling feelings sound bit "
               "kind sort people person everyone everybody life time times day days year week experience "
               "experiences photo "
               "photos pic pics picture pictures painting's shot shots view views color colors colour "
               "colours story stories "
               "energy enthusiasm attitude spirit passion support words word message design designs style "
               "post question "
               "suggestion suggestions advice tips news plan plans work job effort result results place "
               "places spot memory "
               "memories reminder reminders challenge challenges opportunity fact combo outcome concept "
               "version name names smile "
               "look feedback progress journey world lot it bits piece pieces sense side sides hearing"));
  return kSet.contains(word);
}

bool IsWeakClaim(absl::string_view word) {
  static const Set& kSet =
      *new Set(FromList("support supports supported supportive supporting value values valued appreciates "
                        "appreciate appreciated "
                        "appreciation believe believes believed find finds found finding express expresses "
                        "expressed expressing "
                        "importance important encourage encourages encouraging encouragement enjoys enjoy "
                        "enjoyed gratitude grateful "
                        "offer offers offered inspire inspires inspired inspiring motivate motivates "
                        "motivated motivation considers "
                        "likes wants work works working hard help helps helping make makes making made "
                        "difference moment moments "
                        "emphasizes acknowledges feels feel joy happiness love loves tough times time people "
                        "things life keep interested "
                        "excited looking forward recommends suggests suggested thinks mentions mentioned "
                        "experience experiences part "
                        "friend friends family kids together photo picture share shares shared sharing "
                        "awesome cool amazing story "
                        "stories"));
  return kSet.contains(word);
}

bool IsCuisine(absl::string_view word) {
  static const Set& kSet =
      *new Set(FromList("italian thai japanese chinese indian mexican french spanish greek korean vietnamese "
                        "ethiopian lebanese turkish "
                        "moroccan persian iranian peruvian brazilian georgian polish russian american "
                        "british german swedish caribbean "
                        "mediterranean cantonese szechuan sichuan malaysian indonesian filipino pakistani "
                        "nepalese tibetan cuban jamaican "
                        "cajun creole tex-mex portuguese hungarian ukrainian egyptian nigerian ghanaian "
                        "south-indian middle-eastern asian "
                        "african latin argentinian colombian israeli syrian afghan burmese laotian "
                        "singaporean taiwanese basque sicilian"));
  return kSet.contains(word);
}

bool IsNoPlace(absl::string_view word) {
  static const Set& kSet = *new Set(
      FromList("i monday tuesday wednesday thursday friday saturday sunday january february march april may "
               "june july august "
               "september october november december christmas easter google amazon microsoft apple meta "
               "facebook netflix tesla ikea "
               "uber airbnb nasa english french spanish german italian japanese chinese marketing sales "
               "engineering finance hr "
               "accounting operations legal netflix spotify twitter instagram tiktok slack python java rust "
               "linux windows mac "
               "android ios chrome firefox excel word zoom teams gmail whatsapp telegram youtube reddit "
               "discord wow hey yes no "
               "harvard mit stanford oxford's university college school church god jesus mom mum dad"));
  return kSet.contains(word);
}

}  // namespace slowwave::lexicon
