#include "server/jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "server/demo/sample_memory.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string WhyRefused(absl::string_view line) {
  const absl::StatusOr<ImportedEpisode> episode = ParseEpisodeLine(line);
  if (episode.ok()) return "accepted";
  EXPECT_EQ(episode.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(episode.status().message());
}

TEST(ParseEpisodeLine, TakesEveryField) {
  const auto got = ParseEpisodeLine(
      R"({"id": "a/1", "type": "preference", "text": "I like tea", "speaker": "Ines", "session_id": "s", "turn": 0,
          "occurred_at": "2025-03-01T10:30:00.25+02:00", "origin": "tool", "entities": ["tea", "Ghent"],
          "embedding": [0.5, -1, 2e-3], "importance": 1, "confidence": 0.25, "access_count": 7,
          "metadata": {"b": [1, null], "a": "x"}})");
  ASSERT_TRUE(got.ok()) << got.status();
  const Episode& e = got->episode;
  EXPECT_EQ(e.id, "a/1");
  EXPECT_EQ(e.type, EpisodeType::kPreference);
  EXPECT_EQ(e.text, "I like tea");
  EXPECT_EQ(e.speaker, "Ines");
  EXPECT_EQ(e.session_id, "s");
  EXPECT_EQ(e.turn, 0);
  EXPECT_TRUE(got->timed);
  EXPECT_EQ(FormatTimestamp(e.occurred_at), "2025-03-01T08:30:00.25Z");
  EXPECT_EQ(e.origin, Origin::kTool);
  EXPECT_THAT(e.entities, ElementsAre("tea", "Ghent"));
  EXPECT_THAT(e.embedding, ElementsAre(0.5f, -1.0f, 2e-3f));
  EXPECT_EQ(e.importance, 1.0);
  EXPECT_EQ(e.confidence, 0.25);
  EXPECT_EQ(e.access_count, 7);
  EXPECT_EQ(e.metadata, R"({"a":"x","b":[1,null]})");
}

TEST(ParseEpisodeLine, NeedsOnlyText) {
  const auto got = ParseEpisodeLine(R"({"text": "hello", "speaker": null})");
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_FALSE(got->timed);
  EXPECT_EQ(got->episode.id, "");
  EXPECT_EQ(got->episode.type, EpisodeType::kEpisodicEvent);
  EXPECT_EQ(got->episode.origin, Origin::kUser);
}

struct BadLine {
  const char* name;
  std::string line;
  const char* reason;
};

class RefusedLine : public testing::TestWithParam<BadLine> {};

