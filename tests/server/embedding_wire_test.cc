#include "server/embedding_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Next = CallVerdict::Next;

HttpAnswer Answer(const std::string& body, int status = 200) {
  HttpAnswer answer;
  answer.transport = Transport::kAnswered;
  answer.status = status;
  answer.body = body;
  return answer;
}

CallVerdict Judge(const std::string& data, size_t texts) {
  return JudgeEmbeddings(Answer(absl::StrCat(R"({"data": )", data, "}")), texts, absl::UnixEpoch());
}

TEST(EmbeddingWireTest, BodyHasModelAndTextsInOrder) {
  LlmRequest request;
  request.messages = {{"", "one"}, {"", "two \"quoted\""}};
  EXPECT_EQ(EmbeddingBody("m", request).value(),
            R"({"model":"m","encoding_format":"float","input":["one","two \"quoted\""]})");
}

TEST(EmbeddingWireTest, TextThatIsNotUtf8IsRefusedWithoutShowingIt) {
  LlmRequest request;
  request.messages = {{"", "secret\xff"}};
  const absl::Status status = EmbeddingBody("m", request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
}

TEST(EmbeddingWireTest, VectorsAreMatchedByIndex) {
  const CallVerdict verdict = JudgeEmbeddings(
      Answer(R"({"data": [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1, -2.5]}],
                 "usage": {"prompt_tokens": 7, "total_tokens": 8}})"),
      2, absl::UnixEpoch());
  EXPECT_EQ(verdict.outcome, LlmOutcome::kOk) << verdict.detail;
  EXPECT_STREQ(verdict.word, "ok");
  EXPECT_EQ(verdict.prompt_tokens, 7);
  EXPECT_THAT(UnpackVectors(verdict.content, 2), ElementsAre(ElementsAre(1, -2.5), ElementsAre(3, 4)));
}

TEST(EmbeddingWireTest, VectorsWithoutIndexAreInOrder) {
  const CallVerdict verdict = Judge(R"([{"embedding": [1]}, {"embedding": [2]}])", 2);
  EXPECT_THAT(UnpackVectors(verdict.content, 2), ElementsAre(ElementsAre(1), ElementsAre(2)));
}

TEST(EmbeddingWireTest, Base64IsUnderstood) {
  const float numbers[] = {0.5f, -1.25f};
  const std::string bytes(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  const CallVerdict verdict =
      Judge(absl::StrCat(R"([{"index": 0, "embedding": ")", absl::Base64Escape(bytes), R"("}])"), 1);
  EXPECT_THAT(UnpackVectors(verdict.content, 1), ElementsAre(ElementsAre(0.5, -1.25)));
}

class BadEmbeddingsTest : public testing::TestWithParam<const char*> {};

TEST_P(BadEmbeddingsTest, IsAskedForAgain) {
  const CallVerdict verdict = Judge(GetParam(), 2);
  EXPECT_STREQ(verdict.word, "bad_reply");
  EXPECT_EQ(verdict.next, Next::kRetry);
  EXPECT_EQ(verdict.outcome, LlmOutcome::kFailed);
  EXPECT_EQ(verdict.content, "");
}

INSTANTIATE_TEST_SUITE_P(
    All, BadEmbeddingsTest,
    testing::Values(
        "null", "[]", R"([{"embedding": [1]}])", R"([1, 2])", R"([{"embedding": [1]}, {"embedding": []}])",
        R"([{"embedding": [1]}, {"embedding": [1, 2]}])", R"([{"embedding": [1]}, {"embedding": ["1"]}])",
        R"([{"embedding": [1]}, {"embedding": [null]}])", R"([{"embedding": [1]}, {"embedding": [1e300]}])",
        R"([{"embedding": [1]}, {"embedding": "AAAA"}])",
        R"([{"embedding": [1]}, {"embedding": "AADAfw=="}])", R"([{"embedding": [1]}, {"embedding": "!"}])",
        R"([{"embedding": [1]}, {"embedding": {}}])", R"([{"embedding": [1]}, {"other": [1]}])",
        R"([{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}])",
        R"([{"index": 0, "embedding": [1]}, {"index": 2, "embedding": [1]}])",
        R"([{"index": 0, "embedding": [1]}, {"index": -1, "embedding": [1]}])"));

TEST(EmbeddingWireTest, TooLongAVectorIsABadReply) {
  std::string numbers = "0";
  for (int i = 0; i < 8192; ++i) numbers += ",1";
  EXPECT_STREQ(Judge(absl::StrCat("[{\"embedding\": [", numbers, "]}]"), 1).word, "bad_reply");
}

TEST(EmbeddingWireTest, NotJsonIsABadReply) {
  EXPECT_STREQ(JudgeEmbeddings(Answer("no"), 1, absl::UnixEpoch()).word, "bad_reply");
}

TEST(EmbeddingWireTest, AnswerTooLargeAsksForFewer) {
  HttpAnswer answer;
  answer.transport = Transport::kTooLarge;
  EXPECT_EQ(JudgeEmbeddings(answer, 2, absl::UnixEpoch()).outcome, LlmOutcome::kLength);
}

TEST(EmbeddingWireTest, OtherAnswersMeanWhatTheyMeanForChat) {
  EXPECT_STREQ(JudgeEmbeddings(Answer("{}", 401), 1, absl::UnixEpoch()).word, "denied");
  EXPECT_STREQ(JudgeEmbeddings(Answer("{}", 429), 1, absl::UnixEpoch()).word, "rate_limited");
  EXPECT_STREQ(JudgeEmbeddings(Answer("{}", 500), 1, absl::UnixEpoch()).word, "server_error");
  EXPECT_STREQ(JudgeEmbeddings(Answer("{}", 400), 1, absl::UnixEpoch()).word, "bad_request");
}

}  // namespace
}  // namespace slowwave
