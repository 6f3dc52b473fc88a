#include "server/http_endpoint.h"

#include <CivetServer.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <exception>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/process_metrics.h"

namespace slowwave {
namespace {

struct Answer {
  int code = 200;
  const char* reason = "OK";
  const char* type = "text/plain; charset=utf-8";
  std::string body;
};

class Page : public CivetHandler {
 public:
  explicit Page(std::function<Answer()> make) : make_(std::move(make)) {}
  bool handleGet(CivetServer*, mg_connection* connection) override { return Send(connection, true); }
  bool handleHead(CivetServer*, mg_connection* connection) override { return Send(connection, false); }

 private:
  bool Send(mg_connection* connection, bool with_body) {
    Answer answer;
    try {
      answer = make_();
    } catch (const std::exception&) {
      answer = {500, "Internal Server Error", "text/plain; charset=utf-8", "failed\n"};
    }
    const std::string head =
        absl::StrCat("HTTP/1.1 ", answer.code, " ", answer.reason, "\r\nContent-Type: ", answer.type,
                     "\r\nContent-Length: ", answer.body.size(),
                     "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
    mg_write(connection, head.data(), head.size());
    if (with_body) mg_write(connection, answer.body.data(), answer.body.size());
    return true;
  }

  const std::function<Answer()> make_;
};

}  // namespace

// The server goes first: its threads use the pages.
struct HttpEndpoint::Impl {
  std::vector<std::unique_ptr<Page>> pages;
  std::unique_ptr<CivetServer> server;
};

HttpEndpoint::HttpEndpoint() : impl_(std::make_unique<Impl>()) {}
HttpEndpoint::~HttpEndpoint() = default;

absl::StatusOr<std::unique_ptr<HttpEndpoint>> HttpEndpoint::Start(
    const HostPort& listen, prometheus::Registry& registry, std::function<std::vector<ReadyCheck>()> ready) {
  std::unique_ptr<HttpEndpoint> endpoint(new HttpEndpoint());
  // civetweb resolves no names.
  const std::string host = listen.host == "localhost" ? "127.0.0.1" : listen.host;
  try {
    endpoint->impl_->server = std::make_unique<CivetServer>(
        std::vector<std::string>{"listening_ports", absl::StrCat(host, ":", listen.port), "num_threads", "16",
                                 "request_timeout_ms", "2000"});
  } catch (const CivetException&) {
    return absl::UnavailableError(
        absl::StrCat("http_listen: cannot listen on ", listen.host, ":", listen.port));
  }
  const auto add = [&](const char* path, std::function<Answer()> make) {
    endpoint->impl_->pages.push_back(std::make_unique<Page>(std::move(make)));
    endpoint->impl_->server->addHandler(path, endpoint->impl_->pages.back().get());
  };
  add("/metrics$", [&registry] {
    std::vector<prometheus::MetricFamily> families = registry.Collect();
    for (prometheus::MetricFamily& family : ProcessMetrics().Collect()) families.push_back(std::move(family));
    return Answer{200, "OK", "text/plain; version=0.0.4; charset=utf-8",
                  prometheus::TextSerializer().Serialize(families)};
  });
  add("/healthz$", [] { return Answer{.body = "ok\n"}; });
  add("/readyz$", [ready = std::move(ready)] {
    Answer answer;
    for (const ReadyCheck& check : ready()) {
      absl::StrAppend(&answer.body, check.name, ": ", check.status.ok() ? "ok" : check.status.message(),
                      "\n");
      if (check.status.ok() || !check.decides) continue;
      answer.code = 503;
      answer.reason = "Service Unavailable";
    }
    return answer;
  });
  const std::vector<int> ports = endpoint->impl_->server->getListeningPorts();
  if (ports.empty()) return absl::InternalError("http_listen: the server has no port");
  endpoint->address_ = absl::StrCat(listen.host, ":", ports.front());
  return endpoint;
}

}  // namespace slowwave
