// What every command that talks to a daemon shares: its flags, its channel, its errors.
//
// Errors come back as absl::Status whose message is the one line a person reads. Calls have a deadline of a
// minute; streams have none.
#ifndef SLOWWAVE_SERVER_COMMANDS_CLIENT_H_
#define SLOWWAVE_SERVER_COMMANDS_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/commands/commands.h"
#include "slowwave/v1/consolidation.grpc.pb.h"
#include "slowwave/v1/memory.grpc.pb.h"

namespace slowwave {

// Which daemon, whose memory.
struct Target {
  std::string address = "127.0.0.1:50051";
  std::string tenant;  // empty: the token's, else `default`
  std::string user;
  bool json = false;
  bool plaintext_token = false;                          // it may go out without TLS, beyond loopback too
  bool tls = false;                                      // by the system's certificates; ca_file: by its
  std::string ca_file, cert_file, key_file, token_file;  // empty: none
};

enum class UserFlag { kNone, kOptional, kRequired };

// --address, --tenant, and as asked --user and --json.
void AddTargetFlags(CLI::App& command, Target& target, UserFlag user, bool json = true);

// Runs `body` when the command is chosen. A status becomes 'slowwave: ...' on err and exit code 1.
void OnChosen(CLI::App& command, CommandContext& context, std::function<absl::StatusOr<int>()> body);

// What a call's failure means to a person: 'cannot reach 127.0.0.1:50051: connection refused; is ...'.
absl::Status Readable(const grpc::Status& status, const std::string& address);

// A channel and both services over it. Any thread.
class Client {
 public:
  explicit Client(const Target& target);

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    SetDeadline(context);
    Authorize(context);
    Response response;
    const grpc::Status status = (Get(static_cast<Stub*>(nullptr)).*method)(&context, request, &response);
    if (!status.ok()) return Readable(status, address_);
    return response;
  }

  // Calls `each` with every page until one fails or the list ends.
  template <typename Stub, typename Request, typename Response, typename Each>
  absl::Status Pages(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                     Request request, Each each) {
    request.set_page_size(500);
    for (;;) {
      absl::StatusOr<Response> page = Call(method, request);
      if (!page.ok()) return page.status();
      if (absl::Status status = each(*page); !status.ok()) return status;
      if (page->next_page_token().empty()) return absl::OkStatus();
      request.set_page_token(page->next_page_token());
    }
  }

  // Of every call that is not made by Call.
  void Authorize(grpc::ClientContext& context) const;
  v1::MemoryService::Stub& memory() { return *memory_; }
  v1::ConsolidationService::Stub& consolidation() { return *consolidation_; }
  const std::string& address() const { return address_; }

 private:
  static void SetDeadline(grpc::ClientContext& context);
  v1::MemoryService::Stub& Get(v1::MemoryService::Stub*) { return *memory_; }
  v1::ConsolidationService::Stub& Get(v1::ConsolidationService::Stub*) { return *consolidation_; }

  std::string address_, token_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::MemoryService::Stub> memory_;
  std::unique_ptr<v1::ConsolidationService::Stub> consolidation_;
};

// A request with its tenant and user filled in.
template <typename Request>
Request For(const Target& target) {
  Request request;
  request.set_tenant(target.tenant);
  request.set_user(target.user);
  return request;
}

// InvalidArgument names `flag`.
absl::Status SetTime(const char* flag, const std::string& text, google::protobuf::Timestamp* out);
absl::StatusOr<absl::Duration> ParseSpan(const char* flag, const std::string& text);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_COMMANDS_CLIENT_H_
