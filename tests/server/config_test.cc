#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <fstream>

namespace slowwave {
namespace {

using testing::HasSubstr;

std::string WriteFile(const std::string& text) {
  const std::string path = testing::TempDir() + "config_test.yaml";
  std::ofstream(path) << text;
  return path;
}

std::string Problem(const ConfigSources& sources) {
  const absl::StatusOr<Config> config = LoadConfig(sources);
  if (config.ok()) return "no problem";
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(config.status().message());
}

TEST(ConfigTest, NothingGivenIsTheEmbeddedMode) {
  const absl::StatusOr<Config> config = LoadConfig({});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen, "127.0.0.1:50051");
  EXPECT_EQ(config->http_listen, "127.0.0.1:9464");
  EXPECT_EQ(config->runs_max_open, 64);
  EXPECT_EQ(config->runs_max_open_mb, 96);
  EXPECT_EQ(config->lease_seconds, 30);
  EXPECT_EQ(config->sample_min_importance, 0.3);
  EXPECT_EQ(config->store_url, "");
}

TEST(ConfigTest, FlagsOverrideEnvironmentOverridesYaml) {
  ConfigSources sources;
  sources.yaml_path = WriteFile("workers: 2\nruns: {max_open: 8}\nlease:\n  seconds: 10\n");
  sources.env = {{"SLOWWAVE_RUNS_MAX_OPEN", "9"}, {"SLOWWAVE_LEASE_SECONDS", "11"}, {"HOME", "/nowhere"}};
  sources.flags = {{"lease.seconds", "12"}};
  const absl::StatusOr<Config> config = LoadConfig(sources);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->workers, 2);
  EXPECT_EQ(config->runs_max_open, 9);
  EXPECT_EQ(config->lease_seconds, 12);
}

TEST(ConfigTest, YamlTakesDottedKeysToo) {
  const absl::StatusOr<Config> config = LoadConfig({WriteFile("store.url: sqlite:/tmp/a.db\n"), {}, {}});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->store_url, "sqlite:/tmp/a.db");
}

TEST(ConfigTest, YamlRefusesAKeyGivenTwice) {
  EXPECT_THAT(Problem({WriteFile("store.url: sqlite:a\nstore: {url: sqlite:b}\n"), {}, {}}),
              HasSubstr("store.url is there twice"));
}

TEST(ConfigTest, UnknownYamlKeyNamesItsLineAndTheNearestKey) {
  const std::string problem = Problem({WriteFile("workers: 2\nruns:\n  max_opne: 3\n"), {}, {}});
  EXPECT_THAT(problem, HasSubstr(":3: unknown key runs.max_opne; did you mean runs.max_open?"));
}

TEST(ConfigTest, UnknownEnvironmentKeySuggestsTheNearest) {
  EXPECT_EQ(Problem({"", {{"SLOWWAVE_LISTN", "x"}}, {}}),
            "environment: unknown key SLOWWAVE_LISTN; did you mean SLOWWAVE_LISTEN?");
}

TEST(ConfigTest, UnknownEnvironmentKeyOfAKnownSectionIsRefused) {
  EXPECT_THAT(Problem({"", {{"SLOWWAVE_STORE_DRIVER", "x"}}, {}}),
              HasSubstr("unknown key SLOWWAVE_STORE_DRIVER"));
}

TEST(ConfigTest, VariablesOfOthersAreLeftAlone) {
  EXPECT_TRUE(
      LoadConfig({"", {{"SLOWWAVE_BINARY", "x"}, {"SLOWWAVE_CONFIG", "y"}, {"SLOWWAVE_FAILPOINTS", "z"}}, {}})
          .ok());
}

TEST(ConfigTest, WhatKubernetesSetsForAServiceIsNotAKey) {
  EXPECT_TRUE(LoadConfig({"",
                          {{"SLOWWAVE_PORT", "tcp://10.0.0.1:50051"},
                           {"SLOWWAVE_SERVICE_HOST", "10.0.0.1"},
                           {"SLOWWAVE_SERVICE_PORT_GRPC", "50051"},
                           {"SLOWWAVE_STORE_PORT_9464_TCP_ADDR", "10.0.0.2"}},
                          {}})
                  .ok());
}

TEST(ConfigTest, MissingFileIsNotFound) {
  EXPECT_EQ(LoadConfig({"/no/such/file.yaml", {}, {}}).status().code(), absl::StatusCode::kNotFound);
}

TEST(ConfigTest, YamlThatIsNoMapIsRefused) {
  EXPECT_THAT(Problem({WriteFile("- a\n- b\n"), {}, {}}), HasSubstr("is not a map"));
  EXPECT_THAT(Problem({WriteFile("runs: 3\n"), {}, {}}), HasSubstr("runs is not a map"));
  EXPECT_THAT(Problem({WriteFile("workers: [1, 2]\n"), {}, {}}), HasSubstr("workers is not a single value"));
  EXPECT_THAT(Problem({WriteFile("workers: {{\n"), {}, {}}), HasSubstr("config_test.yaml"));
}

struct BadValue {
  const char* name;
  const char* key;
  const char* value;
  const char* says;
};

class BadValueTest : public testing::TestWithParam<BadValue> {};

