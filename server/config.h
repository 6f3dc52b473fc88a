// The daemon's configuration: YAML, then environment, then flags, each overriding the last.
//
// One table (config.cc) gives every key its one name in all three: `store.url`, SLOWWAVE_STORE_URL,
// --store-url. A key that nobody knows is an error, and the error suggests the nearest one. (Of the
// environment, which others use too, only what is close to one of our names or begins with one of our
// sections counts as such a key.)
#ifndef SLOWWAVE_SERVER_CONFIG_H_
#define SLOWWAVE_SERVER_CONFIG_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace CLI {
class App;
}

namespace slowwave {

struct Config {
  std::string listen;
  std::string http_listen;                                      // empty: none
  std::string tls_cert_file, tls_key_file, tls_client_ca_file;  // empty: none
  int tls_reload_seconds = 0;
  std::string auth_tokens_file;  // empty: no tokens of our own; without JWTs nobody is asked who they are
  std::string auth_jwt_keys_file, auth_jwt_issuer, auth_jwt_audience;  // empty: no JWTs
  std::string auth_jwt_tenant_claim, auth_jwt_roles_claim;
  int auth_jwt_leeway_seconds = 0;
  std::string allow_insecure_listen;  // false, true
  std::string data_dir;               // empty: see StorePath
  std::string store_url;              // empty: a file in data_dir
  int store_connections = 0;
  std::string store_migrate;     // auto, check
  std::string store_listen_url;  // empty: none
  int workers = 0;               // 0: a thread a core
  int runs_max_open = 0;
  int runs_max_open_mb = 0;
  int lease_seconds = 0;
  int shutdown_seconds = 0;
  int rpc_threads = 0;
  double rpc_tenant_calls_per_second = 0;  // 0: no limit
  int rpc_tenant_burst = 0;                // 0: as many as a second's
  int rpc_max_connections = 0;
  int rpc_max_connection_age_seconds = 0;
  int rpc_handshake_seconds = 0;
  int rpc_max_streams = 0;
  int rpc_stream_idle_seconds = 0;
  int rpc_stream_seconds = 0;
  int sample_limit = 0;
  double sample_min_importance = 0;
  double sample_min_confidence = 0;
  int cluster_min_size = 0;
  int cluster_max = 0;            // 0: unlimited
  std::string cluster_threshold;  // empty: calibrated
  int extract_chunk_memories = 0;
  int tasks_max_attempts = 0;
  std::string log_level;
  std::string log_format;
  std::string llm_base_url;  // empty: the built-in extractor
  std::string llm_model;
  std::string llm_api_key, llm_api_key_file;  // never printed; LlmOptionsFrom has what they come to
  int llm_max_in_flight = 0;
  int llm_requests_per_minute = 0;  // 0: no limit
  int llm_tokens_per_minute = 0;    // 0: no limit
  int llm_connect_seconds = 0;
  int llm_silence_seconds = 0;
  int llm_total_seconds = 0;
  int llm_retries = 0;
  std::string llm_response_format;  // auto, json_schema, json_object, none
  int llm_max_reply_tokens = 0;     // 0: the endpoint's own limit
  int llm_keep_replies_days = 0;
  int llm_budget_run_tokens = 0, llm_budget_tenant_tokens_per_day = 0;  // 0: no limit
  double llm_price_prompt = 0, llm_price_completion = 0;                // of a million tokens
  std::string llm_proxy;                                                // empty: none
  std::string llm_ca_file;                                              // empty: the system's
  std::string embedding_base_url, embedding_model;                      // empty: the built-in embedder
  std::string embedding_api_key, embedding_api_key_file;
  int embedding_max_in_flight = 0;
  int embedding_texts_per_call = 0;
  int embedding_requests_per_minute = 0, embedding_tokens_per_minute = 0;  // 0: no limit
  int embedding_connect_seconds = 0, embedding_silence_seconds = 0, embedding_total_seconds = 0;
  int embedding_retries = 0;
  double embedding_price = 0;  // of a million tokens
  std::string embedding_proxy, embedding_ca_file;
};

// A key's three names, and what `--help` and the reference say.
struct ConfigKey {
  std::string name;           // store.url
  std::string env;            // SLOWWAVE_STORE_URL
  std::string flag;           // --store-url
  std::string default_value;  // as text
  std::string help;
  std::string allowed;  // a range, or the words there are; empty: any text
};
const std::vector<ConfigKey>& ConfigKeys();

struct ConfigSources {
  std::string yaml_path;                     // empty: none
  std::map<std::string, std::string> env;    // all of the process'
  std::map<std::string, std::string> flags;  // by key name
};

// Checked whole: formats, ranges, what this build has. kInvalidArgument names the key and where it came from;
// kNotFound: no such file.
absl::StatusOr<Config> LoadConfig(const ConfigSources& sources);

// The defaults alone.
Config DefaultConfig();

// Adds a flag for every key; what is given lands in `flags`, which outlives the parse.
void AddConfigFlags(CLI::App& command, std::map<std::string, std::string>& flags);

// This process' environment.
std::map<std::string, std::string> ProcessEnvironment();

// Whether the store is Postgres; else it is the file at StorePath.
bool NamesPostgres(const Config& config);

// The SQLite file that the configuration means: of store.url, else slowwave.db in data_dir, else in
// $XDG_DATA_HOME/slowwave, else in $HOME/.local/share/slowwave. kInvalidArgument: none of these is set.
absl::StatusOr<std::string> StorePath(const Config& config, const std::map<std::string, std::string>& env);

struct HostPort {
  std::string host;  // brackets kept: '[::1]'
  int port = 0;
};
// 'host:port', port 0 to 65535. InvalidArgument.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view address);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_CONFIG_H_
