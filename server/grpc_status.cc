#include "server/grpc_status.h"

#include <string>

namespace slowwave {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  constexpr size_t kMaxMessage = 1024;
  std::string message(status.message());
  if (message.size() > kMaxMessage) {
    size_t end = kMaxMessage;
    while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0) == 0x80) --end;
    message.resize(end);
  }
  // The canonical codes have the same numbers on both sides.
  return grpc::Status(static_cast<grpc::StatusCode>(status.raw_code()), message);
}

}  // namespace slowwave
