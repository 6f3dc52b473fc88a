#include "core/reply_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/chunk_of.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kGood[] =
    R"({"gist":"Ann lives in Oslo","type":"fact","confidence":0.7,"subject":"Ann","predicate":"city","value":"Oslo","key":"ann:location:current_city","state":"holds","valid_from":"2024-03","valid_to":null,"evidence":[{"id":2,"quote":"I live in Oslo"}]})";

class ReplyParserTest : public testing::Test {
 protected:
  std::vector<Gist> Parse(const std::string& content) {
    absl::StatusOr<std::vector<Gist>> gists = ParseReply(content, shown_.chunk);
    EXPECT_TRUE(gists.ok()) << gists.status() << " " << content;
    return gists.ok() ? *gists : std::vector<Gist>{};
  }
  std::string Refusal(const std::string& content) {
    const absl::StatusOr<std::vector<Gist>> gists = ParseReply(content, shown_.chunk);
    return gists.ok() ? "" : std::string(gists.status().message());
  }
  Gist One(const std::string& members) {
    const std::vector<Gist> gists = Parse(absl::StrCat("{\"gists\":[{", members, "}]}"));
    EXPECT_THAT(gists, SizeIs(1));
    return gists.empty() ? Gist() : gists[0];
  }
  OwnedChunk shown_{{"Ann", "Hello"}, {"Ann", "I live in Oslo now"}, {"Bo", "Nice"}};
};

TEST_F(ReplyParserTest, ReadsEveryMember) {
  const std::vector<Gist> gists = Parse(absl::StrCat("{\"gists\":[", kGood, "]}"));
  ASSERT_THAT(gists, SizeIs(1));
  const Gist& gist = gists[0];
  EXPECT_EQ(gist.text, "Ann lives in Oslo");
  EXPECT_EQ(gist.type, GistType::kFact);
  EXPECT_EQ(gist.confidence, 0.7);
  EXPECT_EQ(gist.subject, "Ann");
  EXPECT_EQ(gist.predicate, "city");
  EXPECT_EQ(gist.value, "Oslo");
  EXPECT_EQ(gist.key, "ann:location:current_city");
  EXPECT_EQ(gist.state, AssertionState::kHolds);
  EXPECT_EQ(gist.valid_from, absl::FromCivil(absl::CivilDay(2024, 3, 1), absl::UTCTimeZone()));
  EXPECT_EQ(gist.valid_to, std::nullopt);
  EXPECT_EQ(gist.defect, "");
  EXPECT_FALSE(gist.guessed);
  ASSERT_THAT(gist.evidence, SizeIs(1));
  EXPECT_EQ(gist.evidence[0].memory, 1);
  EXPECT_EQ(gist.evidence[0].quote, "I live in Oslo");
}

TEST_F(ReplyParserTest, UnderstandsOtherFormsOfTheSame) {
  const std::string good = kGood;
  for (const std::string& form :
       {good, "[" + good + "]", "```json\n{\"gists\": [" + good + "]}\n```", "```\n[" + good + "]\n```",
        "Here is what I found:\n{\"gists\":[" + good + "]}\nAnything else?", "  \n" + good + "\n"}) {
    const std::vector<Gist> gists = Parse(form);
    ASSERT_THAT(gists, SizeIs(1)) << form;
    EXPECT_EQ(gists[0].text, "Ann lives in Oslo") << form;
  }
  EXPECT_THAT(Parse("{\"gists\": []}"), IsEmpty());
  EXPECT_THAT(Parse("[]"), IsEmpty());
}

TEST_F(ReplyParserTest, RefusesWhatIsNoAnswer) {
  EXPECT_EQ(Refusal(""), "not_json");
  EXPECT_EQ(Refusal("I found nothing"), "not_json");
  EXPECT_EQ(Refusal("Sure! {\"gists\": [{\"gist\": \"Ann li"), "not_json");
  EXPECT_EQ(Refusal("3"), "wrong_shape");
  EXPECT_EQ(Refusal("{}"), "wrong_shape");
  EXPECT_EQ(Refusal("{\"gists\": {}}"), "wrong_shape");
  EXPECT_EQ(Refusal("{\"gists\": [], \"gists\": []}"), "duplicate_key");
  EXPECT_EQ(Refusal("{\"gists\": [{\"gist\": \"a\\u0000b\"}]}"), "nul");
  EXPECT_EQ(Refusal("{\"gists\": [{\"confidence\": 1e999}]}"), "not_a_number");
  EXPECT_EQ(Refusal(std::string(40, '[') + std::string(40, ']')), "too_deep");
}

