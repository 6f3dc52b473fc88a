#include <curl/curl.h>

#include <map>
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/commands/client_commands.h"
#include "server/config.h"

namespace slowwave {
namespace {

constexpr size_t kMostBytes = 4096;  // of an answer; the daemon's own are a line

struct ProbeOptions {
  std::map<std::string, std::string> keys;
  std::string config_path;
  bool live = false;
  int seconds = 3;
};

struct CurlCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

// What listens everywhere is asked on loopback.
std::string HostToAsk(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "[::]") return "[::1]";
  return host;
}

// As `serve` beside it finds it.
absl::StatusOr<std::string> UrlOf(const ProbeOptions& o) {
  ConfigSources sources{o.config_path, ProcessEnvironment(), o.keys};
  if (sources.yaml_path.empty() && sources.env.contains("SLOWWAVE_CONFIG")) {
    sources.yaml_path = sources.env["SLOWWAVE_CONFIG"];
  }
  absl::StatusOr<Config> config = LoadConfig(sources);
  if (!config.ok()) return config.status();
  if (config->http_listen.empty()) {
    return absl::FailedPreconditionError("http_listen is empty: the daemon has nowhere to ask");
  }
  const absl::StatusOr<HostPort> address = ParseHostPort(config->http_listen);
  if (!address.ok()) return address.status();
  if (address->port == 0) {
    return absl::FailedPreconditionError(
        "http_listen has port 0, which the daemon replaces by one of its own");
  }
  return absl::StrCat("http://", HostToAsk(address->host), ":", address->port,
                      o.live ? "/healthz" : "/readyz");
}

size_t Keep(const char* data, size_t size, size_t count, void* body) {
  auto* text = static_cast<std::string*>(body);
  if (text->size() < kMostBytes) text->append(data, size * count);
  return size * count;
}

absl::StatusOr<int> Run(const ProbeOptions& o, CommandContext& context) {
  const absl::StatusOr<std::string> url = UrlOf(o);
  if (!url.ok()) return url.status();
  const std::unique_ptr<CURL, CurlCleanup> easy(curl_easy_init());
  if (easy == nullptr) return absl::InternalError("libcurl cannot start");
  std::string body;
  curl_easy_setopt(easy.get(), CURLOPT_URL, url->c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");  // whatever the environment says: this is our own daemon
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, static_cast<long>(o.seconds));
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &Keep);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &body);
  if (const CURLcode code = curl_easy_perform(easy.get()); code != CURLE_OK) {
    return absl::UnavailableError(absl::StrCat(*url, ": ", curl_easy_strerror(code)));
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  const absl::string_view said = absl::StripTrailingAsciiWhitespace(body);
  if (status != 200) return absl::UnavailableError(absl::StrCat(*url, ": ", status, ": ", said));
  context.out << said << "\n";
  return 0;
}

}  // namespace

void AddProbe(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<ProbeOptions>();
  CLI::App* command = root.add_subcommand(
      "probe", "Ask the daemon on this host whether it is ready; exit code 1 if it is not");
  command->add_option("--config", o->config_path, "The daemon's YAML file; also SLOWWAVE_CONFIG")
      ->type_name("FILE");
  command
      ->add_option_function<std::string>(
          "--http-listen", [o](const std::string& value) { o->keys["http_listen"] = value; },
          "Where it listens, if neither that file nor SLOWWAVE_HTTP_LISTEN says so [127.0.0.1:9464]")
      ->type_name("HOST:PORT");
  command->add_flag("--live", o->live, "Ask only whether it lives: /healthz instead of /readyz");
  command->add_option("--seconds", o->seconds, "How long an answer may take")
      ->check(CLI::Range(1, 300))
      ->capture_default_str();
  command->footer(
      "For health checks where there is no shell and no curl, such as in the container image.\n"
      "Example: slowwave probe --http-listen 127.0.0.1:9464");
  OnChosen(*command, context, [o, &context] { return Run(*o, context); });
}

}  // namespace slowwave
