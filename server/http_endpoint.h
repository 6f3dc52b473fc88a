// /metrics for Prometheus, /healthz and /readyz for probes.
#ifndef SLOWWAVE_SERVER_HTTP_ENDPOINT_H_
#define SLOWWAVE_SERVER_HTTP_ENDPOINT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/config.h"

namespace prometheus {
class Registry;
}

namespace slowwave {

// One of the things that make the daemon ready.
struct ReadyCheck {
  const char* name = "";
  absl::Status status;
  bool decides = true;  // false: told, but no reason not to be ready
};

// Serves from Start until destruction, on threads of its own.
class HttpEndpoint {
 public:
  // `ready` is called for every /readyz, on any thread, and must not block. The answer has a line a check,
  // 'store: ok' or 'store: the database was not reached in time', and is 503 if one that decides is not OK.
  // `/healthz` says only that the process answers. kUnavailable: cannot listen there. `registry` and what
  // `ready` uses outlive the endpoint.
  static absl::StatusOr<std::unique_ptr<HttpEndpoint>> Start(const HostPort& listen,
                                                             prometheus::Registry& registry,
                                                             std::function<std::vector<ReadyCheck>()> ready);
  ~HttpEndpoint();
  // host:port, the port picked if it was 0.
  const std::string& address() const { return address_; }

 private:
  struct Impl;
  HttpEndpoint();
  std::unique_ptr<Impl> impl_;
  std::string address_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_HTTP_ENDPOINT_H_
