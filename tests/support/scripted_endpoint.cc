#include "tests/support/scripted_endpoint.h"

#include <CivetServer.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace slowwave {
namespace {

constexpr const char* kPaths[] = {"chat/completions$", "embeddings$"};

}  // namespace

std::string Envelope(const std::string& content) {
  return nlohmann::json{
      {"choices", {{{"message", {{"role", "assistant"}, {"content", content}}}, {"finish_reason", "stop"}}}},
      {"usage", {{"prompt_tokens", 10}, {"completion_tokens", 3}}}}
      .dump();
}

class ScriptedEndpoint::Handler : public CivetHandler {
 public:
  explicit Handler(ScriptedEndpoint& endpoint) : endpoint_(endpoint) {}

  bool handlePost(CivetServer*, mg_connection* connection) override {
    const std::string body = CivetServer::getPostData(connection);
    const char* authorization = CivetServer::getHeader(connection, "Authorization");
    int call = 0;
    {
      absl::MutexLock lock(&endpoint_.mutex_);
      call = static_cast<int>(endpoint_.bodies_.size());
      endpoint_.bodies_.push_back(body);
      endpoint_.authorizations_.emplace_back(authorization == nullptr ? "" : authorization);
      endpoint_.ports_.insert(mg_get_request_info(connection)->remote_port);
      endpoint_.most_ = std::max(endpoint_.most_, ++endpoint_.now_);
    }
    const ScriptedAnswer answer = endpoint_.script_(call, body);
    {
      absl::MutexLock lock(&endpoint_.mutex_);
      if (answer.hang) endpoint_.mutex_.Await(absl::Condition(&endpoint_.released_));
      --endpoint_.now_;
    }
    if (answer.hang_up) {
      CutOff(connection);
    } else {
      Write(connection, answer);
    }
    return true;
  }

 private:
  // Less than was promised, and no more.
  static void CutOff(mg_connection* connection) {
    mg_printf(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{");
  }

  static void Write(mg_connection* connection, const ScriptedAnswer& answer) {
    std::string head =
        absl::StrCat("HTTP/1.1 ", answer.status, " Scripted\r\nContent-Type: application/json\r\n",
                     "Content-Length: ", answer.body.size(), "\r\n");
    if (!answer.header.empty()) absl::StrAppend(&head, answer.header, "\r\n");
    absl::StrAppend(&head, "\r\n");
    mg_write(connection, head.data(), head.size());
    mg_write(connection, answer.body.data(), answer.body.size());
  }

  ScriptedEndpoint& endpoint_;
};

// One for the whole program, since it takes seconds to end.
struct ScriptedEndpoint::Server {
  CivetServer civet{std::vector<std::string>{"listening_ports", "127.0.0.1:0", "num_threads", "64",
                                             "enable_keep_alive", "yes", "keep_alive_timeout_ms", "2000"}};
  std::atomic<int> endpoints = 0;
};

ScriptedEndpoint::Server& ScriptedEndpoint::TheServer() {
  static Server server;
  return server;
}

ScriptedEndpoint::ScriptedEndpoint(Script script)
    : script_(std::move(script)),
      path_(absl::StrCat("/", TheServer().endpoints++, "/v1/")),
      handler_(std::make_unique<Handler>(*this)) {
  for (const char* path : kPaths) TheServer().civet.addHandler(path_ + path, *handler_);
}

ScriptedEndpoint::~ScriptedEndpoint() {
  Release();
  for (const char* path : kPaths) TheServer().civet.removeHandler(path_ + path);  // once it is in no call
}

std::string ScriptedEndpoint::base_url() const {
  return absl::StrCat("http://127.0.0.1:", TheServer().civet.getListeningPorts().front(), path_);
}

void ScriptedEndpoint::Release() {
  absl::MutexLock lock(&mutex_);
  released_ = true;
}

bool ScriptedEndpoint::AwaitCalls(int calls) {
  const auto arrived = [this, calls]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return bodies_.size() >= static_cast<size_t>(calls);
  };
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&arrived), absl::Seconds(30));
}

int ScriptedEndpoint::calls() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(bodies_.size());
}

int ScriptedEndpoint::most_at_once() const {
  absl::MutexLock lock(&mutex_);
  return most_;
}

int ScriptedEndpoint::connections() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(ports_.size());
}

std::vector<std::string> ScriptedEndpoint::bodies() const {
  absl::MutexLock lock(&mutex_);
  return bodies_;
}

std::vector<std::string> ScriptedEndpoint::authorizations() const {
  absl::MutexLock lock(&mutex_);
  return authorizations_;
}

}  // namespace slowwave
