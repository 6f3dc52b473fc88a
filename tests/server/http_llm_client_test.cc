#include "server/http_llm_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/scripted_endpoint.h"

namespace slowwave {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr char kKey[] = "sk-0123456789abcdef";

LlmRequest Question(const std::string& text = "hello") {
  LlmRequest request;
  request.messages = {{"user", text}};
  request.schema_name = "gists";
  request.schema = R"({"type": "object"})";
  return request;
}

// A reply that comes one day.
class Awaited {
 public:
  LlmClient::Done Done() {
    return [this](LlmReply reply) {
      absl::MutexLock lock(&mutex_);
      reply_ = std::move(reply);
      there_ = true;
    };
  }
  bool Within(absl::Duration patience) {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&there_), patience);
  }
  LlmReply Get() {
    if (!Within(absl::Seconds(30))) ADD_FAILURE() << "no reply";
    absl::MutexLock lock(&mutex_);
    return reply_;
  }

 private:
  absl::Mutex mutex_;
  bool there_ ABSL_GUARDED_BY(mutex_) = false;
  LlmReply reply_ ABSL_GUARDED_BY(mutex_);
};

class HttpLlmClientTest : public testing::Test {
 protected:
  void Serve(ScriptedEndpoint::Script script) {
    endpoint_ = std::make_unique<ScriptedEndpoint>(std::move(script));
    options_.base_url = endpoint_->base_url();
    options_.model = "m";
    options_.api_key = kKey;
    options_.clock = [this] { return absl::Nanoseconds(now_.load()); };
    options_.chance = [] { return 0.0; };
  }
  void Connect() {
    auto client = HttpLlmClient::Start(options_, registry_);
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }
  LlmReply Ask(LlmRequest request = Question()) {
    Awaited reply;
    client_->Complete(std::move(request), reply.Done());
    return reply.Get();
  }
  void Advance(absl::Duration by) { now_ += absl::ToInt64Nanoseconds(by); }
  // Moves time on whenever nothing has come of it yet.
  LlmReply GetByAdvancing(Awaited& reply, absl::Duration step) {
    for (int i = 0; i < 1000 && !reply.Within(absl::Milliseconds(20)); ++i) Advance(step);
    return reply.Get();
  }
  std::string Metrics() { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

  prometheus::Registry registry_;
  std::atomic<int64_t> now_ = 1'000'000'000;
  HttpLlmOptions options_;
  std::unique_ptr<ScriptedEndpoint> endpoint_;
  std::unique_ptr<HttpLlmClient> client_;
};

ScriptedAnswer Ok(const std::string& content = "yes") { return {.body = Envelope(content)}; }
ScriptedAnswer Status(int status, const std::string& body = "{}", const std::string& header = "") {
  return {.status = status, .body = body, .header = header};
}

TEST_F(HttpLlmClientTest, AnswerComesWithItsTokensAndIsCounted) {
  Serve([](int, const std::string&) { return Ok("content"); });
  Connect();
  const LlmReply reply = Ask();
  EXPECT_EQ(reply.outcome, LlmOutcome::kOk) << reply.detail;
  EXPECT_EQ(reply.content, "content");
  EXPECT_EQ(reply.calls, 1);
  EXPECT_EQ(reply.retries, 0);
  EXPECT_EQ(reply.prompt_tokens, 10);
  EXPECT_EQ(reply.completion_tokens, 3);
  EXPECT_THAT(reply.outcomes, UnorderedElementsAre(Pair("ok", 1)));
  EXPECT_THAT(endpoint_->authorizations(), Each(absl::StrCat("Bearer ", kKey)));
  client_->Stop();
  EXPECT_THAT(
      Metrics(),
      AllOf(HasSubstr("slowwave_llm_calls_total{outcome=\"ok\"} 1"),
            HasSubstr("slowwave_llm_tokens_total{kind=\"prompt\"} 10"), HasSubstr("slowwave_llm_in_flight 0"),
            HasSubstr("slowwave_llm_seconds_count 1"), HasSubstr("slowwave_llm_breaker_open 0")));
}

TEST_F(HttpLlmClientTest, ServerErrorsAreTriedAgain) {
  Serve([](int call, const std::string&) { return call < 2 ? Status(500) : Ok(); });
  Connect();
  const LlmReply reply = Ask();
  EXPECT_EQ(reply.outcome, LlmOutcome::kOk) << reply.detail;
  EXPECT_EQ(reply.calls, 3);
  EXPECT_EQ(reply.retries, 2);
  EXPECT_THAT(reply.outcomes, UnorderedElementsAre(Pair("ok", 1), Pair("server_error", 2)));
}

TEST_F(HttpLlmClientTest, GivesUpAfterTheRetries) {
  Serve([](int, const std::string&) { return Status(500); });
  options_.retry.retries = 2;
  Connect();
  const LlmReply reply = Ask();
  EXPECT_EQ(reply.outcome, LlmOutcome::kFailed);
  EXPECT_EQ(reply.calls, 3);
  EXPECT_THAT(reply.detail, HasSubstr("status 500"));
}

TEST_F(HttpLlmClientTest, LostConnectionIsTriedAgain) {
  Serve([](int call, const std::string&) { return call == 0 ? ScriptedAnswer{.hang_up = true} : Ok(); });
  Connect();
  const LlmReply reply = Ask();
  EXPECT_EQ(reply.outcome, LlmOutcome::kOk) << reply.detail;
  EXPECT_THAT(reply.outcomes, UnorderedElementsAre(Pair("ok", 1), Pair("connection", 1)));
}

TEST_F(HttpLlmClientTest, WaitsAsToldOnAnInjectedClock) {
  Serve([](int call, const std::string&) {
    return call == 0 ? Status(429, "{}", "Retry-After: 7") : Ok(absl::StrCat(call));
  });
  Connect();
  Awaited reply, other;
  client_->Complete(Question(), reply.Done());
  ASSERT_TRUE(endpoint_->AwaitCalls(1));
  // Another passes meanwhile: only the one that was told waits.
  client_->Complete(Question(), other.Done());
  EXPECT_EQ(other.Get().outcome, LlmOutcome::kOk);
  EXPECT_FALSE(reply.Within(absl::ZeroDuration()));
  EXPECT_EQ(GetByAdvancing(reply, absl::Seconds(1)).outcome, LlmOutcome::kOk);
  EXPECT_THAT(reply.Get().outcomes, UnorderedElementsAre(Pair("ok", 1), Pair("rate_limited", 1)));
  EXPECT_GE(now_.load(), 8'000'000'000);
}

TEST_F(HttpLlmClientTest, ToldToWaitAgainAndAgainAllWait) {
  Serve([](int call, const std::string&) {
    return call < 4 ? Status(429, "{}", "Retry-After: 7") : Ok(absl::StrCat(call));
  });
  options_.max_in_flight = 4;
  Connect();
  Awaited replies[4], other;
  for (Awaited& reply : replies) client_->Complete(Question(), reply.Done());
  ASSERT_TRUE(endpoint_->AwaitCalls(4));
  // Sent only when those that were told may go again, and with them.
  while (Metrics().find("slowwave_llm_calls_total{outcome=\"rate_limited\"} 4") == std::string::npos) {
    std::this_thread::yield();
  }
  client_->Complete(Question(), other.Done());
  Advance(absl::Seconds(6));
  EXPECT_FALSE(other.Within(absl::Milliseconds(300)));
  EXPECT_EQ(endpoint_->calls(), 4);
  EXPECT_EQ(GetByAdvancing(other, absl::Seconds(1)).outcome, LlmOutcome::kOk);
  for (Awaited& reply : replies) EXPECT_EQ(GetByAdvancing(reply, absl::Seconds(1)).outcome, LlmOutcome::kOk);
}

TEST_F(HttpLlmClientTest, ToldToWaitBeyondPatienceIsPutOff) {
  Serve([](int, const std::string&) { return Status(429, "{}", "Retry-After: 120"); });
  options_.retry.patience = absl::Minutes(1);
  Connect();
  const LlmReply reply = Ask();
  EXPECT_EQ(reply.outcome, LlmOutcome::kBusy);
  EXPECT_EQ(reply.calls, 1);
}

TEST_F(HttpLlmClientTest, HangEndsAsATimeout) {
  Serve([](int, const std::string&) { return ScriptedAnswer{.hang = true}; });
  options_.retry.retries = 0;
  Connect();
  Awaited reply;
  client_->Complete(Question(), reply.Done());
  ASSERT_TRUE(endpoint_->AwaitCalls(1));
  Advance(options_.silence_timeout);
  EXPECT_EQ(reply.Get().outcome, LlmOutcome::kFailed);
  EXPECT_THAT(reply.Get().outcomes, UnorderedElementsAre(Pair("timeout", 1)));
}

TEST_F(HttpLlmClientTest, RefusedKeyStopsAllAtOnceUntilAProbeSucceeds) {
  std::atomic<bool> well = false;
  Serve([&](int, const std::string&) {
    return well ? Ok() : Status(401, R"({"error": {"code": "invalid_api_key", "message": "key sk-0123"}})");
  });
  Connect();
  LlmReply reply = Ask();
  EXPECT_EQ(reply.outcome, LlmOutcome::kDown);
  EXPECT_EQ(reply.detail, "status 401, invalid_api_key");
  EXPECT_THAT(reply.outcomes, UnorderedElementsAre(Pair("denied", 1)));
  reply = Ask();
  EXPECT_EQ(reply.outcome, LlmOutcome::kDown);
  EXPECT_EQ(reply.calls, 0);
  EXPECT_THAT(reply.detail, HasSubstr("status 401"));
  EXPECT_THAT(Metrics(), HasSubstr("slowwave_llm_breaker_open 1"));
  Advance(absl::Seconds(31));
  EXPECT_EQ(Ask().calls, 1);  // a probe, in vain: now it pauses for a minute
  Advance(absl::Seconds(31));
  EXPECT_EQ(Ask().calls, 0);
  well = true;
  Advance(absl::Seconds(30));
  EXPECT_EQ(Ask().outcome, LlmOutcome::kOk);
  EXPECT_EQ(Ask().outcome, LlmOutcome::kOk);
  EXPECT_THAT(Metrics(), HasSubstr("slowwave_llm_breaker_open 0"));
}

TEST_F(HttpLlmClientTest, RefusedKeyEndsWhatIsQueued) {
  Serve([](int, const std::string&) { return ScriptedAnswer{.status = 403, .body = "{}", .hang = true}; });
  options_.max_in_flight = 1;
  Connect();
  Awaited first, second;
  client_->Complete(Question(), first.Done());
  client_->Complete(Question(), second.Done());
  ASSERT_TRUE(endpoint_->AwaitCalls(1));
  endpoint_->Release();
  EXPECT_EQ(first.Get().outcome, LlmOutcome::kDown);
  EXPECT_EQ(second.Get().outcome, LlmOutcome::kDown);
  EXPECT_EQ(second.Get().calls, 0);
}

TEST_F(HttpLlmClientTest, NobodyListeningOpensTheBreaker) {
  Serve([](int, const std::string&) { return Ok(); });
  options_.base_url = "http://127.0.0.1:1/v1";
  options_.max_in_flight = 1;
  Connect();
  EXPECT_EQ(Ask().outcome, LlmOutcome::kFailed);  // five calls
  const LlmReply reply = Ask();                   // and three more
  EXPECT_EQ(reply.outcome, LlmOutcome::kDown);
  EXPECT_THAT(reply.outcomes, UnorderedElementsAre(Pair("connection", 3)));
}

TEST_F(HttpLlmClientTest, RefusedFormatIsRemembered) {
  Serve([](int, const std::string& body) {
    return body.find("json_schema") == std::string::npos
               ? Ok()
               : Status(400, R"({"error": {"message": "response_format json_schema is not supported"}})");
  });
  Connect();
  LlmReply reply = Ask();
  EXPECT_EQ(reply.outcome, LlmOutcome::kOk) << reply.detail;
  EXPECT_THAT(reply.outcomes, UnorderedElementsAre(Pair("format_unsupported", 1), Pair("ok", 1)));
  reply = Ask();
  EXPECT_EQ(reply.calls, 1);
  EXPECT_THAT(endpoint_->bodies().back(), HasSubstr(R"("response_format":{"type":"json_object"})"));
}

TEST_F(HttpLlmClientTest, ConfiguredFormatIsNotGivenUp) {
  Serve([](int, const std::string&) { return Status(400, "no response_format here"); });
  options_.format = ResponseFormat::kJsonObject;
  Connect();
  const LlmReply reply = Ask();
  EXPECT_EQ(reply.outcome, LlmOutcome::kBadRequest);
  EXPECT_EQ(reply.calls, 1);
}

TEST_F(HttpLlmClientTest, TooLargeABodyIsABadReply) {
  Serve([](int, const std::string&) { return Ok(std::string(5 << 20, 'x')); });
  Connect();
  const LlmReply reply = Ask();
  EXPECT_EQ(reply.outcome, LlmOutcome::kBadReply);
  EXPECT_EQ(reply.detail, "reply: too_large");
}

TEST_F(HttpLlmClientTest, RequestThatIsNotUtf8IsNeverSent) {
  Serve([](int, const std::string&) { return Ok(); });
  Connect();
  const LlmReply reply = Ask(Question("\xff"));
  EXPECT_EQ(reply.outcome, LlmOutcome::kBadRequest);
  EXPECT_EQ(endpoint_->calls(), 0);
}

TEST_F(HttpLlmClientTest, NoMoreInFlightThanAllowedAndNoFewer) {
  Serve([](int call, const std::string&) {
    ScriptedAnswer answer = Ok();
    answer.hang = call < 4;
    return answer;
  });
  options_.max_in_flight = 4;
  Connect();
  std::vector<Awaited> replies(40);
  for (Awaited& reply : replies) client_->Complete(Question(), reply.Done());
  ASSERT_TRUE(endpoint_->AwaitCalls(4));
  EXPECT_EQ(endpoint_->calls(), 4);
  endpoint_->Release();
  for (Awaited& reply : replies) EXPECT_EQ(reply.Get().outcome, LlmOutcome::kOk);
  EXPECT_EQ(endpoint_->most_at_once(), 4);
  EXPECT_LE(endpoint_->connections(), 4);
}

TEST_F(HttpLlmClientTest, OneConnectionCarriesManyCalls) {
  Serve([](int, const std::string&) { return Ok(); });
  Connect();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Ask().outcome, LlmOutcome::kOk);
  EXPECT_EQ(endpoint_->connections(), 1);
}

TEST_F(HttpLlmClientTest, CallsKeepToTheirNumberAMinute) {
  Serve([](int, const std::string&) { return Ok(); });
  options_.requests_per_minute = 10;  // one at once, then one in six seconds
  Connect();
  EXPECT_EQ(Ask().outcome, LlmOutcome::kOk);
  Awaited second;
  client_->Complete(Question(), second.Done());
  EXPECT_EQ(GetByAdvancing(second, absl::Seconds(2)).outcome, LlmOutcome::kOk);
  EXPECT_GE(now_.load(), 7'000'000'000);
}

TEST_F(HttpLlmClientTest, ToldToStopEndsInFlightQueuedAndWaiting) {
  Serve([](int call, const std::string&) {
    return call == 0 ? Status(429, "{}", "Retry-After: 100") : ScriptedAnswer{.hang = true};
  });
  options_.max_in_flight = 1;
  Connect();
  const auto stop = std::make_shared<RunStop>();
  std::vector<Awaited> replies(3);
  for (Awaited& reply : replies) {
    LlmRequest request = Question();
    request.stop = stop;
    client_->Complete(std::move(request), reply.Done());
  }
  ASSERT_TRUE(endpoint_->AwaitCalls(2));
  stop->Stop();
  for (Awaited& reply : replies) EXPECT_EQ(reply.Get().outcome, LlmOutcome::kStopped);
  EXPECT_EQ(replies[0].Get().calls + replies[1].Get().calls + replies[2].Get().calls, 2);
}

TEST_F(HttpLlmClientTest, StopEndsEverythingAndWhatComesLater) {
  Serve([](int, const std::string&) { return ScriptedAnswer{.hang = true}; });
  options_.max_in_flight = 1;
  Connect();
  Awaited first, second;
  client_->Complete(Question(), first.Done());
  client_->Complete(Question(), second.Done());
  ASSERT_TRUE(endpoint_->AwaitCalls(1));
  client_->Stop();
  client_->Stop();
  EXPECT_TRUE(first.Within(absl::ZeroDuration()) && second.Within(absl::ZeroDuration()));
  EXPECT_EQ(first.Get().outcome, LlmOutcome::kStopped);
  EXPECT_EQ(second.Get().outcome, LlmOutcome::kStopped);
  EXPECT_EQ(Ask().outcome, LlmOutcome::kStopped);
}

TEST_F(HttpLlmClientTest, DoneMayAskAgain) {
  Serve([](int, const std::string&) { return Ok(); });
  Connect();
  Awaited second;
  client_->Complete(Question(), [&](LlmReply) { client_->Complete(Question(), second.Done()); });
  EXPECT_EQ(second.Get().outcome, LlmOutcome::kOk);
}

TEST_F(HttpLlmClientTest, KeyIsInNoLogAndNoDetail) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  spdlog::set_level(spdlog::level::trace);
  Serve([](int, const std::string&) {
    return Status(401, absl::StrCat(R"({"error": {"code": ")", kKey, R"(", "message": ")", kKey, R"("}})"));
  });
  Connect();
  const LlmReply reply = Ask();
  client_->Stop();
  spdlog::set_default_logger(before);
  EXPECT_THAT(reply.detail, AllOf(HasSubstr("status 401"), Not(HasSubstr(kKey))));
  EXPECT_THAT(log.str(), AllOf(HasSubstr("is not asked"), Not(HasSubstr(kKey))));
}

TEST(CheckBaseUrlTest, TakesHttpAddressesOnly) {
  for (const char* good : {"http://h", "http://h/", "https://h:8080/v1", "http://[::1]:80/v1/"}) {
    EXPECT_TRUE(CheckBaseUrl(good).ok()) << good;
  }
  for (const char* bad : {"", "h/v1", "ftp://h", "http://", "http:///v1", "http://:80/v1", "http://u:p@h/v1",
                          "http://h/v1?x=1", "http://h/v1#x", "http://h /v1", "http://h\n/v1"}) {
    EXPECT_EQ(CheckBaseUrl(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(HttpLlmClientStartTest, RefusesAKeyThatIsNoHeader) {
  prometheus::Registry registry;
  HttpLlmOptions options;
  options.base_url = "http://h/v1";
  options.model = "m";
  options.api_key = "a\r\nX: b";
  EXPECT_EQ(HttpLlmClient::Start(options, registry).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace slowwave
