// One page of a list, within what a client may receive.
#ifndef SLOWWAVE_SERVER_PAGING_H_
#define SLOWWAVE_SERVER_PAGING_H_

#include <google/protobuf/message.h>

#include <algorithm>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "server/page_token.h"
#include "server/validation.h"

namespace slowwave {

// gRPC clients take 4 MiB unless told otherwise.
inline constexpr size_t kMaxAnswerBytes = 3'500'000;

// How much is asked of the store at a time: the first time, and at most. Nobody knows how large an item is
// until it has been read, so that a page of the largest has to begin small.
inline constexpr int kFirstStep = 16;
inline constexpr int kLargestStep = 256;

// How many entries its only list has.
inline int ItemsOf(const google::protobuf::Message& response) {
  for (int i = 0; i < response.GetDescriptor()->field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *response.GetDescriptor()->field(i);
    if (field.is_repeated()) return response.GetReflection()->FieldSize(response, &field);
  }
  return 0;
}

// How many to ask for after `items` of `bytes` altogether, the last time `step`: what is left to fill, were
// all as large as these, and never many more than the last time.
inline int NextStep(int step, int items, size_t bytes, int largest) {
  const size_t left = bytes < kMaxAnswerBytes ? kMaxAnswerBytes - bytes : 0;
  const size_t fit = items == 0 || bytes == 0 ? kLargestStep : left * static_cast<size_t>(items) / bytes;
  const auto bound = static_cast<size_t>(std::min(largest, 4 * step));
  return static_cast<int>(std::clamp<size_t>(fit, 1, bound));
}

// Judges page_size and page_token and fills a page, in steps, until it has as many items as are wanted or as
// many bytes as a client takes. `fetch`(after, limit, response) adds at most `limit` items, sets the store's
// next as next_page_token, and returns a status. `largest`: what to ask for at most, where what is read is
// much larger than what is answered.
template <typename Response, typename Request, typename Fetch>
absl::StatusOr<Response> FillPage(const Request& request, const std::string& scope, Fetch fetch,
                                  int largest = kLargestStep) {
  absl::StatusOr<int> size = CheckPageSize(request.page_size());
  if (!size.ok()) return size.status();
  absl::StatusOr<std::string> after = ReadPageToken(scope, request.page_token());
  if (!after.ok()) return after.status();
  Response page;
  int items = 0, step = std::min(kFirstStep, largest);
  for (bool more = true; more;) {
    step = std::min(step, *size - items);
    Response part;
    if (absl::Status status = fetch(*after, step, part); !status.ok()) return status;
    if (page.ByteSizeLong() + part.ByteSizeLong() > kMaxAnswerBytes && (items > 0 || step > 1)) {
      if (items > 0) break;  // it is the next page's
      step = std::max(1, step / 4);
      continue;
    }
    *after = part.next_page_token();
    part.clear_next_page_token();
    items += ItemsOf(part);
    page.MergeFrom(part);
    step = NextStep(step, items, page.ByteSizeLong(), largest);
    more = !after->empty() && items < *size && page.ByteSizeLong() < kMaxAnswerBytes;
  }
  page.set_next_page_token(MakePageToken(scope, *after));
  return page;
}

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_PAGING_H_
