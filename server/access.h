// Who calls, and what they may do: bearer tokens from a file of their hashes, each of one tenant (or all)
// with roles. The file is read again when it changes.
#ifndef SLOWWAVE_SERVER_ACCESS_H_
#define SLOWWAVE_SERVER_ACCESS_H_

#include <google/protobuf/message.h>
#include <sys/stat.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace slowwave {

// What a call needs. Bits.
enum class Role : unsigned {
  kRead = 1,     // memories, facts, tasks, reports
  kWrite = 2,    // tell memories, ask for sleep
  kOperate = 4,  // cancel, retry, slots, tenant settings
  kErase = 8,    // forget
};

// Of a method of either service, by its plain name. Nothing if there is none: then nobody may call it.
std::optional<Role> RoleOf(absl::string_view method);

struct Caller {
  std::string name;    // for the audit
  std::string tenant;  // `*`: all
  unsigned roles = 0;
  std::optional<absl::Time> expires;
};

// Null: nobody is asked who they are.
using CallerPtr = std::shared_ptr<const Caller>;

// Any thread.
class Access {
 public:
  // The file is YAML, a list of {name, sha256, tenant, roles, expires?}; see README. InvalidArgument names
  // what is wrong in it; NotFound.
  static absl::StatusOr<std::unique_ptr<Access>> Open(std::string path);

  // `authorization`: that header, `Bearer TOKEN`. Unauthenticated: it is missing, of another kind, unknown or
  // expired. If the file has changed and cannot be read, what it said before still holds, and a line is
  // logged.
  absl::StatusOr<CallerPtr> Authenticate(absl::string_view authorization);

 private:
  using Callers = std::map<std::string, CallerPtr>;  // by hash of the token
  // What tells one version of the file from another.
  struct Stamp {
    int64_t nanos = 0, size = 0;
    uint64_t inode = 0;
    bool operator==(const Stamp& other) const {
      return nanos == other.nanos && size == other.size && inode == other.inode;
    }
  };

  explicit Access(std::string path) : path_(std::move(path)) {}
  static absl::StatusOr<Callers> Read(const std::string& path);
  static Stamp StampOf(const std::string& path);

  const std::string path_;
  absl::Mutex mu_;
  Stamp stamp_ ABSL_GUARDED_BY(mu_);
  Callers callers_ ABSL_GUARDED_BY(mu_);
};

// PermissionDenied: the caller has not that role.
absl::Status CheckRole(const CallerPtr& caller, Role role);

// Gives a request that names no tenant the caller's. PermissionDenied: it names another's.
absl::Status CheckTenantOf(const CallerPtr& caller, google::protobuf::Message& request);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_ACCESS_H_
