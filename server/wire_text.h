// Requests whose text is not UTF-8.
//
// Protobuf refuses to parse a proto3 message that holds a `string` which is not UTF-8, and gRPC then answers
// without a word about the field (UNIMPLEMENTED, of all codes). Here such a message is repaired and parsed
// all the same, with a list of the fields that were bad, so that the caller can name them, or refuse one
// episode of many.
#ifndef SLOWWAVE_SERVER_WIRE_TEXT_H_
#define SLOWWAVE_SERVER_WIRE_TEXT_H_

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace slowwave {

// Paths of fields whose text was not UTF-8, in the order of the wire: 'user', 'episodes[3].text',
// 'episodes[0].entities[2]'.
using BadText = std::vector<std::string>;

// InvalidArgument: not a message of this type at all. Bad text is replaced by question marks in `message` and
// listed in `bad`.
absl::Status ParseWire(std::string wire, google::protobuf::Message& message, BadText& bad);

// The first of `bad` that is `path`, or lies under it ('episodes[3]' holds 'episodes[3].text'); null if none.
// `path` empty: the first.
const std::string* FindBad(const BadText& bad, absl::string_view path);

// InvalidArgument naming the field.
absl::Status NotUtf8(absl::string_view path);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_WIRE_TEXT_H_
