// JSON from outside, with a guard in front of the parser.
#ifndef SLOWWAVE_SERVER_JSON_OBJECT_H_
#define SLOWWAVE_SERVER_JSON_OBJECT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace slowwave {

// InvalidArgument, in words that follow a field's name ('is not JSON', 'is nested too deep', 'names a member
// twice', 'holds a NUL', 'is not an object').
absl::StatusOr<nlohmann::json> ParseJsonObject(absl::string_view text, int max_depth);

// The same object, compact, with its names sorted: equal objects give equal text. Errors as ParseJsonObject.
absl::StatusOr<std::string> NormalJsonObject(absl::string_view text, int max_depth);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_JSON_OBJECT_H_
