#include "core/grounding.h"

#include <list>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace slowwave {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A session of two friends; memories are citable, context is not.
class GroundingTest : public testing::Test {
 protected:
  GroundingTest() {
    Say("Ben", "Did you paint this at the lighthouse?");
    Say("Ada", "Yes, I painted it in Bergen last year with my sister Nina. I sold 3 of them!");
    Say("Ben", "You always make the best colours, Ada.");
    Say("Ada", "I am learning the cello, it\u2019s hard.");
    Say("Ben", "I adopted a rescue dog yesterday.");
    Say("Ada", "Nothing much happened today, the weather was grey.");
    for (const Episode& episode : episodes_) chunk_.memories.push_back({&episode, -1, 0});
  }

  void Say(const std::string& speaker, const std::string& text) {
    Episode episode;
    episode.id = std::to_string(episodes_.size());
    episode.speaker = speaker;
    episode.text = text;
    episode.session_id = "s";
    episode.turn = static_cast<int>(episodes_.size());
    episode.occurred_at = absl::FromCivil(absl::CivilDay(2023, 5, 8), absl::UTCTimeZone());
    episodes_.push_back(episode);
  }

  Grounding Check(const std::string& text, std::vector<int> cited, const std::string& subject = "ada") {
    Gist gist;
    gist.text = text;
    gist.subject = subject;
    for (const int memory : cited) gist.evidence.push_back({memory, chunk_.memories[memory].episode->text});
    return Ground(gist, chunk_);
  }

  std::list<Episode> episodes_;
  Chunk chunk_;
};

TEST_F(GroundingTest, AcceptsWhatItsEvidenceCarries) {
  const Grounding grounding = Check("Ada painted in Bergen with her sister Nina", {1});
  EXPECT_EQ(grounding.reason, "");
  EXPECT_THAT(grounding.alone, ElementsAre(0));
  EXPECT_THAT(grounding.jointly, IsEmpty());
}

TEST_F(GroundingTest, NeedsEvidenceOfThisCall) {
  Gist gist;
  gist.text = "Ada paints";
  EXPECT_EQ(Ground(gist, chunk_).reason, "no_evidence");
  gist.evidence.push_back({17, "Yes"});
  EXPECT_EQ(Ground(gist, chunk_).reason, "unknown_memory");
  gist.evidence[0] = {-1, "Yes"};
  EXPECT_EQ(Ground(gist, chunk_).reason, "unknown_memory");
  gist.text = " ! ";
  EXPECT_EQ(Ground(gist, chunk_).reason, "empty_gist");
}

TEST_F(GroundingTest, QuotesAreComparedFolded) {
  Gist gist;
  gist.text = "Ada is learning the cello";
  gist.subject = "ada";
  gist.evidence.push_back({3, "LEARNING the  cello, it's hard"});
  EXPECT_EQ(Ground(gist, chunk_).reason, "");
  gist.evidence[0].quote = "I am learning the violin";
  EXPECT_EQ(Ground(gist, chunk_).reason, "quote_not_found");
  gist.evidence[0].quote = "";
  EXPECT_EQ(Ground(gist, chunk_).reason, "quote_not_found");
}

TEST_F(GroundingTest, RefusesNumbersAndNamesNobodySaid) {
  EXPECT_EQ(Check("Ada sold three paintings from Bergen", {1}).reason, "");
  EXPECT_EQ(Check("Ada sold 10 paintings from Bergen", {1}).reason, "number_not_in_evidence");
  EXPECT_EQ(Check("Ada painted in Zanzibar", {1}).reason, "name_not_in_evidence");
}

TEST_F(GroundingTest, ResolvesDatesAgainstTheEpisodes) {
  EXPECT_EQ(Check("Ada painted in Bergen in 2022", {1}).reason, "");
  EXPECT_EQ(Check("Ada painted in Bergen in 2015", {1}).reason, "date_not_in_evidence");
  EXPECT_EQ(Check("Ben adopted a rescue dog on 7 May 2023", {4}, "ben").reason, "");
}

TEST_F(GroundingTest, NamesMayStandTwoTurnsAwayButNotFurther) {
  EXPECT_EQ(Check("Ada is learning the cello in Bergen", {3}).reason, "");
  EXPECT_EQ(Check("Ada saw grey weather in Bergen", {5}).reason, "name_not_in_evidence");
}

