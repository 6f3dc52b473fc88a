#include "core/digest.h"

#include <openssl/sha.h>

#include "absl/strings/escaping.h"

namespace slowwave {

std::string Sha256Hex(absl::string_view bytes) {
  unsigned char out[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(out), sizeof out));
}

}  // namespace slowwave
