#include "server/llm_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

namespace slowwave {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string KeyFile(const std::string& text) {
  const std::string path = testing::TempDir() + "llm_options_test.key";
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::map<std::string, std::string> Endpoint() {
  return {{"SLOWWAVE_LLM_BASE_URL", "https://h/v1/"}, {"SLOWWAVE_LLM_MODEL", "m"}};
}

std::string Problem(const std::map<std::string, std::string>& env) {
  const absl::StatusOr<Config> config = LoadConfig({"", env, {}});
  if (config.ok()) return "no problem";
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(config.status().message());
}

TEST(LlmOptionsTest, DefaultsAreTheClients) {
  const auto options = LlmOptionsFrom(LoadConfig({"", Endpoint(), {}}).value());
  ASSERT_TRUE(options.ok()) << options.status();
  const HttpLlmOptions fresh;
  EXPECT_EQ(options->base_url, "https://h/v1/");
  EXPECT_EQ(options->model, "m");
  EXPECT_EQ(options->api_key, "");
  EXPECT_EQ(options->max_in_flight, fresh.max_in_flight);
  EXPECT_EQ(options->connect_timeout, fresh.connect_timeout);
  EXPECT_EQ(options->silence_timeout, fresh.silence_timeout);
  EXPECT_EQ(options->total_timeout, fresh.total_timeout);
  EXPECT_EQ(options->retry.retries, fresh.retry.retries);
  EXPECT_EQ(options->format, fresh.format);
}

TEST(LlmOptionsTest, EveryKeyReachesTheClient) {
  auto env = Endpoint();
  env["SLOWWAVE_LLM_API_KEY_FILE"] = KeyFile(" sk-file \n");
  env["SLOWWAVE_LLM_MAX_IN_FLIGHT"] = "3";
  env["SLOWWAVE_LLM_REQUESTS_PER_MINUTE"] = "30";
  env["SLOWWAVE_LLM_TOKENS_PER_MINUTE"] = "4000";
  env["SLOWWAVE_LLM_CONNECT_SECONDS"] = "5";
  env["SLOWWAVE_LLM_SILENCE_SECONDS"] = "6";
  env["SLOWWAVE_LLM_TOTAL_SECONDS"] = "7";
  env["SLOWWAVE_LLM_RETRIES"] = "0";
  env["SLOWWAVE_LLM_RESPONSE_FORMAT"] = "json_object";
  env["SLOWWAVE_LLM_PROXY"] = "http://p:3128";
  env["SLOWWAVE_LLM_CA_FILE"] = env["SLOWWAVE_LLM_API_KEY_FILE"];
  const auto options = LlmOptionsFrom(LoadConfig({"", env, {}}).value());
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->api_key, "sk-file");
  EXPECT_EQ(options->max_in_flight, 3);
  EXPECT_EQ(options->requests_per_minute, 30);
  EXPECT_EQ(options->tokens_per_minute, 4000);
  EXPECT_EQ(options->connect_timeout, absl::Seconds(5));
  EXPECT_EQ(options->silence_timeout, absl::Seconds(6));
  EXPECT_EQ(options->total_timeout, absl::Seconds(7));
  EXPECT_EQ(options->retry.retries, 0);
  EXPECT_EQ(options->format, ResponseFormat::kJsonObject);
  EXPECT_EQ(options->proxy, "http://p:3128");
  EXPECT_EQ(options->ca_file, env["SLOWWAVE_LLM_CA_FILE"]);
}

TEST(LlmOptionsTest, KeyMayComeFromTheEnvironment) {
  auto env = Endpoint();
  env["SLOWWAVE_LLM_API_KEY"] = "sk-environment";
  EXPECT_EQ(LlmOptionsFrom(LoadConfig({"", env, {}}).value()).value().api_key, "sk-environment");
}

TEST(LlmOptionsTest, KeyGivenTwiceIsRefusedWithoutShowingIt) {
  auto env = Endpoint();
  env["SLOWWAVE_LLM_API_KEY"] = "sk-environment";
  env["SLOWWAVE_LLM_API_KEY_FILE"] = KeyFile("sk-file");
  const std::string problem = Problem(env);
  EXPECT_THAT(problem, HasSubstr("llm.api_key and llm.api_key_file are both set"));
  EXPECT_THAT(problem, Not(HasSubstr("sk-")));
}

TEST(LlmOptionsTest, KeyFileOfSeveralLinesIsRefusedWithoutShowingIt) {
  auto env = Endpoint();
  env["SLOWWAVE_LLM_API_KEY_FILE"] = KeyFile("sk-one\nX-Other: sk-two\n");
  const std::string problem = Problem(env);
  EXPECT_THAT(problem, HasSubstr("llm.api_key_file holds something else than one key"));
  EXPECT_THAT(problem, Not(HasSubstr("sk-")));
}

TEST(LlmOptionsTest, KeyFileTooLongIsRefused) {
  auto env = Endpoint();
  env["SLOWWAVE_LLM_API_KEY_FILE"] = KeyFile(std::string(10'000, 'k'));
  EXPECT_THAT(Problem(env), HasSubstr("is too long for a key"));
}

TEST(LlmOptionsTest, NoEndpointGivesNoOptions) {
  EXPECT_EQ(LlmOptionsFrom(DefaultConfig()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(LlmOptionsTest, EveryEmbeddingKeyReachesTheClient) {
  std::map<std::string, std::string> env = {{"SLOWWAVE_EMBEDDING_BASE_URL", "https://h/v1"},
                                            {"SLOWWAVE_EMBEDDING_MODEL", "e"},
                                            {"SLOWWAVE_EMBEDDING_API_KEY", "sk-environment"},
                                            {"SLOWWAVE_EMBEDDING_MAX_IN_FLIGHT", "3"},
                                            {"SLOWWAVE_EMBEDDING_TEXTS_PER_CALL", "7"},
                                            {"SLOWWAVE_EMBEDDING_REQUESTS_PER_MINUTE", "30"},
                                            {"SLOWWAVE_EMBEDDING_TOKENS_PER_MINUTE", "4000"},
                                            {"SLOWWAVE_EMBEDDING_CONNECT_SECONDS", "5"},
                                            {"SLOWWAVE_EMBEDDING_SILENCE_SECONDS", "6"},
                                            {"SLOWWAVE_EMBEDDING_TOTAL_SECONDS", "8"},
                                            {"SLOWWAVE_EMBEDDING_RETRIES", "0"},
                                            {"SLOWWAVE_EMBEDDING_PROXY", "http://p:3128"},
                                            {"SLOWWAVE_EMBEDDING_CA_FILE", KeyFile("x")}};
  const auto options = EmbedderOptionsFrom(LoadConfig({"", env, {}}).value());
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->client.base_url, "https://h/v1");
  EXPECT_EQ(options->client.model, "e");
  EXPECT_EQ(options->client.api_key, "sk-environment");
  EXPECT_EQ(options->client.max_in_flight, 3);
  EXPECT_EQ(options->texts_per_call, 7);
  EXPECT_EQ(options->client.requests_per_minute, 30);
  EXPECT_EQ(options->client.tokens_per_minute, 4000);
  EXPECT_EQ(options->client.connect_timeout, absl::Seconds(5));
  EXPECT_EQ(options->client.silence_timeout, absl::Seconds(6));
  EXPECT_EQ(options->client.total_timeout, absl::Seconds(8));
  EXPECT_EQ(options->client.retry.retries, 0);
  EXPECT_EQ(options->client.proxy, "http://p:3128");
  EXPECT_EQ(options->client.ca_file, env["SLOWWAVE_EMBEDDING_CA_FILE"]);
}

}  // namespace
}  // namespace slowwave