TEST_P(BadValueTest, IsRefusedWithWhatIsAllowed) {
  EXPECT_THAT(Problem({"", {}, {{GetParam().key, GetParam().value}}}), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadValueTest,
    testing::ValuesIn<BadValue>({
        {"WorkersNegative", "workers", "-1", "allowed: a whole number from 0 to 256"},
        {"WorkersWord", "workers", "many", "--workers: workers is 'many'"},
        {"LeaseShort", "lease.seconds", "1", "from 3 to 3600"},
        {"ImportanceAboveOne", "sample.min_importance", "1.5", "from 0 to 1"},
        {"ImportanceNan", "sample.min_importance", "nan", "from 0 to 1"},
        {"ThresholdTwo", "cluster.threshold", "2", "cluster.threshold is not a cosine"},
        {"LevelLoud", "log.level", "loud", "debug, info, warn, error"},
        {"ListenWithoutPort", "listen", "localhost", "listen is 'localhost'; allowed: host:port"},
        {"ListenPortTooLarge", "listen", "localhost:70000", "port 0 to 65535"},
        {"ListenOnAll", "listen", "0.0.0.0:0", "which others can reach"},
        {"ListenOnAllOfIpv6", "listen", "[::]:0", "which others can reach"},
        {"ListenOnANameThatLooksLikeLoopback", "listen", "127.0.0.1.example:0", "which others can reach"},
        {"ListenBeside127", "listen", "128.0.0.1:0", "which others can reach"},
        {"ListenBareIpv6", "listen", "::1:50051", "in brackets"},
        {"HttpListen", "http_listen", ":x", "http_listen is"},
        {"ListenUrlWithoutPostgres", "store.listen_url", "postgres://h/db", "store.url does not name"},
        {"MigrateNeither", "store.migrate", "perhaps", "allowed: auto, check"},
        {"NoConnections", "store.connections", "0", "store.connections"},
        {"UnknownStore", "store.url", "mysql://h/db", "allowed: sqlite:PATH"},
        {"SqliteWithoutPath", "store.url", "sqlite:", "allowed: sqlite:PATH"},
        {"LlmUrlOfAnotherKind", "llm.base_url", "ftp://h/v1", "llm.base_url is not an address"},
        {"LlmUrlWithoutHost", "llm.base_url", "http:///v1", "allowed: http://HOST/PATH or https://"},
        {"LlmUrlWithPassword", "llm.base_url", "http://u:p@h/v1", "without user"},
        {"LlmWithoutModel", "llm.base_url", "http://h/v1", "llm.model is empty"},
        {"LlmKeyFileMissing", "llm.api_key_file", "/no/such/file", "llm.api_key_file is '/no/such/file'"},
        {"LlmKeyFileIsAFolder", "llm.api_key_file", "/", "llm.api_key_file is '/', which cannot be read"},
        {"LlmKeyFileEmpty", "llm.api_key_file", "/dev/null", "which is empty"},
        {"LlmCaFileMissing", "llm.ca_file", "/no/such/file", "llm.ca_file is"},
        {"LlmFormat", "llm.response_format", "yaml", "auto, json_schema, json_object, none"},
        {"LlmNoneInFlight", "llm.max_in_flight", "0", "from 1 to 1024"},
        {"EmbeddingWithoutModel", "embedding.base_url", "http://h/v1", "embedding.model is empty"},
        {"EmbeddingAddress", "embedding.base_url", "h/v1", "embedding.base_url is not an address"},
        {"EmbeddingKeyFileEmpty", "embedding.api_key_file", "/dev/null",
         "embedding.api_key_file is '/dev/null'"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(ConfigTest, LoopbackNeedsNoTls) {
  for (const char* listen : {"127.0.0.1:0", "127.9.8.7:0", "[::1]:0", "localhost:0"}) {
    EXPECT_TRUE(LoadConfig({"", {}, {{"listen", listen}}}).ok()) << listen;
  }
}

TEST(ConfigTest, EveryKeyHasThreeNamesThatMeanTheSame) {
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_EQ(key.flag.substr(0, 2), "--");
    EXPECT_EQ(key.env.substr(0, 9), "SLOWWAVE_");
    if (key.default_value.empty()) continue;
    std::map<std::string, std::string> flags;
    CLI::App command;
    AddConfigFlags(command, flags);
    command.parse(key.flag.substr(0) + " " + key.default_value);
    EXPECT_EQ(flags[key.name], key.default_value);
    EXPECT_TRUE(LoadConfig({"", {{key.env, key.default_value}}, {}}).ok()) << key.env;
    EXPECT_TRUE(LoadConfig({WriteFile(key.name + ": " + key.default_value), {}, {}}).ok()) << key.name;
  }
}

TEST(StorePathTest, FollowsUrlThenFolderThenXdgThenHome) {
  Config config = DefaultConfig();
  EXPECT_EQ(StorePath(config, {{"HOME", "/h"}}).value(), "/h/.local/share/slowwave/slowwave.db");
  EXPECT_EQ(StorePath(config, {{"HOME", "/h"}, {"XDG_DATA_HOME", "/x"}}).value(), "/x/slowwave/slowwave.db");
  config.data_dir = "/d";
  EXPECT_EQ(StorePath(config, {{"HOME", "/h"}}).value(), "/d/slowwave.db");
  config.store_url = "sqlite:/s.db";
  EXPECT_EQ(StorePath(config, {}).value(), "/s.db");
}

TEST(StorePathTest, WithoutAnyFolderSaysWhatToSet) {
  EXPECT_EQ(StorePath(DefaultConfig(), {}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace slowwave
