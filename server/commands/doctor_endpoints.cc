#include <curl/curl.h>
#include <netdb.h>
#include <prometheus/registry.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/notification.h"
#include "server/commands/doctor.h"
#include "server/http_embedder.h"
#include "server/http_llm_client.h"
#include "server/llm_options.h"

namespace slowwave {
namespace {

constexpr long kSeconds = 10;
constexpr size_t kMostBytes = size_t{4} << 20;

struct Fetched {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string body;
};

size_t Append(char* data, size_t size, size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + size * count > kMostBytes) return 0;
  text.append(data, size * count);
  return size * count;
}

Fetched Get(const std::string& url, const HttpLlmOptions* endpoint) {
  Fetched page;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), &curl_easy_cleanup);
  if (easy == nullptr) return {CURLE_FAILED_INIT, 0, ""};
  curl_slist* headers = nullptr;
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, kSeconds);
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_PROXY, endpoint == nullptr ? "" : endpoint->proxy.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &page.body);
  if (endpoint != nullptr) {
    if (!endpoint->ca_file.empty()) curl_easy_setopt(easy.get(), CURLOPT_CAINFO, endpoint->ca_file.c_str());
    if (!endpoint->api_key.empty()) {
      headers = curl_slist_append(headers, absl::StrCat("Authorization: Bearer ", endpoint->api_key).c_str());
      curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers);
    }
  }
  page.code = curl_easy_perform(easy.get());
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &page.status);
  curl_slist_free_all(headers);
  return page;
}

// Whether the endpoint lists its models, and this is none of them.
bool LacksModel(const std::string& body, const std::string& model) {
  const nlohmann::json list = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!list.is_object() || !list.contains("data") || !list["data"].is_array() || list["data"].empty())
    return false;
  for (const nlohmann::json& one : list["data"]) {
    if (one.is_object() && one.value("id", nlohmann::json()) == model) return false;
  }
  return true;
}

void AskForModels(const Examination& e, const std::string& check, const HttpLlmOptions& endpoint) {
  absl::string_view base = endpoint.base_url;
  while (absl::ConsumeSuffix(&base, "/")) {
  }
  const Fetched page = Get(absl::StrCat(base, "/models"), &endpoint);
  if (page.code != CURLE_OK) {
    const bool trust = page.code == CURLE_PEER_FAILED_VERIFICATION || page.code == CURLE_SSL_CACERT_BADFILE;
    return e.Fail(check, absl::StrCat(base, ": ", curl_easy_strerror(page.code)),
                  trust ? absl::StrCat("name the certificates to trust in ", check, ".ca_file")
                        : "see that it runs and that this machine may reach it");
  }
  if (page.status == 401 || page.status == 403) {
    return e.Fail(check, absl::StrCat(base, ": refuses the key (HTTP ", page.status, ")"),
                  absl::StrCat("put another into ", check, ".api_key_file or the environment"));
  }
  if (page.status >= 500) {
    return e.Warn(check, absl::StrCat(base, ": answers with HTTP ", page.status), "see to the endpoint");
  }
  if (page.status == 200 && LacksModel(page.body, endpoint.model)) {
    return e.Fail(check, absl::StrCat(base, ": has no model ", endpoint.model),
                  absl::StrCat("name one that it has in ", check, ".model"));
  }
  e.Ok(check, page.status == 200 ? absl::StrCat(base, ": has the model ", endpoint.model)
                                 : absl::StrCat(base, ": answers, and says nothing of its models (HTTP ",
                                                page.status, "); --call-endpoint makes a real call"));
}

void CallChat(const Examination& e, HttpLlmOptions options) {
  prometheus::Registry registry;
  options.retry.retries = 0;
  const std::string base = options.base_url;
  absl::StatusOr<std::unique_ptr<HttpLlmClient>> client = HttpLlmClient::Start(std::move(options), registry);
  if (!client.ok()) return e.Fail("llm", std::string(client.status().message()), "put the llm. keys right");
  LlmRequest request;
  request.messages = {{"system", "Answer with one word."}, {"user", "Say ok."}};
  request.max_tokens = 16;
  LlmReply reply;
  absl::Notification done;
  (*client)->Complete(std::move(request), [&](LlmReply answer) {
    reply = std::move(answer);
    done.Notify();
  });
  done.WaitForNotification();
  if (reply.outcome == LlmOutcome::kOk || reply.outcome == LlmOutcome::kLength) {
    return e.Ok("llm", absl::StrCat(base, ": ", (*client)->model(), " answered a call, for ",
                                    reply.prompt_tokens, " + ", reply.completion_tokens, " tokens"));
  }
  e.Fail("llm", absl::StrCat(base, ": a call failed: ", reply.detail),
         "see to the endpoint, the key and the model");
}

