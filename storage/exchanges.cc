#include "storage/exchanges.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/store.h"

namespace slowwave {
namespace {

constexpr absl::Duration kForEver = absl::Hours(1000 * 365 * 24);

absl::Status CheckCount(size_t count) {
  if (count <= kMaxExchanges) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("exchanges: ", count, " in one call, limit ", kMaxExchanges));
}

}  // namespace

absl::Status CheckHashes(const std::vector<std::string>& request_hashes) {
  return CheckCount(request_hashes.size());
}

absl::Status CheckExchanges(const std::vector<Exchange>& exchanges) {
  if (absl::Status checked = CheckCount(exchanges.size()); !checked.ok()) return checked;
  size_t bytes = 0;
  for (const Exchange& one : exchanges) {
    bytes += one.reply.size();
    if (one.reply.size() > kMaxReplyBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("exchanges: a reply of ", one.reply.size(), " bytes, limit ", kMaxReplyBytes));
    }
  }
  if (bytes <= kMaxRepliesBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("exchanges: replies of ", bytes, " bytes in one call, limit ", kMaxRepliesBytes));
}

absl::Duration ClampRetention(absl::Duration retention) {
  return std::clamp(retention, absl::ZeroDuration(), kForEver);
}

}  // namespace slowwave
