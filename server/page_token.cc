#include "server/page_token.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/validation.h"

namespace slowwave {
namespace {

// FNV-1a: guards against mix-ups, not against forgery (a forged token shows nothing that the call would not).
std::string Check(absl::string_view scope, absl::string_view next) {
  uint64_t hash = 14695981039346656037u;
  for (const absl::string_view part : {scope, absl::string_view("\0", 1), next}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad16));
}

}  // namespace

std::string MakePageToken(absl::string_view scope, absl::string_view next) {
  if (next.empty()) return "";
  return absl::WebSafeBase64Escape(absl::StrCat(Check(scope, next), next));
}

absl::StatusOr<std::string> ReadPageToken(absl::string_view scope, const std::string& token) {
  if (token.empty()) return std::string();
  std::string bytes;
  if (token.size() > kMaxPageTokenBytes || !absl::WebSafeBase64Unescape(token, &bytes) ||
      bytes.size() <= 16 || bytes.substr(0, 16) != Check(scope, absl::string_view(bytes).substr(16))) {
    return absl::InvalidArgumentError(
        "page_token is not one of this list; allowed: next_page_token of the last page, with the same "
        "request");
  }
  return bytes.substr(16);
}

}  // namespace slowwave
