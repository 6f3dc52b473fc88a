// Page tokens: opaque outside, bound to the list they came from.
#ifndef SLOWWAVE_SERVER_PAGE_TOKEN_H_
#define SLOWWAVE_SERVER_PAGE_TOKEN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace slowwave {

// `scope`: what the list depends on (call, user, filters). `next`: the store's; empty gives an empty token.
std::string MakePageToken(absl::string_view scope, absl::string_view next);

// What MakePageToken was given. InvalidArgument: not a token, or of a list with another scope.
absl::StatusOr<std::string> ReadPageToken(absl::string_view scope, const std::string& token);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_PAGE_TOKEN_H_