TEST_P(RefusedLine, NamesWhatIsWrong) {
  EXPECT_THAT(WhyRefused(GetParam().line), HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedLine,
    testing::ValuesIn<BadLine>({
        {"NotJson", "{\"text\": \"a\"", "not JSON"},
        {"Trailing", "{\"text\": \"a\"} x", "not JSON"},
        {"TwoObjects", "{\"text\": \"a\"}{\"text\": \"b\"}", "not JSON"},
        {"NotAnObject", "[1]", "not an object"},
        {"NanLiteral", "{\"text\": \"a\", \"embedding\": [NaN]}", "not JSON"},
        {"Infinity", "{\"text\": \"a\", \"embedding\": [1e999]}", "out of range"},
        {"FloatOverflow", "{\"text\": \"a\", \"embedding\": [1e39]}", "embedding"},
        {"ZeroEmbedding", "{\"text\": \"a\", \"embedding\": [0, 0]}", "embedding"},
        {"TextInEmbedding", "{\"text\": \"a\", \"embedding\": [\"1\"]}", "embedding"},
        {"NoText", "{\"id\": \"a\"}", "text: missing"},
        {"NullText", "{\"text\": null}", "text: missing"},
        {"BlankText", "{\"text\": \" \\n\"}", "text: must not be empty"},
        {"NumberAsText", "{\"text\": 5}", "text: a string"},
        {"DuplicateKey", "{\"text\": \"a\", \"text\": \"b\"}", "'text' occurs twice"},
        {"DuplicateKeyWithin", "{\"text\": \"a\", \"metadata\": {\"x\": [{\"y\": 1, \"y\": 2}]}}",
         "'y' occurs twice"},
        {"EscapedNul", "{\"text\": \"a\\u0000b\"}", "NUL"},
        {"NulInKey", "{\"text\": \"a\", \"metadata\": {\"a\\u0000\": 1}}", "NUL"},
        {"RawNul", std::string("{\"text\": \"a") + '\0' + "\"}", "NUL"},
        {"NotUtf8", "{\"text\": \"\xff\xfe\"}", "UTF-8"},
        {"LoneSurrogate", "{\"text\": \"\\ud800\"}", "not JSON"},
        {"TooDeep", "{\"text\": \"a\", \"metadata\": {\"x\": " + std::string(100000, '['),
         "nested deeper than 32"},
        {"UnknownKey", "{\"text\": \"a\", \"occured_at\": \"2025-01-01\"}", "unknown key 'occured_at'"},
        {"UnknownType", "{\"text\": \"a\", \"type\": \"dream\"}", "type: 'dream' is none of episodic_event"},
        {"UnknownOrigin", "{\"text\": \"a\", \"origin\": \"ghost\"}", "origin: 'ghost' is none of user"},
        {"Month13", "{\"text\": \"a\", \"occurred_at\": \"2023-13-01\"}",
         "occurred_at: '2023-13-01' is no time"},
        {"TimeAsNumber", "{\"text\": \"a\", \"occurred_at\": 1700000000}", "occurred_at: a string"},
        {"NegativeTurn", "{\"text\": \"a\", \"turn\": -1}", "turn: a whole number"},
        {"HugeTurn", "{\"text\": \"a\", \"turn\": 2147483648}", "turn: a whole number"},
        {"FractionalTurn", "{\"text\": \"a\", \"turn\": 1.5}", "turn: a whole number"},
        {"HugeAccessCount", "{\"text\": \"a\", \"access_count\": 18446744073709551615}",
         "access_count: a whole number"},
        {"BigImportance", "{\"text\": \"a\", \"importance\": 1.01}", "importance: must be from 0 to 1"},
        {"LongId", "{\"text\": \"a\", \"id\": \"" + std::string(129, 'x') + "\"}",
         "id: must be 1 to 128 bytes"},
        {"EmptyId", "{\"text\": \"a\", \"id\": \"\"}", "id: must be 1 to 128 bytes"},
        {"EntitiesNotAList", "{\"text\": \"a\", \"entities\": \"b\"}", "entities: a list"},
        {"MetadataNotAnObject", "{\"text\": \"a\", \"metadata\": []}", "metadata: an object"},
    }),
    [](const auto& each) { return std::string(each.param.name); });

TEST(ParseEpisodeLine, NeverRepeatsTheTextOfAMemory) {
  EXPECT_THAT(WhyRefused(R"({"text": "my secret", "text": "my secret"})"), testing::Not(HasSubstr("secret")));
  EXPECT_THAT(WhyRefused(R"({"text": "my secret)"), testing::Not(HasSubstr("secret")));
}

struct TimeCase {
  const char* text;
  const char* want;  // null: refused
};

class Timestamps : public testing::TestWithParam<TimeCase> {};

TEST_P(Timestamps, AreReadAsRfc3339OrDay) {
  const absl::StatusOr<absl::Time> got = ParseTimestamp(GetParam().text);
  if (GetParam().want == nullptr) {
    EXPECT_EQ(got.status().code(), absl::StatusCode::kInvalidArgument) << GetParam().text;
  } else {
    ASSERT_TRUE(got.ok()) << GetParam().text << ": " << got.status();
    EXPECT_EQ(FormatTimestamp(*got), GetParam().want);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, Timestamps,
    testing::ValuesIn<TimeCase>({{"2025-03-01", "2025-03-01T00:00:00Z"},
                                 {"2025-03-01T09:30:00Z", "2025-03-01T09:30:00Z"},
                                 {"2025-03-01t09:30:00z", "2025-03-01T09:30:00Z"},
                                 {"2025-03-01 09:30:00Z", "2025-03-01T09:30:00Z"},
                                 {"2025-03-01T00:30:00+01:00", "2025-02-28T23:30:00Z"},
                                 {"2025-03-01T09:30:00.1234567Z", "2025-03-01T09:30:00.123456Z"},
                                 {"0001-01-01", "0001-01-01T00:00:00Z"},
                                 {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
                                 {"2024-02-29", "2024-02-29T00:00:00Z"},
                                 {"2025-02-29", nullptr},
                                 {"2025-02-30", nullptr},
                                 {"2023-13-01", nullptr},
                                 {"0000-12-31", nullptr},
                                 {"0001-01-01T00:00:00+01:00", nullptr},
                                 {"9999-12-31T23:59:59-01:00", nullptr},
                                 {"10000-01-01", nullptr},
                                 {"-001-01-01", nullptr},
                                 {"2025-03-01T09:30:00", nullptr},
                                 {"2025-03-01T09:30Z", nullptr},
                                 {"2025-03-01T25:00:00Z", nullptr},
                                 {"2025-03-01T09:30:00.Z", nullptr},
                                 {"2025-03-01T09:30:00+0100", nullptr},
                                 {"2025-3-1", nullptr},
                                 {"infinite-future", nullptr},
                                 {"yesterday", nullptr},
                                 {"", nullptr}}));

TEST(FormatEpisodeLine, ComesBackEqual) {
  Episode e;
  e.id = "x/1";
  e.type = EpisodeType::kConstraint;
  e.text = "Zoë said \"no\"\nto 🥜";
  e.speaker = "Zoë";
  e.session_id = "s";
  e.turn = 3;
  e.occurred_at = absl::FromUnixMicros(1741000000123456);
  e.origin = Origin::kAssistant;
  e.entities = {"Zoë"};
  e.embedding = {0.1f, -3.4e38f, 1e-45f, 0.3333333f};
  e.importance = 0.1;
  e.confidence = 2.0 / 3;
  e.access_count = 12;
  e.metadata = R"({"a":1,"b":{"c":null}})";
  const std::string line = FormatEpisodeLine(e);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_THAT(line, HasSubstr("\"embedding\":[0.1,")) << "a float is printed as short as it can be";
  const auto back = ParseEpisodeLine(line);
  ASSERT_TRUE(back.ok()) << back.status();
  const Episode& b = back->episode;
  EXPECT_EQ(b.text, e.text);
  EXPECT_EQ(b.occurred_at, e.occurred_at);
  EXPECT_EQ(b.embedding, e.embedding);
  EXPECT_EQ(b.importance, e.importance);
  EXPECT_EQ(b.confidence, e.confidence);
  EXPECT_EQ(b.metadata, e.metadata);
  EXPECT_EQ(FormatEpisodeLine(b), line);
}

TEST(LineReader, SkipsALongLineAndGoesOn) {
  std::istringstream in("one\r\n" + std::string(100, 'x') + "\n\nlast");
  LineReader reader(in, 10);
  std::string line;
  EXPECT_EQ(reader.Next(line), LineReader::Result::kLine);
  EXPECT_EQ(line, "one");
  EXPECT_EQ(reader.Next(line), LineReader::Result::kTooLong);
  EXPECT_EQ(reader.number(), 2);
  EXPECT_EQ(line, "");
  EXPECT_EQ(reader.Next(line), LineReader::Result::kLine);
  EXPECT_EQ(line, "");
  EXPECT_EQ(reader.Next(line), LineReader::Result::kLine);
  EXPECT_EQ(line, "last");
  EXPECT_EQ(reader.number(), 4);
  EXPECT_EQ(reader.Next(line), LineReader::Result::kEnd);
  EXPECT_EQ(reader.Next(line), LineReader::Result::kEnd);
}

TEST(SampleMemory, IsAllGoodLines) {
  std::istringstream in{std::string(SampleMemory())};
  LineReader reader(in);
  std::string line;
  std::vector<std::string> speakers;
  absl::Time newest = absl::InfinitePast();
  int late = 0;
  while (reader.Next(line) == LineReader::Result::kLine) {
    const auto episode = ParseEpisodeLine(line);
    ASSERT_TRUE(episode.ok()) << "line " << reader.number() << ": " << episode.status();
    EXPECT_TRUE(episode->timed);
    if (episode->episode.origin == Origin::kUser) speakers.push_back(episode->episode.speaker);
    late += episode->episode.occurred_at < newest;
    newest = std::max(newest, episode->episode.occurred_at);
  }
  EXPECT_GE(reader.number(), 260);
  EXPECT_GT(late, 10) << "some of it comes in after things said later";
  std::sort(speakers.begin(), speakers.end());
  speakers.erase(std::unique(speakers.begin(), speakers.end()), speakers.end());
  EXPECT_THAT(speakers, ElementsAre("Ines", "Nadia", "Tomasz"));
}

}  // namespace
}  // namespace slowwave
