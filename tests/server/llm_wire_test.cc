#include "server/llm_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace slowwave {
namespace {

using testing::HasSubstr;
using testing::Not;
using Next = CallVerdict::Next;

const absl::Time kNow = absl::FromCivil(absl::CivilSecond(1994, 11, 6, 8, 49, 0), absl::UTCTimeZone());

LlmRequest Question() {
  LlmRequest request;
  request.messages = {{"system", "be brief"}, {"user", "what \"is\" \xc3\xa9?"}};
  request.schema_name = "gists";
  request.schema = R"({"type": "object", "additionalProperties": false})";
  return request;
}

TEST(ChatBodyTest, IsTheseBytes) {
  EXPECT_EQ(ChatBody("m", Question(), ResponseFormat::kJsonSchema).value(),
            "{\"model\":\"m\",\"temperature\":0,\"messages\":[{\"role\":\"system\",\"content\":\"be brief\"},"
            "{\"role\":\"user\",\"content\":\"what \\\"is\\\" \xc3\xa9?\"}],\"response_format\":{\"type\":"
            "\"json_schema\",\"json_schema\":{\"name\":\"gists\",\"schema\":{\"type\":\"object\","
            "\"additionalProperties\":false}}}}");
}

TEST(ChatBodyTest, SendsTheFormatAskedFor) {
  EXPECT_THAT(ChatBody("m", Question(), ResponseFormat::kJsonObject).value(),
              HasSubstr("\"response_format\":{\"type\":\"json_object\"}"));
  EXPECT_THAT(ChatBody("m", Question(), ResponseFormat::kNone).value(), Not(HasSubstr("response_format")));
  LlmRequest plain = Question();
  plain.schema.clear();
  EXPECT_THAT(ChatBody("m", plain, ResponseFormat::kJsonSchema).value(), Not(HasSubstr("response_format")));
}

TEST(ChatBodyTest, OneMessageIsAListToo) {
  LlmRequest request;
  request.messages = {{"role", "content"}};
  EXPECT_THAT(ChatBody("m", request, ResponseFormat::kNone).value(),
              HasSubstr("\"messages\":[{\"role\":\"role\",\"content\":\"content\"}]"));
}

TEST(ChatBodyTest, RefusesWhatIsNotUtf8OrNoSchemaWithoutShowingIt) {
  LlmRequest request = Question();
  request.messages[1].content = "secret \xff";
  const absl::Status status = ChatBody("m", request, ResponseFormat::kNone).status();
  EXPECT_EQ(status, absl::InvalidArgumentError("the request is not UTF-8"));
  request = Question();
  request.schema = "{";
  EXPECT_EQ(ChatBody("m", request, ResponseFormat::kJsonSchema).status().code(),
            absl::StatusCode::kInvalidArgument);
}

struct Case {
  const char* name;
  int status;
  const char* retry_after;
  const char* body;
  const char* word;
  Next next;
  LlmOutcome outcome;
  EndpointHealth health;
  const char* detail;
};

class JudgeCallTest : public testing::TestWithParam<Case> {};

TEST_P(JudgeCallTest, GivesTheVerdict) {
  const Case& c = GetParam();
  HttpAnswer answer{Transport::kAnswered, "", c.status, c.retry_after, c.body};
  const CallVerdict verdict = JudgeCall(answer, ResponseFormat::kJsonSchema, kNow);
  EXPECT_STREQ(verdict.word, c.word);
  EXPECT_EQ(verdict.next, c.next);
  EXPECT_EQ(verdict.outcome, c.outcome);
  EXPECT_EQ(verdict.health, c.health);
  EXPECT_EQ(verdict.detail, c.detail);
}

constexpr auto kAlive = EndpointHealth::kAlive;
constexpr auto kFailing = EndpointHealth::kFailing;
constexpr auto kDenied = EndpointHealth::kDenied;

INSTANTIATE_TEST_SUITE_P(
    Table, JudgeCallTest,
    testing::ValuesIn<Case>({
        {"Ok", 200, "", R"({"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]})", "ok",
         Next::kFinish, LlmOutcome::kOk, kAlive, ""},
        {"OkWithoutReason", 200, "", R"({"choices":[{"message":{"content":""}}]})", "ok", Next::kFinish,
         LlmOutcome::kOk, kAlive, ""},
        {"Length", 200, "", R"({"choices":[{"message":{"content":"x"},"finish_reason":"length"}]})", "length",
         Next::kFinish, LlmOutcome::kLength, kAlive, "finish_reason length"},
        {"LengthBeforeAWord", 200, "",
         R"({"choices":[{"message":{"content":null},"finish_reason":"length"}]})", "length", Next::kFinish,
         LlmOutcome::kLength, kAlive, "finish_reason length"},
        {"Filtered", 200, "", R"({"choices":[{"message":{"content":"x"},"finish_reason":"content_filter"}]})",
         "refused", Next::kFinish, LlmOutcome::kRefused, kAlive, "content filter"},
        {"Refusal", 200, "", R"({"choices":[{"message":{"content":null,"refusal":"no"}}]})", "refused",
         Next::kFinish, LlmOutcome::kRefused, kAlive, "refusal"},
        {"NoChoices", 200, "", R"({"choices":[]})", "bad_reply", Next::kFinish, LlmOutcome::kBadReply, kAlive,
         "reply: no choices"},
        {"NoContent", 200, "", R"({"choices":[{"message":{"content":null}}]})", "bad_reply", Next::kFinish,
         LlmOutcome::kBadReply, kAlive, "reply: no content"},
        {"ChoiceIsAWord", 200, "", R"({"choices":["x"]})", "bad_reply", Next::kFinish, LlmOutcome::kBadReply,
         kAlive, "reply: the choice is not an object"},
        {"NotJson", 200, "", "<html>", "bad_reply", Next::kFinish, LlmOutcome::kBadReply, kAlive,
         "reply: not_json"},
        {"AList", 200, "", "[]", "bad_reply", Next::kFinish, LlmOutcome::kBadReply, kAlive,
         "reply: no choices"},
        {"RateLimited", 429, "3", "{}", "rate_limited", Next::kWait, LlmOutcome::kBusy, kAlive, "status 429"},
        {"QuotaExhausted", 429, "3", R"({"error":{"code":"insufficient_quota"}})", "denied", Next::kFinish,
         LlmOutcome::kDown, kDenied, "status 429, insufficient_quota"},
        {"BusyWithATime", 503, "3", "", "rate_limited", Next::kWait, LlmOutcome::kBusy, EndpointHealth::kBusy,
         "status 503"},
        {"BusyWithoutATime", 503, "", "", "server_error", Next::kRetry, LlmOutcome::kFailed, kFailing,
         "status 503"},
        {"ServerError", 500, "3", "oops", "server_error", Next::kRetry, LlmOutcome::kFailed, kFailing,
         "status 500"},
        {"Unauthorized", 401, "", R"({"error":{"type":"invalid_request_error","code":"invalid_api_key"}})",
         "denied", Next::kFinish, LlmOutcome::kDown, kDenied,
         "status 401, invalid_request_error, invalid_api_key"},
        {"PaymentRequired", 402, "", "", "denied", Next::kFinish, LlmOutcome::kDown, kDenied, "status 402"},
        {"Forbidden", 403, "", "", "denied", Next::kFinish, LlmOutcome::kDown, kDenied, "status 403"},
        {"ForbiddenForItsContent", 403, "", R"({"error":{"code":403,"metadata":{"flagged_input":"x"}}})",
         "refused", Next::kFinish, LlmOutcome::kRefused, kAlive, "status 403"},
        {"NoSuchModel", 404, "", R"({"error":"no"})", "denied", Next::kFinish, LlmOutcome::kDown, kDenied,
         "status 404"},
        {"Redirect", 302, "", "", "denied", Next::kFinish, LlmOutcome::kDown, kDenied, "status 302"},
        {"RequestTimeout", 408, "", "", "timeout", Next::kRetry, LlmOutcome::kFailed, kFailing, "status 408"},
        {"FormatRefused", 400, "", "unknown field response_format", "format_unsupported", Next::kDowngrade,
         LlmOutcome::kBadRequest, kAlive, "status 400"},
        {"FormatUnprocessable", 422, "", "json_schema: extra", "format_unsupported", Next::kDowngrade,
         LlmOutcome::kBadRequest, kAlive, "status 422"},
        {"ContentFilter", 400, "", R"({"error":{"code":"content_filter","message":"response_format"}})",
         "refused", Next::kFinish, LlmOutcome::kRefused, kAlive, "status 400, content_filter"},
        {"TooLong", 400, "", R"({"error":{"code":"context_length_exceeded"}})", "length", Next::kFinish,
         LlmOutcome::kLength, kAlive, "status 400, context_length_exceeded"},
        {"EntityTooLarge", 413, "", "", "length", Next::kFinish, LlmOutcome::kLength, kAlive, "status 413"},
        {"BadRequest", 400, "",
         R"({"error":{"type":"bad thing: I love cats","code":"x_1","message":"cats"}})", "bad_request",
         Next::kFinish, LlmOutcome::kBadRequest, kAlive, "status 400, x_1"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(JudgeCallTest, FormatThatWasNotSentIsNotGivenUp) {
  const HttpAnswer answer{Transport::kAnswered, "", 400, "", "response_format"};
  EXPECT_STREQ(JudgeCall(answer, ResponseFormat::kNone, kNow).word, "bad_request");
}

TEST(JudgeCallTest, ReadsContentPartsAndUsage) {
  const HttpAnswer answer{
      Transport::kAnswered, "", 200, "",
      R"({"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"x"},{"type":"text","text":"b"}]}}],
          "usage":{"prompt_tokens":7,"completion_tokens":-2}})"};
  const CallVerdict verdict = JudgeCall(answer, ResponseFormat::kNone, kNow);
  EXPECT_EQ(verdict.content, "ab");
  EXPECT_EQ(verdict.prompt_tokens, 7);
  EXPECT_EQ(verdict.completion_tokens, 0);
}

