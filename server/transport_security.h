// What the gRPC port is wrapped in, and whom it asks who they are.
#ifndef SLOWWAVE_SERVER_TRANSPORT_SECURITY_H_
#define SLOWWAVE_SERVER_TRANSPORT_SECURITY_H_

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access.h"
#include "server/config.h"

namespace slowwave {

// TLS if `tls.cert_file` is set: its files are read again every `tls.reload_seconds`, and connections made
// then have the new ones. With `tls.client_ca_file` clients have to show a certificate of it.
// InvalidArgument: a file cannot be read, or certificate and key do not belong together.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsFrom(const Config& config);

// Whether callers have to show a token, and what it is judged by.
bool AsksWhoCalls(const Config& config);
AccessOptions AccessOptionsFrom(const Config& config);

// InvalidArgument: keys that contradict each other, or a port open to others without TLS and tokens.
absl::Status CheckSecurityKeys(const Config& config);

// Of addresses, those of loopback; of names only `localhost`, as this machine knows it. Brackets are left
// out.
bool IsLoopbackHost(const std::string& host);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_TRANSPORT_SECURITY_H_
