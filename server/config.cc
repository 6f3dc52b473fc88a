#include "server/config.h"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <regex>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "server/llm_options.h"
#include "server/transport_security.h"

namespace slowwave {
namespace {

using Member = std::variant<std::string Config::*, int Config::*, double Config::*>;

struct Key {
  const char* name;
  Member member;
  const char* default_value;
  const char* help;
  double min = 0, max = 0;            // numbers
  std::vector<std::string> one_of{};  // strings; empty: any
};

const std::vector<Key>& Table() {
  static const auto* const table = new std::vector<Key>{
      {"listen", &Config::listen, "127.0.0.1:50051",
       "where gRPC listens, host:port; port 0 picks a free one"},
      {"http_listen", &Config::http_listen, "127.0.0.1:9464",
       "where /metrics, /healthz and /readyz are served, host:port; empty: nowhere"},
      {"tls.cert_file", &Config::tls_cert_file, "", "gRPC's certificate with its chain, PEM; empty: no TLS"},
      {"tls.key_file", &Config::tls_key_file, "", "its private key, PEM"},
      {"tls.client_ca_file", &Config::tls_client_ca_file, "",
       "clients have to show a certificate of these, PEM; empty: none is asked for"},
      {"tls.reload_seconds", &Config::tls_reload_seconds, "60", "how often these files are read again", 1,
       86400},
      {"auth.tokens_file", &Config::auth_tokens_file, "",
       "who may call: hashes of bearer tokens, as `slowwave token` prints them; empty: anyone"},
      {"auth.jwt.keys_file", &Config::auth_jwt_keys_file, "",
       "who may call by a JWT: its issuer's public keys, PEM or JWKS; empty: nobody"},
      {"auth.jwt.issuer", &Config::auth_jwt_issuer, "",
       "what a JWT's iss must be; needed with auth.jwt.keys_file"},
      {"auth.jwt.audience", &Config::auth_jwt_audience, "",
       "what a JWT's aud must hold; needed with auth.jwt.keys_file"},
      {"auth.jwt.tenant_claim", &Config::auth_jwt_tenant_claim, "tenant",
       "claim with the tenant; a JSON pointer, such as /app/tenant, for one that lies deeper"},
      {"auth.jwt.roles_claim", &Config::auth_jwt_roles_claim, "roles",
       "claim with the roles, as a list or in one text with spaces; a JSON pointer as above"},
      {"auth.jwt.leeway_seconds", &Config::auth_jwt_leeway_seconds, "30",
       "by how much the issuer's clock may differ", 0, 600},
      {"allow_insecure_listen",
       &Config::allow_insecure_listen,
       "false",
       "true: listen beyond loopback without TLS and tokens, as something else keeps others out",
       0,
       0,
       {"false", "true"}},
      {"data_dir", &Config::data_dir, "",
       "folder of the embedded store; empty: $XDG_DATA_HOME/slowwave, else ~/.local/share/slowwave"},
      {"store.url", &Config::store_url, "",
       "sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE; empty: slowwave.db in data_dir"},
      {"store.connections", &Config::store_connections, "8", "Postgres: connections at most", 1, 1000},
      {"store.migrate",
       &Config::store_migrate,
       "auto",
       "Postgres: auto applies outstanding migrations at start, check refuses to start with any",
       0,
       0,
       {"auto", "check"}},
      {"store.listen_url", &Config::store_listen_url, "",
       "Postgres: a direct connection (no pooler) to be woken by other daemons; empty: look every second"},
      {"workers", &Config::workers, "0", "threads that consolidate; 0: one a core", 0, 256},
      {"runs.max_open", &Config::runs_max_open, "64", "runs open at once", 1, 4096},
      {"runs.max_open_mb", &Config::runs_max_open_mb, "96",
       "memory that runs may hold which wait for an endpoint; over it no more are begun", 1, 1 << 20},
      {"lease.seconds", &Config::lease_seconds, "30", "how long a worker holds a task unless it renews", 3,
       3600},
      {"shutdown.seconds", &Config::shutdown_seconds, "20", "how long runs may go on after SIGTERM", 0, 3600},
      {"rpc.threads", &Config::rpc_threads, "8", "threads that answer calls", 1, 256},
      {"rpc.tenant_calls_per_second", &Config::rpc_tenant_calls_per_second, "0",
       "calls a tenant may make a second, to each daemon; 0: no limit", 0, 1e6},
      {"rpc.tenant_burst", &Config::rpc_tenant_burst, "0",
       "calls a tenant may make at once after a rest; 0: as many as in a second", 0, 1e6},
      {"rpc.max_connections", &Config::rpc_max_connections, "1000",
       "connections at once; one more is closed as it comes", 1, 1e6},
      {"rpc.max_connection_age_seconds", &Config::rpc_max_connection_age_seconds, "3600",
       "after which a client is asked to connect anew; its calls go on for rpc.stream_seconds at most", 1,
       86400},
      {"rpc.handshake_seconds", &Config::rpc_handshake_seconds, "10",
       "how long a client may take until it speaks TLS and HTTP/2", 1, 600},
      {"rpc.max_streams", &Config::rpc_max_streams, "256", "calls at once on a connection", 1, 10000},
      {"rpc.stream_idle_seconds", &Config::rpc_stream_idle_seconds, "60",
       "how long a client may send nothing on a stream that it has begun", 1, 86400},
      {"rpc.stream_seconds", &Config::rpc_stream_seconds, "3600", "how long a stream may take altogether", 1,
       86400},
      {"sample.limit", &Config::sample_limit, "200", "episodes sampled a run", 1, 20000},
      {"sample.min_importance", &Config::sample_min_importance, "0.3",
       "least importance of a sampled episode", 0, 1},
      {"sample.min_confidence", &Config::sample_min_confidence, "0.3",
       "least confidence of a sampled episode", 0, 1},
      {"cluster.min_size", &Config::cluster_min_size, "2", "least episodes of a cluster", 2, 1000},
      {"cluster.max", &Config::cluster_max, "0", "most clusters a run; 0: unlimited", 0, 20000},
      {"cluster.threshold", &Config::cluster_threshold, "",
       "cosine in [-1, 1] at which clusters are cut; empty: calibrated from the data"},
      {"extract.chunk_memories", &Config::extract_chunk_memories, "25",
       "memories shown to one extractor call", 1, 200},
      {"tasks.max_attempts", &Config::tasks_max_attempts, "5", "attempts after which a task is dead", 1, 100},
      {"log.level",
       &Config::log_level,
       "info",
       "debug, info, warn or error",
       0,
       0,
       {"debug", "info", "warn", "error"}},
      {"log.format", &Config::log_format, "text", "text or json", 0, 0, {"text", "json"}},
      {"llm.base_url", &Config::llm_base_url, "",
       "OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1; empty: the built-in extractor"},
      {"llm.model", &Config::llm_model, "", "the model to ask; needed with llm.base_url"},
      {"llm.api_key_file", &Config::llm_api_key_file, "", "file with the endpoint's key; empty: llm.api_key"},
      {"llm.api_key", &Config::llm_api_key, "",
       "the endpoint's key; for the environment, as flags can be seen by others; empty: none"},
      {"llm.max_in_flight", &Config::llm_max_in_flight, "16", "calls at once", 1, 1024},
      {"llm.requests_per_minute", &Config::llm_requests_per_minute, "0", "calls a minute; 0: no limit", 0,
       1e6},
      {"llm.tokens_per_minute", &Config::llm_tokens_per_minute, "0", "tokens a minute; 0: no limit", 0, 1e9},
      {"llm.connect_seconds", &Config::llm_connect_seconds, "10", "how long connecting may take", 1, 600},
      {"llm.silence_seconds", &Config::llm_silence_seconds, "60",
       "how long an answer may be silent, before its first byte too", 1, 3600},
      {"llm.total_seconds", &Config::llm_total_seconds, "180", "how long a call may take altogether", 1,
       3600},
      {"llm.retries", &Config::llm_retries, "4", "tries after a call that failed", 0, 20},
      {"llm.response_format",
       &Config::llm_response_format,
       "auto",
       "how JSON is asked for: auto (the best that the endpoint takes), json_schema, json_object or none",
       0,
       0,
       {"auto", "json_schema", "json_object", "none"}},
      {"llm.max_reply_tokens", &Config::llm_max_reply_tokens, "0",
       "longest reply, sent as max_tokens; 0: the endpoint's own limit, with a budget 4096", 0, 1e6},
      {"llm.keep_replies_days", &Config::llm_keep_replies_days, "30",
       "how long replies are kept, so that they are not paid for twice", 0, 3650},
      {"llm.budget.run_tokens", &Config::llm_budget_run_tokens, "0", "tokens a run may use; 0: no limit", 0,
       2e9},
      {"llm.budget.tenant_tokens_per_day", &Config::llm_budget_tenant_tokens_per_day, "0",
       "tokens a tenant's runs may use in a day of UTC, all daemons together; 0: no limit", 0, 2e9},
      {"llm.price.prompt", &Config::llm_price_prompt, "0", "price of a million prompt tokens, for reports", 0,
       1e6},
      {"llm.price.completion", &Config::llm_price_completion, "0",
       "price of a million completion tokens, for reports", 0, 1e6},
      {"llm.proxy", &Config::llm_proxy, "", "proxy to the endpoint; empty: none"},
      {"llm.ca_file", &Config::llm_ca_file, "", "certificates to trust, PEM; empty: the system's"},
      {"embedding.base_url", &Config::embedding_base_url, "",
       "OpenAI-compatible endpoint that embeds episodes without an embedding; empty: the built-in embedder"},
      {"embedding.model", &Config::embedding_model, "", "the model to ask; needed with embedding.base_url"},
      {"embedding.api_key_file", &Config::embedding_api_key_file, "",
       "file with the endpoint's key; empty: embedding.api_key"},
      {"embedding.api_key", &Config::embedding_api_key, "",
       "the endpoint's key; for the environment, as flags can be seen by others; empty: none"},
      {"embedding.max_in_flight", &Config::embedding_max_in_flight, "4", "calls at once", 1, 1024},
      {"embedding.texts_per_call", &Config::embedding_texts_per_call, "64", "texts embedded by one call", 1,
       2048},
      {"embedding.requests_per_minute", &Config::embedding_requests_per_minute, "0",
       "calls a minute; 0: no limit", 0, 1e6},
      {"embedding.tokens_per_minute", &Config::embedding_tokens_per_minute, "0",
       "tokens a minute; 0: no limit", 0, 1e9},
      {"embedding.connect_seconds", &Config::embedding_connect_seconds, "10", "how long connecting may take",
       1, 600},
      {"embedding.silence_seconds", &Config::embedding_silence_seconds, "60",
       "how long an answer may be silent, before its first byte too", 1, 3600},
      {"embedding.total_seconds", &Config::embedding_total_seconds, "180",
       "how long a call may take altogether", 1, 3600},
      {"embedding.retries", &Config::embedding_retries, "4", "tries after a call that failed", 0, 20},
      {"embedding.price", &Config::embedding_price, "0", "price of a million tokens, for reports", 0, 1e6},
      {"embedding.proxy", &Config::embedding_proxy, "", "proxy to the endpoint; empty: none"},
      {"embedding.ca_file", &Config::embedding_ca_file, "",
       "certificates to trust, PEM; empty: the system's"},
  };
  return *table;
}

std::string EnvName(absl::string_view name) {
  return absl::StrCat("SLOWWAVE_", absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{".", "_"}})));
}