TEST_F(ReplyParserTest, AGistThatIsNotInTheFormCostsOnlyItself) {
  const std::vector<Gist> gists =
      Parse(absl::StrCat("{\"gists\":[7,{\"type\":\"fact\",\"evidence\":[]},", kGood, "]}"));
  ASSERT_THAT(gists, SizeIs(3));
  EXPECT_EQ(gists[0].defect, "not an object");
  EXPECT_EQ(gists[1].defect, "no gist");
  EXPECT_EQ(gists[2].defect, "");
}

TEST_F(ReplyParserTest, NamesTheDefect) {
  EXPECT_EQ(One(R"("gist":"x","evidence":7)").defect, "evidence is not a list");
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"state":"maybe")").defect, "state is neither holds nor ended");
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"valid_to":"soon")").defect,
            "valid_to is not YYYY, YYYY-MM or YYYY-MM-DD");
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"valid_from":"2023-02-30")").defect,
            "valid_from is not YYYY, YYYY-MM or YYYY-MM-DD");
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"value":{"a":1})").defect, "value is an object");
}

TEST_F(ReplyParserTest, ReadsDatesOfEveryGrain) {
  const auto day = [](int y, int m, int d) {
    return absl::FromCivil(absl::CivilDay(y, m, d), absl::UTCTimeZone());
  };
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"valid_from":"2023")").valid_from, day(2023, 1, 1));
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"valid_from":2023)").valid_from, day(2023, 1, 1));
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"valid_to":"2023-05-08")").valid_to, day(2023, 5, 8));
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"valid_to":"2023-05-08T10:00:00Z")").valid_to, day(2023, 5, 8));
}

TEST_F(ReplyParserTest, ReadsValuesOfEveryType) {
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"value":3)").value, "3");
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"value":3)").value_type, ValueType::kNumber);
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"value":true)").value, "true");
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"value":["a","b"])").value, "a, b");
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"value":null)").value, std::nullopt);
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"value":" ")").value, std::nullopt);
}

TEST_F(ReplyParserTest, ClampsConfidence) {
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"confidence":7)").confidence, 1);
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"confidence":-1)").confidence, 0);
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"confidence":"0.25")").confidence, 0.25);
  EXPECT_EQ(One(R"("gist":"x","evidence":[],"confidence":"high")").confidence, Gist().confidence);
}

TEST_F(ReplyParserTest, CitesOnlyWhatWasShown) {
  const Gist gist = One(
      R"("gist":"x","evidence":[{"id":0,"quote":"a"},{"id":4,"quote":"b"},{"id":"3","quote":"c"},{"quote":"d"},1,{"id":18446744073709551615,"quote":"e"},{"id":1.5,"quote":"f"},{"id":3,"quote":"again"}])");
  std::vector<int> memories;
  for (const Citation& c : gist.evidence) memories.push_back(c.memory);
  EXPECT_THAT(memories, ElementsAre(-1, -1, 2, -1, 0, -1, -1));
}

TEST_F(ReplyParserTest, WithoutEvidenceEveryMemoryIsTried) {
  const Gist gist = One(R"("gist":"Ann lives in Oslo","type":"fact")");
  EXPECT_TRUE(gist.guessed);
  ASSERT_THAT(gist.evidence, SizeIs(3));
  EXPECT_EQ(gist.evidence[1].memory, 1);
  EXPECT_EQ(gist.evidence[1].quote, "");  // its whole text, which need not be held once more
}

TEST_F(ReplyParserTest, SurvivesAnything) {
  std::mt19937 random(11);
  const std::string good = absl::StrCat("{\"gists\":[", kGood, ",", kGood, "]}");
  int parsed = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    for (int edits = 1 + static_cast<int>(random() % 6); edits > 0 && !text.empty(); --edits) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 9);
          break;
        case 2:
          text.insert(at, good, random() % good.size(), random() % 20);
          break;
        default:
          text.insert(at, 1, "{}[]\",:\\0e-"[random() % 11]);
      }
    }
    const absl::StatusOr<std::vector<Gist>> gists = ParseReply(text, shown_.chunk);
    if (!gists.ok()) continue;
    ++parsed;
    for (const Gist& gist : *gists) {
      EXPECT_TRUE(gist.confidence >= 0 && gist.confidence <= 1) << text;
      for (const Citation& c : gist.evidence) EXPECT_TRUE(c.memory >= -1 && c.memory < 3) << text;
    }
  }
  EXPECT_GT(parsed, 1000);
}

}  // namespace
}  // namespace slowwave
