// Binds a class of plain methods (request in, absl::StatusOr out) to gRPC's callback API.
//
// Handlers get bytes, not messages, from gRPC: see wire_text.h for why. Parsing, the checks that hold for
// every request, and the method itself run on the executor, never on a gRPC thread.
#ifndef SLOWWAVE_SERVER_RPC_SERVICE_H_
#define SLOWWAVE_SERVER_RPC_SERVICE_H_

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access.h"
#include "server/call_audit.h"
#include "server/call_gate.h"
#include "server/executor.h"
#include "server/stream_budget.h"
#include "server/stream_timers.h"
#include "server/tenant_rates.h"
#include "server/wire_text.h"

namespace slowwave {

// gRPC's bytes and ours.
std::string Flatten(const grpc::ByteBuffer& buffer);
grpc::ByteBuffer Serialize(const google::protobuf::Message& message);

// Parses, and checks what holds in every request (validation.h, CheckMessage). Bad text is an error.
absl::Status ParseRequest(const grpc::ByteBuffer& buffer, google::protobuf::Message& message);

// A stream that is over before it began. Deletes itself.
template <typename Reactor>
class Refused : public Reactor {
 public:
  explicit Refused(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

// What every call needs. All outlive the server.
struct CallRoom {
  Executor& executor;
  CallGate& gate;
  Access* access;        // null: anyone may call
  TenantRates* rates;    // null: as often as they like
  StreamTimers* timers;  // null: streams take as long as they like
  StreamBudget& budget;  // for what client streams have sent
};

// Register methods in the constructor; the service outlives the server. Calls that come once the gate is
// closed are answered with UNAVAILABLE.
class RpcService : public grpc::Service {
 public:
  using WriteReactor = grpc::ServerWriteReactor<grpc::ByteBuffer>;
  using ReadReactor = grpc::ServerReadReactor<grpc::ByteBuffer>;

 protected:
  RpcService(const google::protobuf::ServiceDescriptor& descriptor, CallRoom room);

  // `Method`: absl::StatusOr<Response>(const Request&).
  template <typename Request, typename Response>
  void Unary(const char* name, std::function<absl::StatusOr<Response>(const Request&)> method) {
    RawUnary(name,
             [this, method = std::move(method)](const grpc::ByteBuffer& bytes,
                                                CallAudit& audit) -> absl::StatusOr<grpc::ByteBuffer> {
               Request request;
               if (absl::Status status = ParseRequest(bytes, request); !status.ok()) return status;
               if (absl::Status status = AdmitRead(request, audit); !status.ok()) return status;
               absl::StatusOr<Response> response = method(request);
               if (!response.ok()) return response.status();
               return Serialize(*response);
             });
  }
  // For methods that judge bad text themselves.
  template <typename Request, typename Response>
  void LenientUnary(const char* name,
                    std::function<absl::StatusOr<Response>(const Request&, const BadText&)> method) {
    RawUnary(name,
             [this, method = std::move(method)](const grpc::ByteBuffer& bytes,
                                                CallAudit& audit) -> absl::StatusOr<grpc::ByteBuffer> {
               Request request;
               BadText bad;
               if (absl::Status status = ParseWire(Flatten(bytes), request, bad); !status.ok()) return status;
               if (absl::Status status = AdmitRead(request, audit); !status.ok()) return status;
               absl::StatusOr<Response> response = method(request, bad);
               if (!response.ok()) return response.status();
               return Serialize(*response);
             });
  }
  // `audit` knows the caller.
  void RawUnary(const char* name,
                std::function<absl::StatusOr<grpc::ByteBuffer>(const grpc::ByteBuffer&, CallAudit&)> method);
  // `start` returns a reactor that holds the pass and deletes itself in OnDone. It runs on a gRPC thread and
  // must not block. Only for what reads: nobody audits its end.
  void ServerStream(const char* name,
                    std::function<WriteReactor*(const grpc::ByteBuffer&, const CallerPtr&, CallGate::Pass,
                                                grpc::CallbackServerContext&)>
                        start);
  // The reactor writes the audit when it ends.
  void ClientStream(
      const char* name,
      std::function<ReadReactor*(grpc::ByteBuffer*, std::unique_ptr<CallAudit>, CallGate::Pass)> start);
  // A later version's.
  void Unimplemented(const char* name);

 private:
  int Find(const char* name);
  // Finds out who calls, and whether they may. Unauthenticated, ResourceExhausted, PermissionDenied.
  absl::Status Admit(const char* name, const grpc::CallbackServerContext& context, CallAudit& audit) const;
  // Whether a request that has been read is its caller's to make.
  absl::Status AdmitRead(google::protobuf::Message& request, CallAudit& audit) const;

  const CallRoom room_;
  std::map<std::string, int> methods_;
};

// What is answered when too much waits for the executor, and when the gate is closed.
absl::Status TooManyCalls();
absl::Status Draining();

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_RPC_SERVICE_H_