std::string FlagName(absl::string_view name) {
  return absl::StrCat("--", absl::StrReplaceAll(name, {{".", "-"}, {"_", "-"}}));
}

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, corner + (a[i - 1] == b[j - 1] ? 0 : 1)});
      corner = above;
    }
  }
  return row[b.size()];
}

// `spell`: how the source writes a key.
absl::Status Unknown(const std::string& from, const std::string& given,
                     std::string (*spell)(absl::string_view)) {
  std::string best;
  size_t least = std::string::npos;
  for (const Key& key : Table()) {
    const std::string name = spell(key.name);
    if (const size_t distance = EditDistance(given, name); distance < least) {
      least = distance;
      best = name;
    }
  }
  const std::string hint =
      least <= std::max<size_t>(2, given.size() / 3) ? absl::StrCat("; did you mean ", best, "?") : "";
  return absl::InvalidArgumentError(absl::StrCat(from, ": unknown key ", given, hint));
}

std::string Same(absl::string_view name) { return std::string(name); }

// What a value may be, in words; empty: any text.
std::string Allowed(const Key& key) {
  if (std::holds_alternative<std::string Config::*>(key.member)) return absl::StrJoin(key.one_of, ", ");
  const bool whole = std::holds_alternative<int Config::*>(key.member);
  const auto shown = [](double number) {
    return number == std::floor(number) ? absl::StrCat(static_cast<int64_t>(number)) : absl::StrCat(number);
  };
  return absl::StrCat(whole ? "a whole number" : "a number", " from ", shown(key.min), " to ",
                      shown(key.max));
}

