// Who calls, and what they may do: bearer tokens from a file of their hashes, each of one tenant (or all)
// with roles, and JWTs of an issuer that is trusted. The files are read again when they change.
#ifndef SLOWWAVE_SERVER_ACCESS_H_
#define SLOWWAVE_SERVER_ACCESS_H_

#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/caller.h"
#include "server/file_stamp.h"
#include "server/jwt.h"

namespace slowwave {

// What a method of either service needs, by its plain name. Nothing if there is none: then nobody may call
// it.
std::optional<Role> RoleOf(absl::string_view method);

struct AccessOptions {
  std::string tokens_file;        // empty: no tokens of our own
  std::optional<JwtOptions> jwt;  // none: no JWTs
};

// Any thread.
class Access {
 public:
  // The file of tokens is YAML, a list of {name, sha256, tenant, roles, expires?}; see README.
  // InvalidArgument names the file's key and what is wrong in it; NotFound.
  static absl::StatusOr<std::unique_ptr<Access>> Open(AccessOptions options);

  // `authorization`: that header, `Bearer TOKEN`. A token that the file does not have may be a JWT.
  // Unauthenticated: it is missing, of another kind, unknown or expired. If the file has changed and cannot
  // be read, what it said before still holds, and a line is logged.
  absl::StatusOr<CallerPtr> Authenticate(absl::string_view authorization);

 private:
  using Callers = std::map<std::string, CallerPtr>;  // by hash of the token

  Access(std::string path, std::unique_ptr<JwtVerifier> jwt) : path_(std::move(path)), jwt_(std::move(jwt)) {}
  static absl::StatusOr<Callers> Read(const std::string& path);
  // Null: the file has no such token.
  CallerPtr Known(absl::string_view token);

  const std::string path_;                  // empty: none
  const std::unique_ptr<JwtVerifier> jwt_;  // null: none
  absl::Mutex mu_;
  FileStamp stamp_ ABSL_GUARDED_BY(mu_);
  Callers callers_ ABSL_GUARDED_BY(mu_);
};

// PermissionDenied: the caller has not that role.
absl::Status CheckRole(const CallerPtr& caller, Role role);

// Gives a request that names no tenant the caller's. PermissionDenied: it names another's.
absl::Status CheckTenantOf(const CallerPtr& caller, google::protobuf::Message& request);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_ACCESS_H_
