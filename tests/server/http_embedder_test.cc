#include "server/http_embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/scripted_endpoint.h"

namespace slowwave {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<std::string> TextsOf(const std::string& body) { return json::parse(body).at("input"); }

// Each text's vector begins with its length.
ScriptedAnswer Good(const std::string& body, size_t dimension = 3) {
  json data = json::array();
  for (const std::string& text : TextsOf(body)) {
    std::vector<double> vector(dimension, 1);
    vector[0] = static_cast<double>(text.size());
    data.push_back({{"index", data.size()}, {"embedding", vector}});
  }
  return {.body = json{{"data", data}, {"usage", {{"prompt_tokens", 5}}}}.dump()};
}

class HttpEmbedderTest : public testing::Test {
 protected:
  void Serve(ScriptedEndpoint::Script script) {
    endpoint_ = std::make_unique<ScriptedEndpoint>(std::move(script));
    options_.client.base_url = endpoint_->base_url();
    options_.client.model = "m";
    options_.client.retry.retries = 1;
    options_.client.clock = [this] { return absl::Nanoseconds(now_.load()); };
    options_.client.chance = [] { return 0.0; };
    auto embedder = HttpEmbedder::Start(options_, registry_);
    ASSERT_TRUE(embedder.ok()) << embedder.status();
    embedder_ = *std::move(embedder);
  }
  void Begin(std::vector<std::string> texts, StopFlag stop = nullptr) {
    there_ = false;
    embedder_->Embed({std::move(texts), std::move(stop)}, [this](EmbedReply reply) {
      absl::MutexLock lock(&mutex_);
      reply_ = std::move(reply);
      there_ = true;
    });
  }
  EmbedReply Get() {
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithTimeout(absl::Condition(&there_), absl::Seconds(30))) ADD_FAILURE() << "no reply";
    return reply_;
  }
  EmbedReply Embed(std::vector<std::string> texts) {
    Begin(std::move(texts));
    return Get();
  }

  prometheus::Registry registry_;
  std::atomic<int64_t> now_ = 1'000'000'000;
  HttpEmbedderOptions options_;
  std::unique_ptr<ScriptedEndpoint> endpoint_;
  absl::Mutex mutex_;
  bool there_ = false;
  EmbedReply reply_;
  std::unique_ptr<HttpEmbedder> embedder_;
};

TEST_F(HttpEmbedderTest, EveryTextGetsItsVector) {
  options_.texts_per_call = 2;
  Serve([](int, const std::string& body) { return Good(body); });
  const EmbedReply reply = Embed({"a", "bb", "ccc", "dddd", "eeeee"});
  EXPECT_TRUE(reply.status.ok()) << reply.status;
  EXPECT_THAT(reply.vectors, ElementsAre(ElementsAre(1, 1, 1), ElementsAre(2, 1, 1), ElementsAre(3, 1, 1),
                                         ElementsAre(4, 1, 1), ElementsAre(5, 1, 1)));
  EXPECT_EQ(reply.calls, 3);
  EXPECT_EQ(reply.tokens, 15);
  EXPECT_THAT(reply.problems, IsEmpty());
  embedder_->Stop();
  EXPECT_THAT(prometheus::TextSerializer().Serialize(registry_.Collect()),
              AllOf(HasSubstr("slowwave_embedding_calls_total{outcome=\"ok\"} 3"),
                    HasSubstr("slowwave_embedding_tokens_total{kind=\"prompt\"} 15"),
                    Not(HasSubstr("slowwave_llm_"))));
}

TEST_F(HttpEmbedderTest, NothingToAskIsAnsweredAtOnce) {
  Serve([](int, const std::string& body) { return Good(body); });
  EXPECT_THAT(Embed({}).vectors, IsEmpty());
  EXPECT_THAT(Embed({" \n"}).vectors, ElementsAre(IsEmpty()));
  EXPECT_EQ(endpoint_->calls(), 0);
}

