// Bearer tokens that somebody else signed: JWTs (RFC 7519) in their compact form.
//
// What is believed: RS256, RS384, RS512, ES256, ES384 and ES512, each only with a key made for it, from a
// file that is read again when it changes. Never `none`, never HMAC. libjwt verifies the signature; what the
// token then says is read here, by the parser for what nobody trusts.
#ifndef SLOWWAVE_SERVER_JWT_H_
#define SLOWWAVE_SERVER_JWT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/clock.h"
#include "server/caller.h"
#include "server/file_stamp.h"
#include "server/jwt_keys.h"

namespace slowwave {

struct JwtOptions {
  std::string keys_file;
  std::string issuer, audience;  // `iss` must be this, `aud` hold it
  // A member of the claims, or a JSON pointer (RFC 6901) into them if it begins with a slash.
  std::string tenant_claim = "tenant", roles_claim = "roles";
  absl::Duration leeway;  // for clocks that differ
};

// Any thread.
class JwtVerifier {
 public:
  // NotFound, InvalidArgument: the keys cannot be had, see ParseJwtKeys.
  static absl::StatusOr<std::unique_ptr<JwtVerifier>> Open(JwtOptions options, Clock now = SystemClock());

  // Three parts with a dot between them; nothing more is looked at.
  static bool LooksLikeOne(absl::string_view token);

  // Who the token says calls: `sub` (as jwt:SUB), the tenant, and of the roles those that are ours; none may
  // be left. Unauthenticated, with what is wrong and nothing of the token. A tenant that would mean all is
  // refused: that is for tokens of our own. If the keys have changed and cannot be read, the ones before
  // still hold, and a line is logged.
  absl::StatusOr<CallerPtr> Verify(absl::string_view token);

 private:
  using Keys = std::shared_ptr<const std::vector<JwtKey>>;

  JwtVerifier(JwtOptions options, Clock now) : options_(std::move(options)), now_(std::move(now)) {}
  static absl::StatusOr<Keys> Read(const std::string& path);
  Keys CurrentKeys();

  const JwtOptions options_;
  const Clock now_;
  absl::Mutex mu_;
  FileStamp stamp_ ABSL_GUARDED_BY(mu_);
  Keys keys_ ABSL_GUARDED_BY(mu_);
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_JWT_H_