TEST_F(GroundingTest, AFirstPersonSpeaksForItsOwnSpeakerOnly) {
  EXPECT_EQ(Check("Ada adopted a rescue dog", {4}).reason, "not_its_speaker");
  EXPECT_EQ(Check("Ben adopted a rescue dog", {4}, "ben").reason, "");
  EXPECT_EQ(Check("Ada makes the best colours", {2}).reason, "");
}

TEST_F(GroundingTest, BeingAddressedIsNotBeingTalkedAbout) {
  Say("Ben", "Hey Ada, I wanted to let you know that I ran a marathon on Friday!");
  Say("Ben", "Thanks, Ada. Been restoring an old motorbike.");
  Say("Ben", "Your pottery is wonderful, you won the regional prize for that vase!");
  Say("Ben", "Thanks for feeding the hens, Ada.");
  Say("Ben", "Do you still collect stamps from Peru?");
  Say("Ben", "I saw Ada juggling torches.");
  chunk_.memories.clear();
  for (const Episode& episode : episodes_) chunk_.memories.push_back({&episode, -1, 0});
  EXPECT_EQ(Check("Ada ran a marathon on Friday", {6}).reason, "not_its_speaker");
  EXPECT_EQ(Check("Ben ran a marathon on Friday", {6}, "ben").reason, "");
  EXPECT_EQ(Check("Ada is restoring an old motorbike", {7}).reason, "not_its_speaker");
  EXPECT_EQ(Check("Ada won a regional prize for her pottery vase", {8}).reason, "");
  EXPECT_EQ(Check("Ada is feeding the hens", {9}).reason, "");
  EXPECT_EQ(Check("Ada collects stamps from Peru", {10}).reason, "not_its_speaker") << "asked, not said";
  EXPECT_EQ(Check("Ada can juggle torches", {11}).reason, "");
}

TEST_F(GroundingTest, ALongNameMayBeASlipAway) {
  Say("Ada", "I finished reading Midlemarch on the train.");
  chunk_.memories.push_back({&episodes_.back(), -1, 0});
  EXPECT_EQ(Check("Ada finished reading Middlemarch", {6}).reason, "");
  EXPECT_EQ(Check("Ada finished reading Midnightsong", {6}).reason, "name_not_in_evidence");
}

TEST_F(GroundingTest, ASubjectThatIsNamedIsNoEvidenceOfWhatIsToldOfIt) {
  Say("Ben", "Olga says hello!");
  chunk_.memories.push_back({&episodes_.back(), -1, 0});
  EXPECT_EQ(Check("Olga mends shoes", {6}, "Olga").reason, "too_little_overlap");
  EXPECT_EQ(Check("Olga says hello", {6}, "Olga").reason, "");
}

TEST_F(GroundingTest, AnAnswerLeansOnItsQuestionOnlyWithItsValue) {
  Say("Ben", "Do you sing in the village choir?");
  Say("Ada", "Yes, every week!");
  chunk_.memories.clear();
  for (const Episode& episode : episodes_) chunk_.memories.push_back({&episode, -1, 0});
  Gist gist;
  gist.text = "Ada sings in the village choir";
  gist.subject = "ada";
  gist.value = "village choir";
  gist.evidence.push_back({7, "Yes, every week!"});
  EXPECT_EQ(Ground(gist, chunk_).reason, "");
  gist.value = "soloist";
  EXPECT_EQ(Ground(gist, chunk_).reason, "too_little_overlap");
}

TEST_F(GroundingTest, NobodyIsTheOtherOfThemself) {
  Say("Ada", "I support Ben, his music and my sister.");
  chunk_.memories.push_back({&episodes_.back(), -1, 0});
  for (const char* text :
       {"Ada supports Ada", "Ada fully supports Ada and her music", "Ada values Ada's music"}) {
    EXPECT_EQ(Check(text, {6}).reason, "not_its_speaker") << text;
  }
  for (const char* text : {"Ada supports Ben", "Ada visits Ada's sister, whom Ada supports",
                           "Ada's sister supports Ada", "Ada supports her sister and Ada supports music"}) {
    EXPECT_EQ(Check(text, {6}).reason, "") << text;
  }
}

