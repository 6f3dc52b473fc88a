#include "server/rpc_service.h"

#include <google/protobuf/descriptor.h>

#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/call_trace.h"
#include "server/grpc_status.h"
#include "server/validation.h"

namespace slowwave {
namespace {

grpc::internal::RpcMethod::RpcType TypeOf(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? grpc::internal::RpcMethod::BIDI_STREAMING
                                     : grpc::internal::RpcMethod::CLIENT_STREAMING;
  }
  return method.server_streaming() ? grpc::internal::RpcMethod::SERVER_STREAMING
                                   : grpc::internal::RpcMethod::NORMAL_RPC;
}

// gRPC's own way to say when to try again: its clients go by it, if they retry.
void AddRetryHint(grpc::CallbackServerContext& context, const absl::Status& status) {
  const std::optional<absl::Duration> delay = RetryDelayOf(status);
  if (delay)
    context.AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(absl::ToInt64Milliseconds(*delay)));
}

}  // namespace

std::string Flatten(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

grpc::ByteBuffer Serialize(const google::protobuf::Message& message) {
  const std::string bytes = message.SerializeAsString();
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

absl::Status ParseRequest(const grpc::ByteBuffer& buffer, google::protobuf::Message& message) {
  BadText bad;
  if (absl::Status status = ParseWire(Flatten(buffer), message, bad); !status.ok()) return status;
  if (!bad.empty()) return NotUtf8(bad.front());
  return CheckMessage(message, "");
}

absl::Status TooManyCalls() {
  return absl::ResourceExhaustedError("too many calls are waiting for the store; try again later");
}

absl::Status Draining() { return absl::UnavailableError("the server is draining; try again"); }

RpcService::RpcService(const google::protobuf::ServiceDescriptor& descriptor, CallRoom room) : room_(room) {
  for (int i = 0; i < descriptor.method_count(); ++i) {
    const google::protobuf::MethodDescriptor& method = *descriptor.method(i);
    // The service keeps the name's address: it lives in the map's node.
    const auto [entry, inserted] =
        methods_.emplace(absl::StrCat("/", descriptor.full_name(), "/", method.name()), i);
    AddMethod(new grpc::internal::RpcServiceMethod(entry->first.c_str(), TypeOf(method), nullptr));
    methods_.emplace(method.name(), i);
  }
}

int RpcService::Find(const char* name) {
  const auto found = methods_.find(name);
  if (found == methods_.end())
    std::abort();  // a method that the .proto does not have: a bug in a constructor
  return found->second;
}

// Calls are counted before anything is said of roles, so that what is refused is not for free.
absl::Status RpcService::Admit(const char* name, const grpc::CallbackServerContext& context,
                               CallAudit& audit) const {
  if (room_.access == nullptr) return absl::OkStatus();
  // Whoever stands in front may have looked at another of them than we would.
  if (context.client_metadata().count("authorization") > 1) {
    return absl::UnauthenticatedError("there is more than one authorization header");
  }
  const auto header = context.client_metadata().find("authorization");
  const absl::StatusOr<CallerPtr> caller =
      room_.access->Authenticate(header == context.client_metadata().end()
                                     ? absl::string_view()
                                     : absl::string_view(header->second.data(), header->second.size()));
  if (!caller.ok()) return caller.status();
  audit.By(*caller);
  if (absl::Status s = AdmitCaller(room_.rates, *caller); !s.ok()) return s;
  const std::optional<Role> role = RoleOf(name);
  if (!role) return absl::PermissionDeniedError("nobody may call this");
  return CheckRole(*caller, *role);
}

absl::Status RpcService::AdmitRead(google::protobuf::Message& request, CallAudit& audit) const {
  const absl::Status tenant = CheckTenantOf(audit.caller(), request);
  audit.About(request);
  if (!tenant.ok()) return tenant;
  return AdmitRequest(room_.rates, audit.caller(), request);
}

void RpcService::RawUnary(
    const char* name,
    std::function<absl::StatusOr<grpc::ByteBuffer>(const grpc::ByteBuffer&, CallAudit&)> method) {
  MarkMethodRawCallback(Find(name),
                        new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                            [this, name, method = std::move(method)](
                                grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                grpc::ByteBuffer* response) -> grpc::ServerUnaryReactor* {
                              grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
                              CallGate::Pass pass = room_.gate.Enter();
                              if (pass == nullptr) {
                                reactor->Finish(ToGrpc(Draining()));
                                return reactor;
                              }
                              const auto audit = std::make_shared<CallAudit>(name);
                              const auto end = [=](const absl::Status& status) {
                                audit->End(status);
                                AddRetryHint(*context, status);
                                reactor->Finish(ToGrpc(status));
                              };
                              // Whoever may not call takes no room among those who wait.
                              if (absl::Status status = Admit(name, *context, *audit); !status.ok()) {
                                end(status);
                                return reactor;
                              }
                              // Request and response live until the reactor has finished.
                              const auto work = [=, &method, pass = std::move(pass)] {
                                if (context->IsCancelled())
                                  return end(absl::CancelledError("the caller has gone"));
                                const CallTrace trace(*context);
                                absl::Status status;
                                try {
                                  absl::StatusOr<grpc::ByteBuffer> answer = method(*request, *audit);
                                  if (answer.ok()) {
                                    response->Swap(&*answer);
                                  } else {
                                    status = answer.status();
                                  }
                                } catch (const std::exception&) {
                                  // What it says may hold a memory's text.
                                  status = absl::InternalError("the call failed unexpectedly");
                                }
                                end(status);
                              };
                              if (!room_.executor.TrySubmit(work, OnlyTenantOf(audit->caller())))
                                end(TooManyCalls());
                              return reactor;
                            }));
}

void RpcService::ServerStream(const char* name,
                              std::function<WriteReactor*(const grpc::ByteBuffer&, const CallerPtr&,
                                                          CallGate::Pass, grpc::CallbackServerContext&)>
                                  start) {
  if (RoleOf(name) != Role::kRead) std::abort();
  MarkMethodRawCallback(
      Find(name),
      new grpc::internal::CallbackServerStreamingHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
          [this, name, start = std::move(start)](grpc::CallbackServerContext* context,
                                                 const grpc::ByteBuffer* request) -> WriteReactor* {
            CallGate::Pass pass = room_.gate.Enter();
            if (pass == nullptr) return new Refused<WriteReactor>(ToGrpc(Draining()));
            CallAudit audit(name);
            if (absl::Status status = Admit(name, *context, audit); !status.ok()) {
              AddRetryHint(*context, status);
              return new Refused<WriteReactor>(ToGrpc(status));
            }
            return start(*request, audit.caller(), std::move(pass), *context);
          }));
}

