#include "server/validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "server/json_object.h"
#include "server/page_token.h"

namespace slowwave {
namespace {

using testing::HasSubstr;

struct EpisodeCase {
  const char* name;
  std::function<void(v1::Episode&)> change;
  const char* says;  // empty: it is good
};

class EpisodeTest : public testing::TestWithParam<EpisodeCase> {};

TEST_P(EpisodeTest, IsJudged) {
  v1::Episode episode;
  episode.set_text("I moved to Lisbon.");
  GetParam().change(episode);
  const absl::Status status = CheckEpisode(episode, "episodes[3]");
  if (GetParam().says[0] == '\0') {
    EXPECT_TRUE(status.ok()) << status;
  } else {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().says));
  }
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

INSTANTIATE_TEST_SUITE_P(
    Table, EpisodeTest,
    testing::ValuesIn<EpisodeCase>({
        {"Plain", [](auto&) {}, ""},
        {"TextEmpty", [](auto& e) { e.set_text(""); },
         "episodes[3].text is empty; allowed: 1 to 65536 bytes"},
        {"TextWhite", [](auto& e) { e.set_text(" \n\t"); }, "episodes[3].text is only white space"},
        {"TextFull", [](auto& e) { e.set_text(std::string(65536, 'x')); }, ""},
        {"TextLong", [](auto& e) { e.set_text(std::string(65537, 'x')); },
         "episodes[3].text has 65537 bytes"},
        {"TextNul", [](auto& e) { e.set_text(std::string("a\0b", 3)); }, "episodes[3].text holds a NUL"},
        {"IdFull", [](auto& e) { e.set_id(std::string(128, 'i')); }, ""},
        {"IdLong", [](auto& e) { e.set_id(std::string(129, 'i')); }, "episodes[3].id has 129 bytes"},
        {"IdNul", [](auto& e) { e.set_id(std::string(1, '\0')); }, "episodes[3].id holds a NUL"},
        {"SpeakerLong", [](auto& e) { e.set_speaker(std::string(129, 'i')); }, "episodes[3].speaker has"},
        {"SessionLong", [](auto& e) { e.set_session_id(std::string(129, 'i')); },
         "episodes[3].session_id has"},
        {"TypeUnknown", [](auto& e) { e.set_type(static_cast<v1::EpisodeType>(99)); },
         "episodes[3].type is 99, which no EpisodeType has"},
        {"OriginNegative", [](auto& e) { e.set_origin(static_cast<v1::Origin>(-1)); },
         "episodes[3].origin is -1"},
        {"TurnNegative", [](auto& e) { e.set_turn(-1); }, "episodes[3].turn is negative"},
        {"TurnZero", [](auto& e) { e.set_turn(0); }, ""},
        {"TimeFirst", [](auto& e) { e.mutable_occurred_at()->set_seconds(kMinSeconds); }, ""},
        {"TimeBeforeYearOne", [](auto& e) { e.mutable_occurred_at()->set_seconds(kMinSeconds - 1); },
         "episodes[3].occurred_at is out of range"},
        {"TimeLast", [](auto& e) { e.mutable_occurred_at()->set_seconds(kMaxSeconds); }, ""},
        {"TimeAfter9999", [](auto& e) { e.mutable_occurred_at()->set_seconds(kMaxSeconds + 1); },
         "episodes[3].occurred_at is out of range"},
        {"NanosNegative", [](auto& e) { e.mutable_occurred_at()->set_nanos(-1); },
         "episodes[3].occurred_at has nanos out of range"},
        {"NanosLarge", [](auto& e) { e.mutable_occurred_at()->set_nanos(1'000'000'000); },
         "episodes[3].occurred_at has nanos out of range"},
        {"EntityEmpty", [](auto& e) { e.add_entities(""); }, "episodes[3].entities[0] is empty"},
        {"EntityLong", [](auto& e) { e.add_entities(std::string(257, 'x')); },
         "episodes[3].entities[0] has 257"},
        {"EntitiesMany",
         [](auto& e) {
           for (int i = 0; i < 257; ++i) e.add_entities("x");
         },
         "episodes[3].entities has 257 entries"},
        {"EmbeddingNan", [](auto& e) { e.add_embedding(1), e.add_embedding(kNan); },
         "episodes[3].embedding[1] is not finite"},
        {"EmbeddingInfinite", [](auto& e) { e.add_embedding(-kInf); },
         "episodes[3].embedding[0] is not finite"},
        {"EmbeddingZero", [](auto& e) { e.add_embedding(0), e.add_embedding(-0.0f); },
         "episodes[3].embedding is all zero"},
        {"EmbeddingFull", [](auto& e) { e.mutable_embedding()->Resize(8192, 1); }, ""},
        {"EmbeddingLong", [](auto& e) { e.mutable_embedding()->Resize(8193, 1); },
         "episodes[3].embedding has 8193 numbers; allowed: 1 to 8192"},
        {"ImportanceNegative", [](auto& e) { e.set_importance(-0.1); },
         "episodes[3].importance is out of range"},
        {"ImportanceNan", [](auto& e) { e.set_importance(std::nan("")); },
         "episodes[3].importance is not finite"},
        {"ConfidenceAboveOne", [](auto& e) { e.set_confidence(1.01); },
         "episodes[3].confidence is out of range"},
        {"AccessNegative", [](auto& e) { e.set_access_count(-5); }, "episodes[3].access_count is negative"},
        {"MetadataGood", [](auto& e) { e.set_metadata(R"({"a": [1, {"b": null}]})"); }, ""},
        {"MetadataList", [](auto& e) { e.set_metadata("[1]"); }, "episodes[3].metadata is not an object"},
        {"MetadataBroken", [](auto& e) { e.set_metadata("{\"a\":"); }, "episodes[3].metadata is not JSON"},
        {"MetadataTwice", [](auto& e) { e.set_metadata(R"({"a":1,"a":2})"); },
         "metadata names a member twice"},
        {"MetadataNul", [](auto& e) { e.set_metadata(R"({"a":"\u0000"})"); }, "metadata holds a NUL"},
        {"MetadataHugeNumber", [](auto& e) { e.set_metadata(R"({"a":1e999})"); }, "metadata is not JSON"},
        {"MetadataDeep",
         [](auto& e) { e.set_metadata("{\"a\":" + std::string(32, '[') + std::string(32, ']') + "}"); },
         "metadata is nested too deep"},
        {"MetadataLong", [](auto& e) { e.set_metadata("{\"a\":\"" + std::string(16384, 'x') + "\"}"); },
         "episodes[3].metadata has"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(CheckUserTest, EmptyTenantIsTheDefault) {
  const absl::StatusOr<UserKey> user = CheckUser("", "ann");
  ASSERT_TRUE(user.ok());
  EXPECT_EQ(user->tenant, "default");
  EXPECT_EQ(user->user, "ann");
}

TEST(CheckUserTest, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(CheckUser("", "").status().message(), "user is empty; allowed: 1 to 128 bytes");
  EXPECT_EQ(CheckUser(std::string(129, 't'), "u").status().message(),
            "tenant has 129 bytes; allowed: at most 128 bytes");
  EXPECT_THAT(std::string(CheckUser("t", std::string("a\0", 2)).status().message()),
              HasSubstr("user holds a NUL"));
}

TEST(CheckPageSizeTest, ZeroIsFiftyAndAThousandIsTheMost) {
  EXPECT_EQ(CheckPageSize(0).value(), 50);
  EXPECT_EQ(CheckPageSize(1000).value(), 1000);
  EXPECT_EQ(CheckPageSize(1001).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckPageSize(-1).status().message(), "page_size is -1; allowed: 0 to 1000 (0: 50)");
}

struct TriggerCase {
  const char* name;
  std::function<void(v1::TriggerConsolidationRequest&)> change;
  const char* says;
};

class TriggerRequestTest : public testing::TestWithParam<TriggerCase> {};

TEST_P(TriggerRequestTest, IsRefused) {
  v1::TriggerConsolidationRequest request;
  GetParam().change(request);
  EXPECT_THAT(std::string(CheckTrigger(request).message()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Table, TriggerRequestTest,
    testing::ValuesIn<TriggerCase>({
        {"LimitNegative", [](auto& r) { r.set_episode_limit(-1); },
         "episode_limit is -1; allowed: 0 to 20000"},
        {"LimitLarge", [](auto& r) { r.set_episode_limit(20001); }, "episode_limit is 20001"},
        {"PriorityLarge", [](auto& r) { r.set_priority(1001); }, "priority is 1001; allowed: -1000 to 1000"},
        {"ReasonLong", [](auto& r) { r.set_reason(std::string(1025, 'r')); }, "reason has 1025 bytes"},
        {"RequestIdLong", [](auto& r) { r.set_request_id(std::string(129, 'r')); },
         "request_id has 129 bytes"},
        {"StatusDeleted", [](auto& r) { r.set_set_status(v1::EPISODE_STATUS_DELETED); },
         "set_status is EPISODE_STATUS_DELETED"},
        {"WindowEmpty",
         [](auto& r) {
           r.mutable_time_window()->mutable_from()->set_seconds(5);
           r.mutable_time_window()->mutable_to()->set_seconds(5);
         },
         "time_window.from is not before time_window.to"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(CheckMessageTest, FindsABadSpanAtAnyDepth) {
  v1::RegisterUserRequest request;
  request.add_conditions()->mutable_interval()->set_seconds(400'000'000'000);
  EXPECT_THAT(std::string(CheckMessage(request, "").message()),
              HasSubstr("conditions[0].interval is out of range"));
  request.mutable_conditions(0)->mutable_interval()->set_seconds(1);
  request.mutable_conditions(0)->mutable_interval()->set_nanos(-1);
  EXPECT_THAT(std::string(CheckMessage(request, "").message()),
              HasSubstr("conditions[0].interval has bad nanos"));
}

TEST(CheckMessageTest, FindsAnUnknownEnumInAList) {
  v1::ListTasksRequest request;
  request.add_states(v1::TASK_STATE_DONE);
  request.add_states(static_cast<v1::TaskState>(42));
  EXPECT_THAT(std::string(CheckMessage(request, "").message()),
              HasSubstr("states[1] is 42, which no TaskState has"));
}

TEST(NormalJsonObjectTest, EqualObjectsGiveEqualText) {
  EXPECT_EQ(NormalJsonObject("{ \"b\": 12345678901234567890, \"a\": 0.5 }", 32).value(),
            R"({"a":0.5,"b":12345678901234567890})");
}

TEST(NormalJsonObjectTest, BracketsInStringsAreNoDepth) {
  EXPECT_TRUE(NormalJsonObject(R"({"a": "[[[[[[\"[["})", 2).ok());
}

TEST(PageTokenTest, ComesBackOnlyToItsOwnList) {
  const std::string token = MakePageToken("facts/default/ann", "k7");
  EXPECT_EQ(ReadPageToken("facts/default/ann", token).value(), "k7");
  EXPECT_EQ(ReadPageToken("facts/default/bob", token).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadPageToken("facts/default/ann", "nonsense").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadPageToken("facts/default/ann", token + "A").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(PageTokenTest, NothingFollowsIsAnEmptyToken) {
  EXPECT_EQ(MakePageToken("s", ""), "");
  EXPECT_EQ(ReadPageToken("s", "").value(), "");
}

}  // namespace
}  // namespace slowwave
