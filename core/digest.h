// SHA-256, from OpenSSL. Pure, any thread.
#ifndef SLOWWAVE_CORE_DIGEST_H_
#define SLOWWAVE_CORE_DIGEST_H_

#include <string>

#include "absl/strings/string_view.h"

namespace slowwave {

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(absl::string_view bytes);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_DIGEST_H_