void RpcService::ClientStream(
    const char* name,
    std::function<ReadReactor*(grpc::ByteBuffer*, std::unique_ptr<CallAudit>, CallGate::Pass)> start) {
  MarkMethodRawCallback(
      Find(name), new grpc::internal::CallbackClientStreamingHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                      [this, name, start = std::move(start)](grpc::CallbackServerContext* context,
                                                             grpc::ByteBuffer* response) -> ReadReactor* {
                        CallGate::Pass pass = room_.gate.Enter();
                        if (pass == nullptr) return new Refused<ReadReactor>(ToGrpc(Draining()));
                        auto audit = std::make_unique<CallAudit>(name);
                        if (absl::Status status = Admit(name, *context, *audit); !status.ok()) {
                          audit->End(status);
                          AddRetryHint(*context, status);
                          return new Refused<ReadReactor>(ToGrpc(status));
                        }
                        const CallTrace trace(*context);
                        return start(response, std::move(audit), std::move(pass));
                      }));
}

void RpcService::Unimplemented(const char* name) {
  const std::string method = name;
  RawUnary(name, [method](const grpc::ByteBuffer&, CallAudit&) -> absl::StatusOr<grpc::ByteBuffer> {
    return absl::UnimplementedError(absl::StrCat(method, " is not in this version"));
  });
}

}  // namespace slowwave