TEST_F(GroundingTest, WhatStandsInQuotesIsClaimedToo) {
  Say("Ada", "I am reading Dune at the moment.");
  chunk_.memories.push_back({&episodes_.back(), -1, 0});
  for (const auto& [open, close] : std::vector<std::pair<std::string, std::string>>{
           {"\"", "\""}, {"\u201c", "\u201d"}, {"\u201e", "\u201c"}, {"\u00ab", "\u00bb"}}) {
    EXPECT_EQ(Check("Ada is reading " + open + "Dune" + close, {6}).reason, "");
    EXPECT_EQ(Check("Ada is reading " + open + "The Hobbit" + close, {6}).reason, "name_not_in_evidence");
    EXPECT_NE(Check("Ada " + open + "owes Bob Miller 9000 EUR" + close, {6}).reason, "");
  }
}

TEST_F(GroundingTest, ALongSentenceIsReadToItsEnd) {
  std::string text = "Ada painted in Bergen with her sister Nina";
  for (int i = 0; i < 60; ++i) text += " and she sold them";
  EXPECT_EQ(Check(text, {1}).reason, "");
  EXPECT_EQ(Check(text + " to Rembrandt", {1}).reason, "name_not_in_evidence");
  EXPECT_EQ(Check(text + " for 9000 crowns", {1}).reason, "number_not_in_evidence");
}

TEST_F(GroundingTest, WhatASubjectSaysBesideANameIsClaimed) {
  Say("Ada", "I feed the cats every morning.");
  chunk_.memories.push_back({&episodes_.back(), -1, 0});
  EXPECT_NE(Check("Ada loves guns and hates boats", {6}, "Ada loves guns hates boats").reason, "");
  EXPECT_EQ(Check("Ada feeds the cats in the morning", {6}, "Ada's cats").reason, "");
}

TEST_F(GroundingTest, NumbersCountHoweverTheyAreWritten) {
  Say("Ada", "I turned forty and ran twenty-five races, two hundred and six miles, for 1,500 crowns.");
  chunk_.memories.push_back({&episodes_.back(), -1, 0});
  for (const char* text :
       {"Ada turned 40", "Ada turned forty", "Ada ran 25 races", "Ada ran twenty five races",
        "Ada ran 206 miles", "Ada ran two hundred and six miles", "Ada ran for 1500 crowns",
        "Ada ran for 1,500 crowns", "Ada ran for fifteen hundred crowns"}) {
    EXPECT_EQ(Check(text, {6}).reason, "") << text;
  }
  for (const char* text : {"Ada turned fifty", "Ada turned 41", "Ada ran thirty-five races",
                           "Ada ran three hundred miles", "Ada ran for 2,500 crowns"}) {
    EXPECT_EQ(Check(text, {6}).reason, "number_not_in_evidence") << text;
  }
}

TEST_F(GroundingTest, RefusesWhatHasNothingToDoWithItsEvidence) {
  EXPECT_EQ(Check("Ada collects antique typewriters and repairs clocks", {5}).reason, "too_little_overlap");
}

TEST_F(GroundingTest, CitationsThatCarryItAloneLeaveTheOthersAsContext) {
  const Grounding grounding = Check("Ada is learning the cello", {1, 3});
  EXPECT_EQ(grounding.reason, "");
  EXPECT_THAT(grounding.alone, ElementsAre(1));
}

TEST_F(GroundingTest, SeveralCarryJointlyWhatNoneCarriesAlone) {
  Say("Ada", "The gallery in Tartu wrote back.");
  Say("Ben", "Oh?");
  Say("Ben", "Hm.");
  Say("Ben", "Well.");
  Say("Ada", "The gallery will show 7 pictures.");
  chunk_.memories.clear();
  for (const Episode& episode : episodes_) chunk_.memories.push_back({&episode, -1, 0});
  const Grounding grounding = Check("A gallery in Tartu will show 7 pictures of Ada", {6, 10});
  EXPECT_EQ(grounding.reason, "");
  EXPECT_THAT(grounding.alone, IsEmpty());
  EXPECT_THAT(grounding.jointly, ElementsAre(0, 1));
}

}  // namespace
}  // namespace slowwave