void CallEmbedding(const Examination& e, HttpEmbedderOptions options) {
  prometheus::Registry registry;
  options.client.retry.retries = 0;
  const std::string base = options.client.base_url;
  absl::StatusOr<std::unique_ptr<HttpEmbedder>> embedder = HttpEmbedder::Start(std::move(options), registry);
  if (!embedder.ok()) {
    return e.Fail("embedding", std::string(embedder.status().message()), "put the embedding. keys right");
  }
  EmbedRequest request;
  request.texts = {"ok"};
  EmbedReply reply;
  absl::Notification done;
  (*embedder)->Embed(std::move(request), [&](EmbedReply answer) {
    reply = std::move(answer);
    done.Notify();
  });
  done.WaitForNotification();
  if (reply.status.ok() && !reply.vectors.empty() && !reply.vectors.front().empty()) {
    return e.Ok("embedding", absl::StrCat(base, ": ", (*embedder)->model(), " answered a call with ",
                                          reply.vectors.front().size(), " numbers"));
  }
  const std::string why = !reply.status.ok()       ? std::string(reply.status.message())
                          : reply.problems.empty() ? std::string("no vector came")
                                                   : reply.problems.front();
  e.Fail("embedding", absl::StrCat(base, ": a call failed: ", why),
         "see to the endpoint, the key and the model");
}

// Null: it can be listened on. Otherwise why not.
absl::Status TryToListen(const HostPort& at) {
  std::string host = at.host;
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  const std::string port = absl::StrCat(at.port);
  if (const int code = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0) {
    return absl::InvalidArgumentError(gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  const int one = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (one < 0) return absl::UnavailableError(strerror(errno));
  const int yes = 1;
  setsockopt(one, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  absl::Status status;
  if (bind(one, found->ai_addr, found->ai_addrlen) != 0 || listen(one, 1) != 0) {
    status =
        errno == EADDRINUSE ? absl::AlreadyExistsError("is taken") : absl::UnavailableError(strerror(errno));
  }
  close(one);
  return status;
}

// Whether a daemon already serves on http_listen.
bool DaemonServes(const Config& config) {
  if (config.http_listen.empty()) return false;
  const absl::StatusOr<HostPort> at = ParseHostPort(config.http_listen);
  if (!at.ok() || at->port == 0) return false;
  const std::string host = at->host == "0.0.0.0" ? "127.0.0.1" : at->host == "[::]" ? "[::1]" : at->host;
  const Fetched page = Get(absl::StrCat("http://", host, ":", at->port, "/metrics"), nullptr);
  return page.code == CURLE_OK && absl::StrContains(page.body, "slowwave_build_info");
}

void ExaminePort(const Examination& e, const char* key, const std::string& address, bool daemon) {
  const absl::StatusOr<HostPort> at = ParseHostPort(address);
  if (!at.ok()) return e.Fail(key, std::string(at.status().message()), "name host:port");
  if (at->port == 0) return e.Ok(key, absl::StrCat(address, ": a free port is picked"));
  const absl::Status free = TryToListen(*at);
  if (free.ok()) return e.Ok(key, absl::StrCat(address, " is free"));
  if (daemon && absl::IsAlreadyExists(free)) {
    return e.Ok(key, absl::StrCat(address, " is taken, by a daemon that runs already"));
  }
  e.Fail(key, absl::StrCat(address, ": ", free.message()),
         absl::IsAlreadyExists(free)
             ? "stop the program that listens there, or name another port"
             : "name an address that this machine has, and a port that the daemon may use");
}

}  // namespace

void ExamineEndpoints(const Examination& e) {
  const Config& c = e.config;
  if (c.llm_base_url.empty()) {
    e.Ok("llm", "none: the built-in extractor reads");
  } else if (absl::StatusOr<HttpLlmOptions> options = LlmOptionsFrom(c); !options.ok()) {
    e.Fail("llm", std::string(options.status().message()), "put the llm. keys right");
  } else if (e.call_endpoint) {
    CallChat(e, *std::move(options));
  } else {
    AskForModels(e, "llm", *options);
  }
  if (c.embedding_base_url.empty()) return e.Ok("embedding", "none: the built-in embedder is used");
  absl::StatusOr<HttpEmbedderOptions> options = EmbedderOptionsFrom(c);
  if (!options.ok()) {
    e.Fail("embedding", std::string(options.status().message()), "put the embedding. keys right");
  } else if (e.call_endpoint) {
    CallEmbedding(e, *std::move(options));
  } else {
    AskForModels(e, "embedding", options->client);
  }
}

void ExaminePorts(const Examination& e) {
  const bool daemon = DaemonServes(e.config);
  ExaminePort(e, "listen", e.config.listen, daemon);
  if (e.config.http_listen.empty()) return e.Ok("http_listen", "none: no metrics and no probes");
  ExaminePort(e, "http_listen", e.config.http_listen, daemon);
}

}  // namespace slowwave
