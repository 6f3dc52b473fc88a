// ExportUser: a header, the tenant's own slots, the episodes.
#ifndef SLOWWAVE_SERVER_EXPORT_H_
#define SLOWWAVE_SERVER_EXPORT_H_

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/service_env.h"
#include "slowwave/v1/memory.pb.h"

namespace slowwave {

// One export. Used by one thread at a time; may block. `env` outlives it.
class UserExport {
 public:
  // `user` is judged by the first Next().
  UserExport(const ServiceEnv& env, v1::ExportUserRequest request)
      : env_(env), request_(std::move(request)) {}
  // The next records, each serialised, of about 1 MB together; none at the end. InvalidArgument, NotFound.
  absl::StatusOr<std::vector<grpc::ByteBuffer>> Next();

 private:
  absl::StatusOr<std::vector<grpc::ByteBuffer>> Head();

  const ServiceEnv& env_;
  const v1::ExportUserRequest request_;
  UserKey user_;
  bool begun_ = false;
  bool ended_ = false;
  std::string after_;
  int at_a_time_ = 4;  // the first time; none is larger than some 200 KB
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_EXPORT_H_
