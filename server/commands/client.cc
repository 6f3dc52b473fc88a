#include "server/commands/client.h"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <ostream>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/jsonl.h"
#include "server/mapping.h"
#include "server/transport_security.h"

namespace slowwave {
namespace {

// The last cause in gRPC's chain, in plain words.
std::string Cause(const std::string& message) {
  for (const char* known :
       {"Connection refused", "Connection reset by peer", "No route to host", "Network is unreachable",
        "Connection timed out", "Broken pipe", "Socket closed"}) {
    if (absl::StrContains(message, known)) return absl::AsciiStrToLower(known);
  }
  if (absl::StrContains(message, "DNS resolution failed") || absl::StrContains(message, "C-ares")) {
    return "no such host";
  }
  return message;
}

bool FromTransport(const std::string& message) {
  return absl::StrContains(message, "failed to connect") || absl::StrContains(message, "DNS resolution") ||
         absl::StrContains(message, "onnection re") || absl::StrContains(message, "Socket closed") ||
         absl::StrContains(message, "Broken pipe") || absl::StrContains(message, "GOAWAY");
}

std::optional<std::string> ContentOf(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file || !content) return std::nullopt;
  return content.str();
}

void AddFileFlag(CLI::App& command, const char* flag, const char* variable, std::string& path,
                 const char* help) {
  command.add_option(flag, path, absl::StrCat(help, " (", variable, ")"))
      ->envname(variable)
      ->check([](const std::string& value) {
        return value.empty() || ContentOf(value) ? "" : absl::StrCat(value, " cannot be read, or is empty");
      });
}

}  // namespace

void AddTargetFlags(CLI::App& command, Target& target, UserFlag user, bool json) {
  command
      .add_option("--address", target.address,
                  "The daemon, host:port, such as 10.0.0.7:50051 (SLOWWAVE_ADDRESS)")
      ->envname("SLOWWAVE_ADDRESS")
      ->capture_default_str()
      ->check([](const std::string& value) { return value.empty() ? "must not be empty" : ""; });
  command.add_flag("--tls", target.tls, "Speak TLS, and trust the system's certificates");
  AddFileFlag(command, "--ca-file", "SLOWWAVE_CA_FILE", target.ca_file,
              "Speak TLS, and trust these certificates, PEM");
  AddFileFlag(command, "--cert-file", "SLOWWAVE_CERT_FILE", target.cert_file,
              "Certificate to show to a daemon that asks for one, PEM");
  AddFileFlag(command, "--key-file", "SLOWWAVE_KEY_FILE", target.key_file, "Its private key, PEM");
  AddFileFlag(command, "--token-file", "SLOWWAVE_TOKEN_FILE", target.token_file,
              "The bearer token to send, as `slowwave token` made it");
  command.add_flag("--plaintext-token", target.plaintext_token,
                   "Send the token without TLS beyond loopback too, as something else encrypts");
  command.parse_complete_callback([&target] {
    const bool tls = target.tls || !target.ca_file.empty();
    const std::string host = target.address.substr(0, target.address.rfind(':'));
    if (target.token_file.empty() || tls || target.plaintext_token || IsLoopbackHost(host)) return;
    throw CLI::ValidationError("--token-file",
                               absl::StrCat("the token would go to ", target.address,
                                            " in clear; give --tls or --ca-file, or --plaintext-token"));
  });
  command.add_option("--tenant", target.tenant,
                     "Whose users, such as acme; without: the token's tenant, else `default`");
  if (user != UserFlag::kNone) {
    CLI::Option* option = command.add_option("--user", target.user, "Whose memory, such as ines");
    if (user == UserFlag::kRequired) option->required();
  }
  if (json) command.add_flag("--json", target.json, "Print one JSON object a line, for programs");
}

void OnChosen(CLI::App& command, CommandContext& context, std::function<absl::StatusOr<int>()> body) {
  command.callback([&context, body = std::move(body)] {
    const absl::StatusOr<int> code = body();
    context.out.flush();
    if (code.ok()) {
      context.exit_code = *code;
    } else {
      context.err << "slowwave: " << code.status().message() << std::endl;
      context.exit_code = 1;
    }
  });
}

absl::Status Readable(const grpc::Status& status, const std::string& address) {
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  const std::string& message = status.error_message();
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && FromTransport(message)) {
    return absl::Status(code,
                        absl::StrCat("cannot reach ", address, ": ", Cause(message),
                                     "; is `slowwave serve` running there? (--address or SLOWWAVE_ADDRESS)"));
  }
  // A call that comes in while gRPC shuts down (github.com/grpc/grpc/issues/41785): nothing here cancels any.
  if (status.error_code() == grpc::StatusCode::CANCELLED) {
    return absl::UnavailableError(absl::StrCat(address, " is shutting down; try again"));
  }
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return absl::Status(code, absl::StrCat(address, " did not answer in time; try again"));
  }
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED && message.empty()) {
    return absl::Status(code,
                        absl::StrCat("the server at ", address, " does not know this call; is it slowwave?"));
  }
  return absl::Status(
      code, message.empty() ? absl::StrCat("the server answered with code ", status.error_code()) : message);
}

Client::Client(const Target& target) : address_(target.address) {
  // The library's own log lines would stand between a person and the one line that matters.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto content = [](const std::string& path) {
    return path.empty() ? "" : ContentOf(path).value_or("");
  };
  token_ = std::string(absl::StripAsciiWhitespace(content(target.token_file)));
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (target.tls || !target.ca_file.empty()) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = content(target.ca_file);
    tls.pem_cert_chain = content(target.cert_file);
    tls.pem_private_key = content(target.key_file);
    credentials = grpc::SslCredentials(tls);
  }
  channel_ = grpc::CreateCustomChannel(address_, credentials, arguments);
  memory_ = v1::MemoryService::NewStub(channel_);
  consolidation_ = v1::ConsolidationService::NewStub(channel_);
}

void Client::Authorize(grpc::ClientContext& context) const {
  if (!token_.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", token_));
}

void Client::SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(1)));
}

absl::Status SetTime(const char* flag, const std::string& text, google::protobuf::Timestamp* out) {
  absl::StatusOr<absl::Time> time = ParseTimestamp(text);
  if (!time.ok()) return absl::InvalidArgumentError(absl::StrCat(flag, ": ", time.status().message()));
  *out = ToWire(*time);
  return absl::OkStatus();
}

absl::StatusOr<absl::Duration> ParseSpan(const char* flag, const std::string& text) {
  double days = 0;
  absl::Duration span;
  if (absl::EndsWith(text, "d") &&
      absl::SimpleAtod(absl::string_view(text).substr(0, text.size() - 1), &days)) {
    span = absl::Hours(24) * days;
  } else if (!absl::ParseDuration(text, &span)) {
    span = absl::InfiniteDuration();
  }
  if (span <= absl::ZeroDuration() || span > absl::Hours(24 * 366)) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": '", text, "' is no span; allowed are such as 30m, 6h or 7d, up to 366d"));
  }
  return span;
}

}  // namespace slowwave
