#include "core/builtin_extractor.h"

#include <string>
#include <tuple>
#include <vector>

#include "core/grounding.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace slowwave {
namespace {

using ::testing::IsEmpty;

absl::Time At(int year, int month, int day) {
  return absl::FromCivil(absl::CivilDay(year, month, day), absl::UTCTimeZone());
}

Episode Said(const std::string& text, const std::string& speaker = "Ada", Origin origin = Origin::kUser) {
  Episode episode;
  episode.id = "e";
  episode.text = text;
  episode.speaker = speaker;
  episode.session_id = "s";
  episode.turn = 1;
  episode.occurred_at = At(2024, 6, 5);
  episode.origin = origin;
  return episode;
}

std::vector<Gist> Extract(const Episode& episode) {
  Chunk chunk;
  chunk.memories.push_back({&episode, -1, 0});
  return ExtractBuiltin(chunk);
}

// 'key=value' or 'key!=value' for an end, of every gist.
std::vector<std::string> Facts(const Episode& episode) {
  std::vector<std::string> facts;
  for (const Gist& gist : Extract(episode)) {
    facts.push_back(gist.key + (gist.state == AssertionState::kHolds ? "=" : "!=") + gist.value.value_or(""));
  }
  return facts;
}

struct Case {
  const char* text;
  const char* fact;
};

class StatementTest : public testing::TestWithParam<Case> {};

TEST_P(StatementTest, GivesExactlyThisFact) {
  EXPECT_THAT(Facts(Said(GetParam().text)), testing::ElementsAre(GetParam().fact)) << GetParam().text;
}

constexpr const char* kOslo = "ada:location:current_city=Oslo";
constexpr const char* kWelder = "ada:occupation:job=welder";
constexpr const char* kKeto = "ada:preference:diet=keto";
constexpr const char* kArchery = "ada:preference:hobby=archery";
constexpr const char* kNoArchery = "ada:preference:hobby!=archery";

INSTANTIATE_TEST_SUITE_P(
    Homes, StatementTest,
    testing::ValuesIn<Case>({{"I moved to Oslo this week (note 3)", kOslo},
                             {"We finally live in Oslo now", kOslo},
                             {"Still settling in here in Oslo, the boxes are everywhere", kOslo},
                             {"We relocated to Oslo", kOslo},
                             {"Home is Oslo these days", kOslo},
                             {"I just got the keys to a flat in Oslo!", kOslo},
                             {"Loving life in Oslo", kOslo},
                             {"My family and I moved to Oslo", kOslo},
                             {"I moved from Porto to Oslo", kOslo},
                             {"I\u2019m based in Oslo, Norway now", kOslo},
                             {"i live in oslo", "ada:location:current_city=oslo"},
                             {"I moved away from Oslo", "ada:location:current_city!=Oslo"},
                             {"I don't live in Oslo any more", "ada:location:current_city!=Oslo"}}));

INSTANTIATE_TEST_SUITE_P(
    Jobs, StatementTest,
    testing::ValuesIn<Case>({{"I started work as a welder today (note 1)", kWelder},
                             {"My new job as a welder is exhausting", kWelder},
                             {"Being a welder suits me so far", kWelder},
                             {"Signed on as a welder", kWelder},
                             {"They hired me as a welder", kWelder},
                             {"I earn my living as a welder", kWelder},
                             {"I'm a welder now", kWelder},
                             {"My days as a welder have begun", kWelder},
                             {"I work as a senior software engineer at a bank",
                              "ada:occupation:job=senior software engineer"},
                             {"Lost my job as a welder yesterday", "ada:occupation:job!=welder"},
                             {"I left my job as a welder", "ada:occupation:job!=welder"}}));

INSTANTIATE_TEST_SUITE_P(Diets, StatementTest,
                         testing::ValuesIn<Case>({{"I eat keto food only these days", kKeto},
                                                  {"I went keto and I feel great", kKeto},
                                                  {"Dinner has to be keto for me now", kKeto},
                                                  {"No meat for me, I'm keto now", kKeto},
                                                  {"Sticking to a keto diet", kKeto},
                                                  {"I'm no longer vegan", "ada:preference:diet!=vegan"},
                                                  {"I've switched to a dairy-free diet",
                                                   "ada:preference:diet=dairy-free"}}));

INSTANTIATE_TEST_SUITE_P(
    Pastimes, StatementTest,
    testing::ValuesIn<Case>({{"I took up archery", kArchery},
                             {"Spent the whole weekend on archery", kArchery},
                             {"Archery is my favourite way to relax", "ada:preference:hobby=Archery"},
                             {"My new hobby is archery", kArchery},
                             {"Started archery lessons", kArchery},
                             {"I joined an archery club", kArchery},
                             {"I can't get enough of archery", kArchery},
                             {"I gave up archery for good", kNoArchery},
                             {"No more archery for me, I sold the gear", kNoArchery},
                             {"My archery days are over", kNoArchery},
                             {"Haven't touched my archery gear in months, done with it", kNoArchery}}));

INSTANTIATE_TEST_SUITE_P(
    Persons, StatementTest,
    testing::ValuesIn<Case>({{"My name is Ada Byron", "ada:identity:name=Ada Byron"},
                             {"My sister Nina called", "ada:relationship:sister=Nina"},
                             {"I'm allergic to peanuts", "ada:attribute:allergy=peanuts"},
                             {"I hate mushrooms", "ada:preference:dislikes=mushrooms"},
                             {"We have two dogs", "ada:relationship:pet=two dogs"},
                             {"My goal is to run the Oslo marathon", "ada:goal:aim=run the Oslo marathon"},
                             {"I'm thinking of moving to Porto", "ada:goal:plan=moving to Porto"}}));

INSTANTIATE_TEST_SUITE_P(
    Partners, StatementTest,
    testing::ValuesIn<Case>({{"Ruben is my fianc\u00e9", "ada:relationship:partner=Ruben"},
                             {"Tomasz is my boyfriend", "ada:relationship:partner=Tomasz"},
                             {"My husband Jan cooks", "ada:relationship:partner=Jan"},
                             {"Rex is my dog", "ada:relationship:pet=Rex"},
                             {"Nina is my older sister", "ada:relationship:sister=Nina"},
                             {"I broke up with Ruben", "ada:relationship:partner!=Ruben"},
                             {"Ruben and I are not together anymore", "ada:relationship:partner!=Ruben"}}));

INSTANTIATE_TEST_SUITE_P(
    Corrections, StatementTest,
    testing::ValuesIn<Case>(
        {{"I'm not allergic to penicillin after all", "ada:attribute:allergy!=penicillin"},
         {"I had the test and I'm not allergic to nuts after all", "ada:attribute:allergy!=nuts"},
         {"I stopped drinking coffee completely, only tea now", "ada:pattern:habit!=coffee"},
         {"I stopped drinking", "ada:pattern:habit!=drinking"},
         {"Also I gave up smoking in January 2024, I didn't say so until I was sure",
          "ada:pattern:habit!=smoking"}}));

INSTANTIATE_TEST_SUITE_P(
    Aims, StatementTest,
    testing::ValuesIn<Case>({{"My goal is to read a whole novel in Dutch this year",
                              "ada:goal:aim=read a whole novel in Dutch this year"},
                             {"My goal is to play one whole waltz without stopping by summer",
                              "ada:goal:aim=play one whole waltz without stopping by summer"},
                             {"I bought a chess set for my son", "ada:relationship:household=son"},
                             {"I have coeliac disease", "ada:state:health=coeliac disease"},
                             {"I play the accordion, badly", "ada:preference:hobby=the accordion"},
                             {"Pottery is out of my life", "ada:preference:hobby!=Pottery"}}));

class SilenceTest : public testing::TestWithParam<const char*> {};

TEST_P(SilenceTest, StatesNothing) { EXPECT_THAT(Facts(Said(GetParam())), IsEmpty()) << GetParam(); }

INSTANTIATE_TEST_SUITE_P(InJestOrDoubt, SilenceTest,
                         testing::Values("I work as hard as I can.", "I hate it when I work as a clown.",
                                         "I feel like I live in Disneyland.",
                                         "I am not sure I live in Berlin anymore.",
                                         "I stopped drinking coffee, not."));

INSTANTIATE_TEST_SUITE_P(Chatter, SilenceTest,
                         testing::Values("How was your weekend?", "The rain has not stopped since Tuesday",
                                         "Thanks, that helped a lot", "Can you set a timer for ten minutes?",
                                         "Ha, good one", "I slept badly again", "I love that painting!",
                                         "I love your idea", "I love it", "Bye Caroline!",
                                         "I'm over the moon about it!", "Another run before breakfast, slow",
                                         "The cello practice at night went fine",
                                         "Practised the cello late at night, short",
                                         "Night cello practice, cold", ""));

INSTANTIATE_TEST_SUITE_P(NotStated, SilenceTest,
                         testing::Values("Do I live in Oslo?", "I wish I lived in Rome",
                                         "If I moved to Rome, I would be happy", "She said I live in Oslo",
                                         "My sister lives in Oslo", "He moved to Oslo",
                                         "\"I live in Oslo\" is a song", "I live in Oslo, just kidding",
                                         "I might move to Oslo", "I don't live in Oslo",
                                         "I love running my own studio", "I moved to Oslo but came back",
                                         "I lived in Oslo until 2020"));

INSTANTIATE_TEST_SUITE_P(
    Misread, SilenceTest,
    testing::Values("Half is still poison for me, but thank you", "I gave up coffee after lunch",
                    "I've found a room in Oslo!", "My favourite place in Oslo is the harbour",
                    "I joined a rowing shop in Oslo online, before I even live there",
                    "We ate a vegan dinner last night", "I'm a student's parent",
                    "The accordion is out of its case again",
                    "I ate a whole tin of cookies, gluten-free, don't worry",
                    "I'm hiking with some friends this weekend", "We love climbing, sliding and swinging",
                    "I had a quiet weekend after we went camping two weekends ago",
                    "I think baking and cooking really brings us together", "I want to be brave for my team",
                    "I'm determined to find the right spot", "I wanna help make a difference",
                    "Silence is my hobby", "I stopped drinking too much", "Jan and I split up the work"));

TEST(BuiltinExtractorTest, LeavesTheFirstPersonOfAnAssistantAlone) {
  EXPECT_THAT(Facts(Said("I live in Oslo", "bot", Origin::kAssistant)), IsEmpty());
  EXPECT_THAT(Facts(Said("I live in Oslo", "tool", Origin::kTool)), IsEmpty());
}

TEST(BuiltinExtractorTest, AnUnknownSpeakerIsTheUser) {
  const auto gists = Extract(Said("I live in Oslo", ""));
  ASSERT_EQ(gists.size(), 1);
  EXPECT_EQ(gists[0].key, "user:location:current_city");
  EXPECT_EQ(gists[0].text, "User lives in Oslo");
  EXPECT_EQ(gists[0].evidence[0].quote, "I live in Oslo");
}

TEST(BuiltinExtractorTest, DatesOnlyWhatNamesADayMonthOrYear) {
  EXPECT_EQ(Extract(Said("I've been living in Oslo since 2019"))[0].valid_from, At(2019, 1, 1));
  EXPECT_EQ(Extract(Said("In March 2023 I moved to Oslo"))[0].valid_from, At(2023, 3, 1));
  EXPECT_EQ(Extract(Said("I moved to Oslo on 5 May"))[0].valid_from, At(2024, 5, 5));
  EXPECT_EQ(Extract(Said("I moved to Oslo in November"))[0].valid_from, At(2023, 11, 1));
  EXPECT_EQ(Extract(Said("I gave up archery in March 2024"))[0].valid_to, At(2024, 3, 1));
  for (const char* vague :
       {"I moved to Oslo last week", "I moved to Oslo yesterday", "I moved to Oslo two years ago"}) {
    EXPECT_EQ(Extract(Said(vague))[0].valid_from, std::nullopt) << vague;
  }
}

TEST(BuiltinExtractorTest, SummarisesAClusterNoRuleFitsInItsOwnWords) {
  const Episode a =
      Said("We explored the old harbour and roasted chestnuts beside the lighthouse yesterday.");
  const Episode b = Said("Thanks so much, see you soon!");
  Chunk chunk;
  chunk.memories = {{&a, 3, 0.9F}, {&b, 3, 0.5F}};
  const auto gists = ExtractBuiltin(chunk);
  ASSERT_EQ(gists.size(), 1);
  EXPECT_EQ(gists[0].type, GistType::kSummary);
  EXPECT_EQ(gists[0].text, a.text);
}

// What a cluster of these two gives; "" if nothing.
std::string SummaryOf(const std::string& central, const std::string& other,
                      const std::string& speaker = "Ada") {
  const Episode a = Said(central, speaker), b = Said(other, "Ben");
  Chunk chunk;
  chunk.memories = {{&a, 0, 0.9F}, {&b, 0, 0.5F}};
  const auto gists = ExtractBuiltin(chunk);
  if (gists.empty()) return "";
  EXPECT_EQ(gists[0].type, GistType::kSummary) << central;
  EXPECT_EQ(Ground(gists[0], chunk).reason, "") << central;
  return gists[0].text;
}

class SummaryTest : public testing::TestWithParam<const char*> {};

TEST_P(SummaryTest, IsTheSentenceItself) { EXPECT_EQ(SummaryOf(GetParam(), "Ha!"), GetParam()); }

INSTANTIATE_TEST_SUITE_P(Deeds, SummaryTest,
                         testing::Values("Baked my rye bread this Sunday, it came out a bit flat",
                                         "I sprained my wrist on the wall on Thursday",
                                         "My sister lives forty minutes from me",
                                         "Last week we repaired the roof of the garden shed",
                                         "After every shift I walk along the river before I sleep"));

class NoSummaryTest : public testing::TestWithParam<const char*> {};

TEST_P(NoSummaryTest, SaysTooLittle) { EXPECT_EQ(SummaryOf(GetParam(), "Ha!"), ""); }

INSTANTIATE_TEST_SUITE_P(Moods, NoSummaryTest,
                         testing::Values("I feel so accepted and happy around such people",
                                         "We need a good dance floor with bounce",
                                         "She carried the heavy shopping home an hour later",
                                         "I repaired that yesterday with a hammer",
                                         "My advice: stay passionate, focused and resilient",
                                         "Hey Ben, I repaired the garden shed roof on Sunday",
                                         "Next week I have a community meeting about the harbour",
                                         "Our actions can have a big impact on the whole harbour",
                                         "Did I repair the roof of the garden shed?"));

TEST(BuiltinExtractorTest, ANameThatIsTheSpeakersIsGrounded) {
  const Episode episode = Said("My name is Ada, I will answer with one word");
  Chunk chunk;
  chunk.memories.push_back({&episode, -1, 0});
  const auto gists = ExtractBuiltin(chunk);
  ASSERT_EQ(gists.size(), 1);
  EXPECT_EQ(gists[0].value, "Ada");
  EXPECT_EQ(Ground(gists[0], chunk).reason, "");
}

TEST(BuiltinExtractorTest, ANameThatIsNotSaidIsNotGrounded) {
  const Episode episode = Said("The harbour froze over on Monday");
  Chunk chunk;
  chunk.memories.push_back({&episode, -1, 0});
  Gist gist;
  gist.subject = "Ada";
  gist.key = "ada:identity:name";
  gist.value = "Ada";
  gist.text = "Ada is called Ada";
  gist.evidence.push_back({0, episode.text});
  EXPECT_EQ(Ground(gist, chunk).reason, "too_little_overlap");
}

TEST(BuiltinExtractorTest, AnUntilOfAnotherClauseRevokesNothing) {
  EXPECT_EQ(Extract(Said("I gave up smoking in January 2024, I said nothing until I was sure"))[0].valid_to,
            At(2024, 1, 1));
}

TEST(BuiltinExtractorTest, BothWhoMovedAreSaidToLiveThere) {
  EXPECT_THAT(Facts(Said("We moved to Oslo today!", "Ada")),
              testing::ElementsAre("ada:location:current_city=Oslo"));
  EXPECT_THAT(Facts(Said("I moved to Oslo too, with eleven boxes", "Ben")),
              testing::ElementsAre("ben:location:current_city=Oslo"));
}

TEST(BuiltinExtractorTest, ChatterHasNoSummary) {
  const Episode a = Said("Wow, that looks so great! You did it!"), b = Said("Thanks so much, see you soon!");
  Chunk chunk;
  chunk.memories = {{&a, 0, 0.9F}, {&b, 0, 0.5F}};
  EXPECT_THAT(ExtractBuiltin(chunk), IsEmpty());
}

TEST(BuiltinExtractorTest, WhatItFindsIsGrounded) {
  for (const Case& one : {Case{"I moved to Oslo this week", ""}, Case{"I gave up archery in March 2024", ""},
                          Case{"We have two dogs", ""}, Case{"I'm allergic to peanuts", ""}}) {
    const Episode episode = Said(one.text);
    Chunk chunk;
    chunk.memories.push_back({&episode, -1, 0});
    for (const Gist& gist : ExtractBuiltin(chunk)) EXPECT_EQ(Ground(gist, chunk).reason, "") << gist.text;
  }
}

TEST(BuiltinExtractorTest, SurvivesAnyTextAndAMegabyte) {
  std::string noise;
  unsigned state = 1;
  for (int i = 0; i < 20000; ++i) {
    state = state * 1664525U + 1013904223U;
    static const char* kParts[] = {"I ", "live ", "in ",    "Oslo",   "(", ")",        "\"", "\u2019",
                                   "? ", ". ",    "\u6771", " as a ", "-", "gave up ", "\n", "\U0001F600"};
    noise += kParts[(state >> 16) % 16];
  }
  for (const Gist& gist : Extract(Said(noise)))
    EXPECT_NE(noise.find(gist.evidence[0].quote), std::string::npos);
  EXPECT_THAT(Extract(Said(std::string(1 << 20, 'x'))), IsEmpty());
  std::string long_sentence;
  while (long_sentence.size() < (1 << 20)) long_sentence += "and the very long story of it went on ";
  EXPECT_THAT(Extract(Said(long_sentence)), IsEmpty());
}

}  // namespace
}  // namespace slowwave
