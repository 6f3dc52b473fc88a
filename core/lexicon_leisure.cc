// Diets and pastimes.
#include <array>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/lexicon.h"

namespace slowwave::lexicon {
namespace {

using Set = absl::flat_hash_set<absl::string_view>;

// Lists are written as text, one string literal a list: a word is then a word, not four marks of punctuation.
Set FromList(absl::string_view words) { return Set(absl::StrSplit(words, ' ', absl::SkipEmpty())); }

bool HasSuffix(absl::string_view word, absl::string_view suffix, size_t least_stem) {
  return absl::EndsWith(word, suffix) && word.size() >= suffix.size() + least_stem;
}

}  // namespace

bool IsDiet(absl::string_view word) {
  static const Set& kSet = *new Set(FromList(
      "vegan raw vegetarian veggie pescatarian pescetarian flexitarian fruitarian lacto-vegetarian "
      "ovo-vegetarian keto "
      "ketogenic paleo halal kosher macrobiotic carnivore low-carb low-fat low-sodium low-salt low-sugar "
      "low-fodmap "
      "high-protein high-fibre high-fiber plant-based wholefood whole-food mediterranean ayurvedic "
      "omnivorous "
      "diabetic-friendly zero-carb no-carb zero-waste anti-inflammatory raw-food whole30 atkins omad"));
  static const Set& kNotFree = *new Set(FromList(
      "smoke-free stress-free debt-free hands-free duty-free tax-free care-free drug-free pain-free "
      "risk-free "
      "worry-free rent-free cruelty-free ad-free bug-free cancer-free hassle-free guilt-free toll-free "
      "tobacco-free "
      "symptom-free scot-free trouble-free car-free phone-free screen-free covid-free royalty-free"));
  if (word == "zero-waste") return false;
  if (kSet.contains(word)) return true;
  if (HasSuffix(word, "-free", 3)) return !kNotFree.contains(word);
  if (HasSuffix(word, "tarian", 3)) {
    return word != "humanitarian" && word != "libertarian" && word != "egalitarian" &&
           word != "authoritarian" && word != "totalitarian" && word != "utilitarian" &&
           word != "unitarian" && word != "sectarian" && word != "proletarian" && word != "octogenarian";
  }
  return HasSuffix(word, "vegan", 1) || HasSuffix(word, "-based", 4)
             ? word == "plant-based" || HasSuffix(word, "vegan", 1)
             : false;
}

bool IsDietPair(absl::string_view first, absl::string_view second) {
  static const Set& kFree = *new Set(FromList(
      "gluten dairy lactose sugar nut meat egg soy grain wheat oil carb salt alcohol yeast peanut milk"));
  static const Set& kLevel =
      *new Set(FromList("carb fat sodium salt sugar fodmap calorie protein fibre fiber carbs"));
  if (second == "free") return kFree.contains(first);
  if (first == "low" || first == "high") return kLevel.contains(second);
  return (first == "plant" && second == "based") || (first == "raw" && second == "vegan") ||
         (first == "whole" && second == "foods");
}

bool IsListedPastime(absl::string_view word) {
  static const Set& kSet = *new Set(FromList(
      "fencing origami kayaking birdwatching birding pottery chess bouldering knitting archery sailing "
      "gardening "
      "photography surfing yoga karate calligraphy woodworking woodwork stargazing juggling quilting cycling "
      "judo "
      "ballet baking crochet crocheting tennis squash ceramics genealogy geocaching parkour capoeira "
      "badminton running "
      "jogging hiking climbing mountaineering swimming diving snorkeling snorkelling skiing snowboarding "
      "skateboarding "
      "skating rollerblading rowing canoeing paddleboarding windsurfing kitesurfing wakeboarding golf "
      "cricket "
      "football soccer basketball volleyball netball hockey rugby baseball softball handball lacrosse boxing "
      "kickboxing wrestling taekwondo aikido kendo jiu-jitsu jujitsu bjj krav tai-chi pilates zumba crossfit "
      "weightlifting powerlifting gymnastics dancing salsa tango ballroom swing painting drawing sketching "
      "watercolour watercolor watercolours watercolors sculpting sculpture embroidery sewing needlepoint "
      "cross-stitch weaving spinning felting macrame scrapbooking journaling journalling blogging writing "
      "poetry "
      "reading cooking brewing homebrewing winemaking fermenting foraging fishing angling hunting camping "
      "backpacking orienteering caving spelunking paragliding skydiving gliding falconry horseriding "
      "equestrianism "
      "dressage polo darts billiards snooker pool bowling bowls ping-pong pickleball padel racquetball "
      "gaming boardgames poker bridge go shogi sudoku crosswords puzzles jigsaws trivia lego modelling "
      "modeling "
      "model-building carpentry whittling carving blacksmithing leatherwork leatherworking bookbinding "
      "candle-making "
      "soapmaking jewelry-making beekeeping astronomy meditation singing drumming piano guitar violin cello "
      "flute "
      "clarinet saxophone ukulele banjo harp trumpet trombone harmonica accordion bagpipes drums improv "
      "theatre theater "
      "acting stand-up magic collecting philately numismatics metal-detecting travel travelling traveling "
      "volunteering "
      "coding programming robotics electronics drones rock-climbing bird-watching kite-flying unicycling "
      "slacklining "
      "trampolining surf bodyboarding triathlon triathlons marathons ultrarunning fell-running sprinting "
      "curling luge bobsleigh biathlon softball dodgeball ultimate frisbee hula-hooping lindy breakdancing "
      "bonsai ikebana terrariums aquascaping houseplants beadwork batik kintsugi tapestry lacemaking lace "
      "stained-glass glassblowing metalwork metalworking upholstery decoupage stamp-collecting "
      "coin-collecting "
      "trainspotting metal detecting karaoke podcasting vlogging filmmaking animation anime cosplay larping "
      "larp "
      "macramé macrame tai chi taichi bouldering bonsai squash ukulele fiddle viola oboe bass banjo mandolin "
      "lute "
      "bagpipe recorder tuba keyboard ukelele snorkel breakdance boccia petanque pétanque croquet mahjong "
      "backgammon "
      "checkers draughts scrabble dominoes rummikub canasta jigsaw zentangle shuffleboard airsoft paintball "
      "handstands "
      "capoeira flamenco samba bachata kizomba zouk waltz hip-hop cosplay puppetry improv sauna beachcombing "
      "mushroom-picking "
      "whist euchre dominos crosswords bowls boules wushu muay krav sumo sambo savate hapkido aikido kung-fu "
      "whittling decoupage découpage papercraft needlework patchwork lacework fretwork haiku "
      "wargaming warhammer videogames sailing yachting rafting"));
  return kSet.contains(word);
}

bool IsGerund(absl::string_view word) {
  static const Set& kNot = *new Set(FromList(
      "thing something everything nothing anything morning evening spring king ring sing bring string wing "
      "swing sting "
      "during according darling sibling ceiling building wedding pudding clothing feeling meeting blessing "
      "beijing "
      "interesting amazing exciting exhausting inspiring relaxing boring fascinating challenging rewarding "
      "tiring "
      "annoying confusing stunning charming loving caring outstanding upcoming ongoing missing following "
      "lightning "
      "sterling viking offspring shilling pressing touching moving refreshing soothing calming comforting "
      "fulfilling "
      "encouraging heartwarming eye-opening mind-blowing breathtaking overwhelming thrilling satisfying "
      "pleasing "
      "promising surprising shocking terrifying disappointing depressing frustrating embarrassing uplifting "
      "empowering meaning nothing housing training"));
  return HasSuffix(word, "ing", 2) && !kNot.contains(word);
}

bool IsEverydayGerund(absl::string_view word) {
  static const Set& kSet = *new Set(FromList(
      "being having going getting doing making taking giving seeing looking watching coming putting keeping "
      "letting "
      "saying telling talking speaking asking answering knowing thinking feeling wanting needing trying "
      "using finding "
      "losing working living staying leaving moving waiting sitting standing walking sleeping eating "
      "drinking buying "
      "selling paying spending saving helping hearing listening meeting seeming becoming turning starting "
      "stopping "
      "beginning ending bringing sending holding showing playing calling learning teaching studying visiting "
      "hanging "
      "spreading sharing chasing following hoping wishing loving liking enjoying hating worrying dealing "
      "facing "
      "handling joining catching chatting discussing exploring discovering experiencing supporting "
      "connecting "
      "building growing creating developing improving setting running keeping pushing rooting knowing "
      "remembering "
      "forgetting adding changing happening receiving winning letting caring tasting trusting owning driving "
      "waking resting bonding laughing crying smiling smoking drinking gambling vaping dating cleaning "
      "shopping "
      "tidying commuting complaining arguing fighting celebrating exercising practising practicing kidding "
      "joking "
      "considering planning expecting wondering deciding losing gaining noticing realizing reflecting "
      "expressing surrounding transitioning networking aiming bouncing searching researching performing "
      "settling unpacking relaxing unwinding winding packing sorting commuting renting relocating adjusting "
      "adapting "
      "waking falling feeding hosting greeting ordering craving "
      "appreciating motivating inspiring believing encouraging"));
  return kSet.contains(word);
}

bool IsPastimePair(absl::string_view first, absl::string_view second) {
  static const Set& kGames =
      *new Set(FromList("board card video computer word tabletop role-playing strategy party"));
  static const Set& kModels = *new Set(FromList("trains railways ships planes aircraft cars"));
  static const Set& kMade =
      *new Set(FromList("soap candle cheese wine jewellery jewelry model film dress card lace basket bread "
                        "beer cake furniture video music"));
  if (second == "making" || second == "building") return kMade.contains(first);
  if (second == "games") return kGames.contains(first);
  if (first == "model") return kModels.contains(second);
  return first == "martial" && second == "arts";
}

bool IsInstrument(absl::string_view word) {
  static const Set& kSet =
      *new Set(FromList("piano guitar violin cello flute clarinet saxophone sax ukulele banjo harp trumpet "
                        "trombone harmonica accordion "
                        "bagpipes drums fiddle viola oboe bass mandolin lute recorder tuba keyboard organ "
                        "double-bass kora sitar"));
  return kSet.contains(word);
}

bool IsPastime(absl::string_view word) {
  if (IsListedPastime(word)) return true;
  if (IsGerund(word)) return !IsEverydayGerund(word);
  return HasSuffix(word, "graphy", 3) || HasSuffix(word, "craft", 4) || HasSuffix(word, "ball", 3) ||
         HasSuffix(word, "ography", 2) || HasSuffix(word, "ology", 4) || HasSuffix(word, "-do", 2);
}

}  // namespace slowwave::lexicon