absl::Status Set(const Key& key, const std::string& value, const std::string& from, Config& config) {
  const auto bad = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat(from, ": ", key.name, " is '", value, "'; allowed: ", Allowed(key)));
  };
  if (const auto* text = std::get_if<std::string Config::*>(&key.member)) {
    if (!key.one_of.empty() && std::find(key.one_of.begin(), key.one_of.end(), value) == key.one_of.end()) {
      return bad();
    }
    config.*(*text) = value;
  } else if (const auto* whole = std::get_if<int Config::*>(&key.member)) {
    int number = 0;
    if (!absl::SimpleAtoi(value, &number) || number < key.min || number > key.max) {
      return bad();
    }
    config.*(*whole) = number;
  } else {
    double number = 0;
    if (!absl::SimpleAtod(value, &number) || !(number >= key.min && number <= key.max)) {
      return bad();
    }
    config.*(std::get<double Config::*>(key.member)) = number;
  }
  return absl::OkStatus();
}

const Key* Find(absl::string_view name) {
  for (const Key& key : Table()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

// Nested maps and dotted keys alike; `seen` finds a key that is given both ways.
absl::Status SetYaml(const YAML::Node& node, const std::string& prefix, const std::string& path,
                     std::set<std::string>& seen, Config& config) {
  for (const auto& entry : node) {
    const std::string name = absl::StrCat(prefix, prefix.empty() ? "" : ".", entry.first.as<std::string>());
    const std::string from = absl::StrCat(path, ":", entry.first.Mark().line + 1);
    const Key* key = Find(name);
    const bool section = std::any_of(Table().begin(), Table().end(),
                                     [&](const Key& k) { return absl::StartsWith(k.name, name + "."); });
    if (key == nullptr && !section) return Unknown(from, name, Same);
    if (section) {
      if (entry.second.IsNull()) continue;
      if (!entry.second.IsMap())
        return absl::InvalidArgumentError(absl::StrCat(from, ": ", name, " is not a map"));
      if (absl::Status s = SetYaml(entry.second, name, path, seen, config); !s.ok()) return s;
      continue;
    }
    if (!entry.second.IsScalar() && !entry.second.IsNull()) {
      return absl::InvalidArgumentError(absl::StrCat(from, ": ", name, " is not a single value"));
    }
    if (!seen.insert(name).second)
      return absl::InvalidArgumentError(absl::StrCat(from, ": ", name, " is there twice"));
    const std::string value = entry.second.IsNull() ? "" : entry.second.as<std::string>();
    if (absl::Status s = Set(*key, value, from, config); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status LoadYaml(const std::string& path, Config& config) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return absl::NotFoundError(absl::StrCat(path, ": there is no such configuration file"));
  }
  // A pipe is fine, as shells make one for <(...); reading a directory makes the stream throw.
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a directory, not a configuration file"));
  }
  try {
    const YAML::Node root = YAML::LoadFile(path);
    if (root.IsNull()) return absl::OkStatus();
    if (!root.IsMap()) return absl::InvalidArgumentError(absl::StrCat(path, ": is not a map of keys"));
    std::set<std::string> seen;
    return SetYaml(root, "", path, seen, config);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", error.what()));
  }
}

// The environment is shared: scripts keep their own SLOWWAVE_ variables there, and Kubernetes sets some for
// every Service whose name begins so. What looks like a slip of one of ours is an error all the same.
bool IsMeantForUs(const std::string& name) {
  static const auto* const kubernetes = new std::regex(
      "SLOWWAVE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_("
      "PROTO|PORT|ADDR))?)");
  if (std::regex_match(name, *kubernetes)) return false;
  return std::any_of(Table().begin(), Table().end(), [&](const Key& key) {
    const std::string known = EnvName(key.name);
    const size_t section = absl::string_view(key.name).find('.');
    return EditDistance(name, known) <= 2 ||
           (section != absl::string_view::npos &&
            absl::StartsWith(name, EnvName(absl::string_view(key.name).substr(0, section)) + "_"));
  });
}

absl::Status LoadEnv(const std::map<std::string, std::string>& env, Config& config) {
  for (const auto& [name, value] : env) {
    if (!absl::StartsWith(name, "SLOWWAVE_")) continue;
    const auto key = std::find_if(Table().begin(), Table().end(),
                                  [&given = name](const Key& k) { return EnvName(k.name) == given; });
    if (key != Table().end()) {
      if (absl::Status s = Set(*key, value, absl::StrCat("environment, ", name), config); !s.ok()) return s;
    } else if (IsMeantForUs(name)) {
      return Unknown("environment", name, EnvName);
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const Config& config) {
  const auto under = [](absl::string_view key, const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(key, " ", status.message()));
  };
  if (auto parsed = ParseHostPort(config.listen); !parsed.ok()) return under("listen", parsed.status());
  if (!config.http_listen.empty()) {
    if (auto parsed = ParseHostPort(config.http_listen); !parsed.ok())
      return under("http_listen", parsed.status());
  }
  if (!config.store_url.empty() && !NamesPostgres(config) &&
      (!absl::StartsWith(config.store_url, "sqlite:") || config.store_url.size() == 7)) {
    return absl::InvalidArgumentError(
        "store.url is not of a known kind; allowed: sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE");
  }
  if (!config.store_listen_url.empty() && !NamesPostgres(config)) {
    return absl::InvalidArgumentError("store.listen_url is for Postgres, which store.url does not name");
  }
  if (!config.cluster_threshold.empty()) {
    double threshold = 0;
    if (!absl::SimpleAtod(config.cluster_threshold, &threshold) || !(std::abs(threshold) <= 1)) {
      return absl::InvalidArgumentError(
          "cluster.threshold is not a cosine; allowed: -1 to 1, or empty (calibrated)");
    }
  }
  if (absl::Status s = CheckSecurityKeys(config); !s.ok()) return s;
  return CheckEndpointKeys(config);
}

}  // namespace

const std::vector<ConfigKey>& ConfigKeys() {
  static const auto* const keys = [] {
    auto* made = new std::vector<ConfigKey>;
    for (const Key& key : Table()) {
      made->push_back(
          {key.name, EnvName(key.name), FlagName(key.name), key.default_value, key.help, Allowed(key)});
    }
    return made;
  }();
  return *keys;
}

Config DefaultConfig() {
  Config config;
  for (const Key& key : Table()) {
    if (!Set(key, key.default_value, "default", config).ok()) std::abort();  // the table contradicts itself
  }
  return config;
}

absl::StatusOr<Config> LoadConfig(const ConfigSources& sources) {
  Config config = DefaultConfig();
  if (!sources.yaml_path.empty()) {
    if (absl::Status s = LoadYaml(sources.yaml_path, config); !s.ok()) return s;
  }
  if (absl::Status s = LoadEnv(sources.env, config); !s.ok()) return s;
  for (const auto& [name, value] : sources.flags) {
    const Key* key = Find(name);
    if (key == nullptr) return Unknown("flags", name, Same);
    if (absl::Status s = Set(*key, value, FlagName(name), config); !s.ok()) return s;
  }
  if (absl::Status s = Check(config); !s.ok()) return s;
  return config;
}

void AddConfigFlags(CLI::App& command, std::map<std::string, std::string>& flags) {
  for (const ConfigKey& key : ConfigKeys()) {
    std::string help = key.help;
    if (!key.default_value.empty()) absl::StrAppend(&help, " [", key.default_value, "]");
    // Both spellings of a name with an underscore work: --http-listen and --http_listen.
    std::string names = key.flag;
    if (absl::StrContains(key.name, "_")) {
      absl::StrAppend(&names, ",--", absl::StrReplaceAll(key.name, {{".", "-"}}));
    }
    command
        .add_option_function<std::string>(
            names, [&flags, name = key.name](const std::string& value) { flags[name] = value; }, help)
        ->type_name("VALUE");
  }
}

std::map<std::string, std::string> ProcessEnvironment() {
  std::map<std::string, std::string> env;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const absl::string_view line(*entry);
    if (const size_t equals = line.find('='); equals != absl::string_view::npos) {
      env.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
  }
  return env;
}

bool NamesPostgres(const Config& config) {
  return absl::StartsWith(config.store_url, "postgres://") ||
         absl::StartsWith(config.store_url, "postgresql://");
}

absl::StatusOr<std::string> StorePath(const Config& config, const std::map<std::string, std::string>& env) {
  if (!config.store_url.empty()) return config.store_url.substr(std::string("sqlite:").size());
  const auto value = [&](const char* name) {
    const auto found = env.find(name);
    return found == env.end() ? std::string() : found->second;
  };
  std::filesystem::path folder = config.data_dir;
  if (folder.empty() && !value("XDG_DATA_HOME").empty()) {
    folder = std::filesystem::path(value("XDG_DATA_HOME")) / "slowwave";
  }
  if (folder.empty() && !value("HOME").empty()) {
    folder = std::filesystem::path(value("HOME")) / ".local" / "share" / "slowwave";
  }
  if (folder.empty())
    return absl::InvalidArgumentError("data_dir is empty, and neither XDG_DATA_HOME nor HOME is set");
  return (folder / "slowwave.db").string();
}

absl::StatusOr<HostPort> ParseHostPort(absl::string_view address) {
  const size_t colon = address.rfind(':');
  HostPort parsed;
  if (colon == absl::string_view::npos || colon == 0 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &parsed.port) || parsed.port < 0 || parsed.port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("is '", address, "'; allowed: host:port, port 0 to 65535, such as 127.0.0.1:50051"));
  }
  parsed.host = std::string(address.substr(0, colon));
  if (parsed.host.front() != '[' && absl::StrContains(parsed.host, ":")) {
    return absl::InvalidArgumentError(
        absl::StrCat("is '", address, "'; allowed: an IPv6 host in brackets, [::1]:50051"));
  }
  return parsed;
}

}  // namespace slowwave
