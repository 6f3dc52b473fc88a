// One page of a list, within what a client may receive.
#ifndef SLOWWAVE_SERVER_PAGING_H_
#define SLOWWAVE_SERVER_PAGING_H_

#include <algorithm>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "server/page_token.h"
#include "server/validation.h"

namespace slowwave {

// gRPC clients take 4 MiB unless told otherwise.
inline constexpr size_t kMaxAnswerBytes = 3'500'000;

// Judges page_size and page_token and fills a page. `fetch`(after, limit, response) adds at most `limit`
// items, sets the store's next as next_page_token, and returns a status; it is called again with a smaller
// limit if the answer is too large.
template <typename Response, typename Request, typename Fetch>
absl::StatusOr<Response> FillPage(const Request& request, const std::string& scope, Fetch fetch) {
  absl::StatusOr<int> size = CheckPageSize(request.page_size());
  if (!size.ok()) return size.status();
  absl::StatusOr<std::string> after = ReadPageToken(scope, request.page_token());
  if (!after.ok()) return after.status();
  for (int limit = *size;; limit = std::max(1, limit / 4)) {
    Response response;
    if (absl::Status status = fetch(*after, limit, response); !status.ok()) return status;
    if (limit > 1 && response.ByteSizeLong() > kMaxAnswerBytes) continue;
    response.set_next_page_token(MakePageToken(scope, response.next_page_token()));
    return response;
  }
}

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_PAGING_H_
