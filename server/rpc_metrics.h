// What gRPC serves, counted under the names that dashboards for gRPC expect (those of go-grpc-prometheus):
// grpc_server_started_total, grpc_server_handled_total, grpc_server_handling_seconds.
#ifndef SLOWWAVE_SERVER_RPC_METRICS_H_
#define SLOWWAVE_SERVER_RPC_METRICS_H_

#include <grpcpp/support/server_interceptor.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <string>

namespace slowwave {

// Of the methods of both services; calls of others (health, reflection) are not counted. Any thread.
// `registry` outlives it.
class RpcMetrics {
 public:
  explicit RpcMetrics(prometheus::Registry& registry);
  ~RpcMetrics();

  // For a server's builder; this outlives the server.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeFactory();

 private:
  class Factory;
  class Call;
  struct Method;
  struct Families;

  const std::unique_ptr<Families> families_;
  std::map<std::string, std::unique_ptr<Method>> methods_;  // by path; const after construction
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_RPC_METRICS_H_
