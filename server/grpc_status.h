// The one place where our statuses become gRPC's.
#ifndef SLOWWAVE_SERVER_GRPC_STATUS_H_
#define SLOWWAVE_SERVER_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace slowwave {

// The same code and message. A message is cut at 1024 bytes (it travels as an HTTP/2 header), between
// characters.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_GRPC_STATUS_H_
