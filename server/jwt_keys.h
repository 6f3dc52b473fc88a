// The public keys that JWTs are verified with, from a file that the issuer's operator gives.
#ifndef SLOWWAVE_SERVER_JWT_KEYS_H_
#define SLOWWAVE_SERVER_JWT_KEYS_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace slowwave {

struct JwtKey {
  std::string kid;                   // empty: it has no name
  std::string pem;                   // SubjectPublicKeyInfo
  std::set<std::string> algorithms;  // that it verifies: RS256, RS384, RS512, or one of ES256, ES384, ES512
};

// Keys in a file, so many that trying all of them for one token stays cheap.
inline constexpr size_t kMaxJwtKeys = 16;

// `text`: PEM public keys one after another, or a JWKS (RFC 7517, a JSON object). Of a JWKS keys of other
// kinds and keys for encryption are passed over. InvalidArgument, with what is wrong: a private or a
// symmetric key (it has no business there), RSA under 2048 bits, a curve other than P-256, P-384 and P-521,
// two keys of one name, no key at all, more than kMaxJwtKeys, over 1 MiB.
absl::StatusOr<std::vector<JwtKey>> ParseJwtKeys(absl::string_view text);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_JWT_KEYS_H_