TEST_F(HttpEmbedderTest, CallsAreBoundedInBytesAndLongTextsInLength) {
  Serve([](int, const std::string& body) { return Good(body); });
  std::string umlauts(HttpEmbedder::kMaxTextBytes - 1, 'x');
  umlauts += "\u00fc\u00fc";
  const EmbedReply reply = Embed(std::vector<std::string>(20, umlauts));
  EXPECT_THAT(reply.vectors, Each(ElementsAre(HttpEmbedder::kMaxTextBytes - 1, 1, 1)));
  EXPECT_EQ(reply.calls, 3);
  for (const std::string& body : endpoint_->bodies())
    EXPECT_LT(body.size(), HttpEmbedder::kMaxCallBytes + 4096);
}

TEST_F(HttpEmbedderTest, RefusedTextIsFoundAndStandsAlone) {
  Serve([](int, const std::string& body) {
    const std::vector<std::string> texts = TextsOf(body);
    const bool bad = std::count(texts.begin(), texts.end(), "bad") > 0;
    return bad ? ScriptedAnswer{.status = 400, .body = R"({"error": {"code": "too_long"}})"} : Good(body);
  });
  const EmbedReply reply = Embed({"a", "bb", "bad", "dddd"});
  EXPECT_TRUE(reply.status.ok());
  EXPECT_THAT(reply.vectors, ElementsAre(SizeIs(3), SizeIs(3), IsEmpty(), SizeIs(3)));
  EXPECT_THAT(reply.problems, ElementsAre(AllOf(HasSubstr("1 memories"), HasSubstr("too_long"))));
}

TEST_F(HttpEmbedderTest, BadReplyIsAskedForAgain) {
  Serve([](int call, const std::string& body) {
    return call == 0 ? ScriptedAnswer{.body = R"({"data": []})"} : Good(body);
  });
  const EmbedReply reply = Embed({"a"});
  EXPECT_THAT(reply.vectors, ElementsAre(SizeIs(3)));
  EXPECT_EQ(reply.calls, 2);
}

TEST_F(HttpEmbedderTest, WhatFailsIsSaidAndTheRestIsThere) {
  options_.texts_per_call = 1;
  Serve([](int, const std::string& body) {
    return TextsOf(body).front() == "a" ? ScriptedAnswer{.status = 500, .body = "{}"} : Good(body);
  });
  const EmbedReply reply = Embed({"a", "bb"});
  EXPECT_TRUE(reply.status.ok());
  EXPECT_THAT(reply.vectors, ElementsAre(IsEmpty(), SizeIs(3)));
  EXPECT_THAT(reply.problems, ElementsAre(HasSubstr("status 500")));
}

TEST_F(HttpEmbedderTest, RefusedKeyIsUnavailable) {
  Serve([](int, const std::string&) { return ScriptedAnswer{.status = 401, .body = "{}"}; });
  const EmbedReply reply = Embed({"a"});
  EXPECT_EQ(reply.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(reply.status.message()), HasSubstr("status 401"));
}

TEST_F(HttpEmbedderTest, StoppedIsCancelled) {
  Serve([](int, const std::string&) { return ScriptedAnswer{.hang = true}; });
  const auto stop = std::make_shared<RunStop>();
  Begin({"a"}, stop);
  ASSERT_TRUE(endpoint_->AwaitCalls(1));
  stop->Stop();
  EXPECT_EQ(Get().status.code(), absl::StatusCode::kCancelled);
}

TEST_F(HttpEmbedderTest, ChangedModelIsSaid) {
  std::atomic<size_t> dimension = 3;
  Serve([&](int, const std::string& body) { return Good(body, dimension); });
  EXPECT_THAT(Embed({"a"}).problems, IsEmpty());
  dimension = 4;
  EXPECT_THAT(Embed({"a"}).problems, ElementsAre(HasSubstr("4 numbers a text now, and 3 before")));
  EXPECT_THAT(Embed({"a"}).problems, IsEmpty());
}

TEST_F(HttpEmbedderTest, ZeroVectorIsNone) {
  Serve(
      [](int, const std::string&) { return ScriptedAnswer{.body = R"({"data": [{"embedding": [0, 0]}]})"}; });
  EXPECT_THAT(Embed({"a"}).vectors, ElementsAre(IsEmpty()));
}

}  // namespace
}  // namespace slowwave