TEST(JudgeCallTest, JudgesWhatNeverBecameAnAnswer) {
  const auto judge = [](Transport transport) {
    return JudgeCall(HttpAnswer{transport, "why", 0, "", ""}, ResponseFormat::kJsonSchema, kNow);
  };
  EXPECT_STREQ(judge(Transport::kTimeout).word, "timeout");
  EXPECT_EQ(judge(Transport::kTimeout).next, Next::kRetry);
  EXPECT_STREQ(judge(Transport::kConnection).word, "connection");
  EXPECT_EQ(judge(Transport::kConnection).health, kFailing);
  EXPECT_STREQ(judge(Transport::kUntrusted).word, "denied");
  EXPECT_STREQ(judge(Transport::kTooLarge).word, "bad_reply");
  EXPECT_EQ(judge(Transport::kTooLarge).detail, "reply: too_large");
}

struct RetryAfterCase {
  const char* name;
  const char* value;
  int seconds;  // -1: none
};

class RetryAfterTest : public testing::TestWithParam<RetryAfterCase> {};

TEST_P(RetryAfterTest, IsReadAndClamped) {
  const auto parsed = ParseRetryAfter(GetParam().value, kNow);
  EXPECT_EQ(parsed ? absl::ToInt64Seconds(*parsed) : -1, GetParam().seconds);
}

INSTANTIATE_TEST_SUITE_P(Table, RetryAfterTest,
                         testing::ValuesIn<RetryAfterCase>({
                             {"Zero", "0", 0},
                             {"Seconds", " 7 ", 7},
                             {"Long", "86400", 300},
                             {"VeryLong", "99999999999999999999999999", 300},
                             {"Negative", "-5", -1},
                             {"Nothing", "", -1},
                             {"Word", "soon", -1},
                             {"NotANumber", "nan", -1},
                             {"HalfANumber", "7x", -1},
                             {"Date", "Sun, 06 Nov 1994 08:49:37 GMT", 37},
                             {"OldDate", "Sunday, 06-Nov-94 08:49:37 GMT", 37},
                             {"AsctimeDate", "Sun Nov  6 08:49:37 1994", 37},
                             {"PastDate", "Sun, 06 Nov 1994 08:00:00 GMT", 0},
                             {"FarDate", "Sun, 06 Nov 2094 08:00:00 GMT", 300},
                         }),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace slowwave
