// Plain sentences that say where somebody lives, what they do, how they eat and what they enjoy, in many
// words for the same thing; and sentences that only look as if they did.
#include <array>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/builtin_extractor.h"
#include "gtest/gtest.h"

namespace slowwave {
namespace {

// Sentences are parted by '|'; `%` is the value.
constexpr absl::string_view kHomes =
    "I relocated to % a few days ago|% is where I live these days|I just moved to % and I love it|I'm "
    "based in % these days|My new home is %|Getting used to life in %|Still getting settled here in %|I "
    "now reside in %|My address is in % now|Finally made the move to %|My new apartment in % is tiny "
    "but nice|I'm settling in to % slowly|We've bought a house in % and moved in|I finally have my own "
    "place in %|% is home now|We live in % at last|I shifted to % this week|Living in % is great|I've "
    "found my feet here in %|Our house is in % now|I have come to live in %|Now that I live in % I "
    "sleep better|I packed up and headed to % to live|The new house in % is a mess of boxes|I finally "
    "moved to %|We now have a home in %|We just relocated here to %|We're now % residents|I live in the "
    "city of % now|Home for me is now %|As of today % is home|I've swapped cities and now live in %|I "
    "transferred to % this week|We moved in at our new place in %|I've finally landed in %, boxes and "
    "all|I am staying in % permanently now|My house is in %|I have set up house in %|I moved away and "
    "live in % now|It is official, I live in %|I have arrived in % to stay|My family relocated to "
    "%|We've finally made it to %, and we're unpacking|Boxes are all around me in my new % apartment|I "
    "moved here to % a couple of days ago|I currently live in %|I'm making myself at home in %|Just "
    "relocated to %|The unpacking here in % never ends|% is where I'm living now|We've moved to % this "
    "week|We are new in %, we just moved in|Our family home is now in %|At last we can call % home|I'm "
    "still settling into %, everything is in boxes|Still unpacking here in %|This week I relocated to "
    "%|We now live in %, finally|My stuff is still in boxes here in %|I'm a newcomer in %, I moved here "
    "this week|I've just relocated to %|% is my new city|We're finally in our new home in %|I'm up to "
    "my ears in boxes here in %|Home is in % now|The boxes still fill our flat here in %|I started "
    "living in % this week|My new address is in %|I've made the move to %|We have a new home here in %";

constexpr absl::string_view kJobs =
    "I am a % by trade now|I earn my living as a %|I just started a new job as a %|I'm a % now|I've "
    "been hired as a %|I landed a job as a %|My work as a % leaves me tired|My % job is going well|Life "
    "as a % suits me|I'm enjoying my new role as a %|I make my living as a %|My new job is %|Day one as "
    "a % is over|I am now a %|I'm a % by profession|I've taken a job as a %|I changed careers and I am "
    "a % now|The % job I started is exhausting|My new position as a % is demanding|I'm settling into my "
    "job as a %|I took up work as a % today|I signed on as a % today|I have a job as a % these days|I "
    "do enjoy being a %|As a % I come home tired|This new % job wears me out|I just got started as a "
    "%|I work full time as a %|I reported for my first day as a %|Today I became a %|I've begun a new "
    "job as a %|I started a job as a % this morning|I've started out as a %|Being a % agrees with "
    "me|I'm happy as a % so far|The % job is wearing me out|I officially became a % today|I found work "
    "as a %|I was taken on as a % today|I'm now employed as a %|I started a new position as a % today|I "
    "now work as a %|This new job as a % is draining me|Working as a % suits me well|I'm liking life as "
    "a %|I am employed full time as a %|I had my first day as a % today|I've been a % for a little "
    "while and I like it|I do % work for a living|I started out as a % this week|I began my new job as "
    "a % today|I was hired as a % and started today|Working as a % is exhausting|Being a % fits me "
    "well|Life as a % is treating me well|I've landed a job as a %|I officially work as a % now|I got a "
    "new job and I am now a %|I find working as a % suits me|I'm getting used to being a %|I've started "
    "a job as a %|I took up a post as a %|My new role as a % tires me|I am worn out from my new job as "
    "a %|I like working as a % so far|Being a % seems to suit me|I work for a living as a %|I have a "
    "position as a %|I was employed as a % from today|The work as a % is exhausting";

constexpr absl::string_view kDiets =
    "I follow a % diet|All my meals are % now|I am %|I switched to a % diet|I eat nothing but % food|My "
    "diet is % now|I only cook % meals now|I keep to a % diet|I've started eating %|Going % has done me "
    "good|I only have % dinners now|These days I eat % only|I have switched to % food|I feel great "
    "since going %|I'm eating % these days|I've been % for a few days and feel great|I eat exclusively "
    "% now|I need my dinner to be % now|Being % makes me feel great|Food has to be % for me these "
    "days|I've changed my diet to %|I've been eating only % meals lately|My evening meal has to be % "
    "now|I eat strictly %|Nowadays my food is % only|I started following a % diet|I eat % only|I'm a % "
    "eater now|I'm on a strict % diet these days|% is the only way I eat now|I am following a % "
    "diet|I've been on a % diet lately|I'm only eating % food at the moment|I went % and it feels "
    "great|I eat a % diet|I am on the % diet|All I eat now is % food|Every meal I have is % these "
    "days|I started eating % and feel better|I only accept % dinners now|I only eat % food|I've started "
    "following a % diet|I have become % and feel wonderful|My dinners have to be % these days|All my "
    "dinners are % now|% food only for me from now on|Since going % I have more energy|I'm eating only "
    "% food nowadays|For me dinner has to be % now|I exclusively eat % food|I eat nothing that isn't % "
    "these days|I've limited myself to % food|I've gone % and feel so good|Going % was good for me, I "
    "feel great|I can only have % food for dinner now|Dinners have to be % for me now|I only have % "
    "food for dinner these days|I've taken up a % diet|It's only % food for me these days|I'm fully % "
    "now and I feel great|I only eat % stuff now|I've moved over to % food|I converted to % and feel "
    "great|It has to be a % dinner for me now|Dinner can only be % for me now|I consume only % food|All "
    "the food I eat is %|I observe a % diet|I'm a strict % now|I feel so good after going %";

constexpr absl::string_view kPastimes =
    "I have started %|% relaxes me|I've begun %|I'm into % these days|I really enjoy %|My new hobby is "
    "%|% is my favourite hobby|% helps me unwind|I relax with %|I spent all weekend on %|I devoted the "
    "whole weekend to %|Nothing relaxes me like %|The best way for me to relax is %|I find % relaxing|I "
    "have a new hobby, %|I decided to take up %|I signed up for %|I spend my weekends on %|I am "
    "passionate about %|% took up my whole weekend|I've started doing %|% is my new pastime|% filled my "
    "whole weekend|The whole weekend was spent on %|When I want to relax, I do %|I enjoy % in my free "
    "time|I'm really into %|I've become keen on %|My favourite pastime is %|I took % up|I've just taken "
    "up %|I started learning %|% ate up my whole weekend|% is my favourite activity for relaxing|I "
    "unwind by doing %|% makes me feel relaxed|I've developed a passion for %|My pastime is %|% has "
    "become my hobby|I've been enjoying % a lot|I recently started %|I began doing %|I just spent the "
    "entire weekend on %|I spent Saturday and Sunday on %|My favourite way to relax is %|% is the best "
    "way to relax if you ask me|% is my go-to for relaxing|When I need to relax I turn to %|I really "
    "got into %|I've been getting into %|I've started % lately|I've become a fan of %|My entire weekend "
    "was spent on %|I gave my whole weekend to %|% is my favourite way to unwind|I love to unwind with "
    "%|My favourite thing for relaxing is %|I really love %|% is what I love doing|I started doing "
    "%|I've become interested in %|My weekend was spent on %|I passed the weekend with %|% is how I "
    "like to relax|I find % so relaxing|My favourite relaxation is %|I do enjoy %|I have discovered the "
    "joy of %";

constexpr absl::string_view kEnds =
    "I quit %|I stopped %|I have stopped %|I no longer do %|I'm finished with %|I've had enough of %|I "
    "gave % up|I sold my % equipment|I won't be doing % any more|I got rid of my % gear|% no longer "
    "interests me|I have put % behind me|I've stopped doing %|I am over %|I've ended my % hobby|No % "
    "for me any more|I have dropped % for good|I'm giving up on %|I've turned my back on %|I've walked "
    "away from %|I have given % up|I'm no longer into %|% is over, I sold my gear|I'm done with % for "
    "good|I've sold my % things|I've given up on %|I have decided to quit %|I sold the gear and quit "
    "%|I won't do % any more|I do no % any more|I gave % up for good|I am quitting %|I don't do any % "
    "now|I have had it with %|I'm not into % any more|% is not my hobby any more|I gave away my % "
    "gear|I'm not going back to %|I have quit % and sold my gear|I don't like % any more|I've given up "
    "on % for good|I'm giving % up|I don't do % now|I sold all the gear, I'm done with %|I won't be "
    "doing % any longer|I've permanently quit %|I've put an end to my %|I don't go % any more|% is out "
    "of my life|I'm not a fan of % any more|I stopped % for good|I've given % up for good|I am finished "
    "with %|I ended my % days|I sold my % gear, no more of that|I let go of % for good|% isn't for me "
    "any more|I've thrown in the towel on %|I've quit % altogether|I have given % up for good|I stopped "
    "going to %|I sold my gear, so no more %|I'm quitting % for good|I've lost my love for %|I've given "
    "away my % kit|I've decided to quit % for good|I have abandoned % and sold the gear";

constexpr absl::string_view kNoHomes =
    "I'm in Oslo for the weekend|I flew to Porto|I'm visiting Lisbon this week|We are on holiday in "
    "Seville|I'm moving to Porto next month|I'm going to move to Berlin in spring|We might move to "
    "Leeds|I want to live in Kyoto|I'd love to live in Paris|I am thinking about moving to Madrid|My "
    "sister lives in Tartu|My brother moved to Accra|She moved to Quito last year|My parents have a "
    "house in Bergen|He settled in Hobart|They live in Cusco now|Do you live in Gdansk?|I don't live in "
    "Oslo|I never lived in Rome|I used to live in Vienna|I lived in Prague as a student|I grew up in "
    "Dublin|I was born in Athens|I left Lisbon in a hurry|We passed through Zagreb on the way|I had a "
    "layover in Frankfurt|I have a meeting in London today|I work for a firm in Zurich|Our office in "
    "Boston is closed|My friend has a flat in Hamburg|We rented a flat in Nice for two weeks|I booked a "
    "hotel in Geneva|We stayed in a lovely place in Siena|I'm staying in Krakow for a few days|The "
    "boxes I ordered come from Shanghai|I saw a beautiful house in Bath|The apartment in Rome we stayed "
    "at was tiny|I took a day trip to Ghent|We drove to Marseille for the wedding|I ran the marathon in "
    "Valencia|I applied for a job in Toronto|If I got the job I would move to Sydney|I dream of a home "
    "in Hawaii|We are planning our move to Denver|I nearly moved to Milan once|I'm from Naples|We come "
    "from Split originally|Moving to Texas would be hard|The train to Bruges was late|I watched a film "
    "about life in Havana|I read a book set in Istanbul|I met her in Venice|My flight from Doha was "
    "delayed|Say hi to everyone in Galway|The museum in Bilbao is great|I love Barcelona|I miss "
    "Lisbon|Porto is lovely in spring|Lisbon has great food|I want to visit Tokyo|My grandmother's "
    "house is in Parma|My boss relocated to Singapore|My team is based in Bangalore|The company moved "
    "to Austin|They moved the office to Cork|I'm flying home from Malta|I'm on my way home from "
    "Ghent|Home made bread from Altamura is the best|A friend moved house to Utrecht|We're looking for "
    "a flat in Leipzig|We are house hunting in Turin|I'm considering a move to Aarhus|Hopefully we will "
    "live in Split soon|I wish I lived in Florence|Imagine living in Monaco|Back in Oslo for a "
    "wedding|I am at a conference in Cologne|Landed in Dallas for a meeting|I'm stuck in Newark at the "
    "airport|I bought a souvenir in Fez|Our home team plays in Bristol|My phone was moved to "
    "Settings|We're moving house|I saw Anna in the house|We live with Anna|I'm settling a bill in "
    "Brussels|I unpacked my bag in a hotel in Lima|My life changed when I visited Delhi|My son studies "
    "in Uppsala|My daughter's home is in Lund|The house in Salem is haunted|I sold my house in Reno";

constexpr absl::string_view kNoJobs =
    "My sister is a nurse|The nurse was kind|My dad worked as a welder|She got a job as a baker|I want "
    "to become a vet|I'd like to be a pilot|I hope to work as a translator one day|I'm studying to be a "
    "nurse|I'm training to become a plumber|I have an interview for a job as a driver|I applied for a "
    "job as an archivist|I was a waiter in college|I used to work as a baker|I once worked as a "
    "lifeguard|As a child I wanted to be a botanist|I dressed up as a nurse for Halloween|I met a "
    "beekeeper today|I need a plumber|I called an electrician|We hired a cleaner|Our baker is on "
    "holiday|The welder did a great job|The paramedic saved my life|I'm not a doctor|I am no expert|I'm "
    "a fast learner|I'm a big fan of yours|I'm a vegetarian|I'm a mother of two|I'm a single parent|I'm "
    "a night owl|I'm a morning person|I'm a member of the club|I'm a beginner|I'm a runner|I play a "
    "nurse in the school play|I quit my job as a baker|I lost my job as a surveyor|I resigned as a "
    "paramedic|I retired from being a glazier|I am thinking about becoming a luthier|If I were a "
    "botanist I would know|Are you a nurse?|Do I look like a nurse?|He said I am a nurse|My friend "
    "started work as a barista|My neighbour got hired as a chef|My boss was a welder|I'm dating a "
    "paramedic|I married a surveyor|I had an appointment with a therapist|I talked to a lawyer about "
    "it|My teacher was strict|I worked with a great designer|I volunteer as a coach on Sundays|I might "
    "take a job as a courier|I'm going to start as a baker next week|Working as a nurse must be "
    "hard|Being a nurse must be tough|It takes years to become a surgeon|The job of a president is "
    "hard|This job is exhausting|My new job is exhausting|Work was long today|I love my job|I dream of "
    "a career as a singer|I could never be a dentist|I would make a terrible waiter|I feel like a taxi "
    "driver with these kids|My kids call me the taxi driver|The new baker in town is great|A locksmith "
    "opened the door for me|I was mistaken for a waiter|I bought a book as a gift|I see him as a "
    "friend|I use it as a timer|It works as a mixer|I treat it as a challenge|I got a puppy as a "
    "companion|I need a job|I left a tip for the waiter|I watched a documentary about a beekeeper|The "
    "movie is about a detective|I read about the life of a sailor|My cat is a great hunter|I'm a "
    "winner|I'm proud of my daughter, the doctor|I thanked the driver|My uncle is a farmer by trade|I "
    "paid the plumber|They offered me a job as a chef but I said no";

constexpr absl::string_view kNoDiets =
    "I had vegan food yesterday|A vegan restaurant opened nearby|We went to a vegan restaurant|I tried "
    "a keto recipe|I baked a vegan cake|I bought gluten-free bread for Anna|My sister is vegan|My "
    "husband eats halal|She went vegetarian|They eat kosher at home|He follows a paleo diet|Are you "
    "vegan?|Do you eat meat?|Is this gluten-free?|The menu has vegan options|The vegan options were "
    "great|I love vegan food|I like halal burgers|I'm not vegan|I am not a vegetarian|I could never go "
    "vegan|I never eat keto|I'm thinking of going vegan|I want to go vegetarian|I might go keto|I will "
    "go vegan next year|I plan to eat paleo from January|If I went vegan I would miss cheese|I wish I "
    "could eat gluten-free|I used to be vegan|I was vegetarian for years|I was vegan in college|I quit "
    "keto|I gave up on being vegan|I'm no longer vegan|I stopped eating keto|We cooked a vegan dinner "
    "for our guests|We ordered a halal pizza|I made gluten-free cookies for the party|I cooked "
    "vegetarian for my friends|The dinner at the wedding was vegetarian|The dinner was vegan|Dinner was "
    "halal yesterday|I read a book about the keto diet|I watched a documentary on vegan food|Vegan "
    "cheese is awful|Vegan food is expensive|Gluten-free bread is dry|Keto is a fad|Some people eat "
    "paleo|My friends are vegetarian|My doctor is vegan|My guests are vegan|The cake is "
    "gluten-free|This recipe is dairy-free|This soup is vegan and delicious|It's dairy-free and "
    "gluten-free, you will love it|I respect vegans|I met a vegan today|I bought a vegan cookbook|I ate "
    "at a kosher deli|I tasted a vegan burger|I had a vegetarian pizza for lunch|I had the vegan option "
    "on the plane|A friend cooked vegan for me|My mum cooks kosher|We shop at a halal butcher|I'm "
    "hosting a vegan dinner tonight|I'm making a vegan lasagna|I'm eating vegan today|For once I ate "
    "vegetarian|We tried a vegan place in town|The vegan diet is popular|A low-carb diet helps some "
    "people|Keto diets are hard|My dog eats grain-free food|The cat needs grain-free food|Can you make "
    "it vegan?|She asked me if I am vegan|Everyone thinks I'm vegan|He said I should go keto|I dreamed "
    "I was vegan|I feel sorry for vegans|I live in a smoke-free house|My debt-free life is great|I like "
    "my steak raw|I ate raw fish|Raw data is messy|I work with raw data|My skin felt raw|The vegan "
    "leather bag is mine|I own vegan shoes";

constexpr absl::string_view kNoPastimes =
    "I went to a pottery class once|I watched fencing|I watched chess on tv|I saw a sailing boat|My "
    "sister loves archery|My dad took up golf|She started knitting|He gave up chess|They quit "
    "fencing|Do you like bouldering?|Have you tried kayaking?|I want to try archery|I'd like to take up "
    "pottery|I might start sailing|I plan to take up judo|I will start yoga next week|I'm thinking "
    "about learning the piano|If I took up fencing I would need gear|I wish I could do archery|I never "
    "liked chess|I don't like knitting|I'm not into sailing|I hate gardening|I tried bouldering "
    "yesterday|I tried pottery once and it was fine|We went kayaking on Saturday|We went camping last "
    "weekend|I did some painting yesterday|I read a book about origami|I read about birdwatching|I "
    "watched a documentary about beekeeping|The pottery was beautiful|The chess match was long|The "
    "fencing in our garden broke|The painting is over the fireplace|I painted the fence|I'm painting "
    "the kitchen this weekend|I love that painting|I love this photography|I love reading your "
    "messages|I spent the weekend painting the house|I spent the whole weekend working|I spent the "
    "whole weekend sleeping|I spent the weekend cleaning|My weekend was all work|I started cooking "
    "dinner|I started writing an email|I started reading your letter|I stopped reading the news|I "
    "stopped running when the rain came|I quit smoking|I gave up coffee|I gave up my seat|I gave up "
    "hope|I gave up trying|I gave up the idea|I'm done with work|I'm done with dinner|I'm done cooking "
    "for today|I am done painting the fence|No more rain|No more excuses|I sold my car|I sold my bike|I "
    "sold the house|I stopped the car|I dropped my phone|I dropped the kids off|I dropped out of "
    "school|I took up a lot of your time|I took up space|I got into trouble|I got into the car|I picked "
    "up the kids|I picked up milk|I enjoy your company|I enjoyed the meal|I like your hat|I love you|I "
    "love my job|I love my kids|A friend invited me to a yoga class|The yoga teacher was late|My yoga "
    "class was cancelled|The knitting shop closed|We visited a pottery workshop|I teach chess to kids|I "
    "can't stop reading this thread|I can't give up chess|I won't give up sailing|I will never quit "
    "archery|I almost quit fencing|I thought about quitting judo|My wife gave up sailing|My friend sold "
    "his kayaking gear|I bought my brother archery gear|Don't give up chess|You should quit fencing|The "
    "swimming pool is closed|I need to stop gaming so late|I stopped at the climbing shop|I'm over the "
    "moon|Camping was fun|It was a relaxing day|I relaxed on the sofa";

// 'slot=value' or 'slot!=value' of what holds, or no longer does, of the four slots.
std::vector<std::string> Stated(const std::string& text) {
  Episode episode;
  episode.id = "e";
  episode.text = text;
  episode.speaker = "user";
  episode.session_id = "s";
  episode.occurred_at = absl::FromCivil(absl::CivilDay(2024, 6, 5), absl::UTCTimeZone());
  episode.origin = Origin::kUser;
  Chunk chunk;
  chunk.memories.push_back({&episode, -1, 0});
  std::vector<std::string> stated;
  for (const Gist& gist : ExtractBuiltin(chunk)) {
    const std::string slot = gist.key.substr(gist.key.find(':') + 1);
    if (slot != "location:current_city" && slot != "occupation:job" && slot != "preference:diet" &&
        slot != "preference:hobby")
      continue;
    stated.push_back(slot + (gist.state == AssertionState::kHolds ? "=" : "!=") +
                     absl::AsciiStrToLower(gist.value.value_or("")));
  }
  return stated;
}

void ExpectAll(absl::string_view templates, const std::array<const char*, 3>& values,
               const std::string& slot) {
  for (absl::string_view text : absl::StrSplit(templates, '|')) {
    for (const char* value : values) {
      std::string said = absl::StrReplaceAll(text, {{"%", value}});
      said[0] = absl::ascii_toupper(said[0]);
      EXPECT_EQ(Stated(said), std::vector<std::string>{slot + absl::AsciiStrToLower(value)}) << said;
    }
  }
}

void ExpectNone(absl::string_view texts, const std::string& slot) {
  for (absl::string_view text : absl::StrSplit(texts, '|')) {
    for (const std::string& stated : Stated(std::string(text)))
      EXPECT_NE(stated.substr(0, slot.size()), slot) << text;
  }
}

TEST(ExtractorParaphraseTest, FindsTheHome) {
  ExpectAll(kHomes, {"Bergen", "New Orleans", "The Hague"}, "location:current_city=");
}

TEST(ExtractorParaphraseTest, FindsTheJob) {
  ExpectAll(kJobs, {"nurse", "data analyst", "bus driver"}, "occupation:job=");
}

TEST(ExtractorParaphraseTest, FindsTheDiet) {
  ExpectAll(kDiets, {"vegan", "gluten-free", "keto"}, "preference:diet=");
}

TEST(ExtractorParaphraseTest, FindsThePastime) {
  ExpectAll(kPastimes, {"chess", "salsa dancing", "pottery"}, "preference:hobby=");
}

TEST(ExtractorParaphraseTest, FindsThatAPastimeEnded) {
  ExpectAll(kEnds, {"chess", "salsa dancing", "pottery"}, "preference:hobby!=");
}

TEST(ExtractorParaphraseTest, VisitsPlansAndOthersAreNoHome) {
  ExpectNone(kNoHomes, "location:current_city=");
}

TEST(ExtractorParaphraseTest, WishesPastsAndOthersAreNoJob) { ExpectNone(kNoJobs, "occupation:job="); }

TEST(ExtractorParaphraseTest, MealsAndOthersAreNoDiet) { ExpectNone(kNoDiets, "preference:diet="); }

TEST(ExtractorParaphraseTest, ActsAndOthersAreNoPastime) { ExpectNone(kNoPastimes, "preference:hobby="); }

}  // namespace
}  // namespace slowwave
