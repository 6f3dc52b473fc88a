// JSON from somebody we do not trust: a language model, an endpoint.
#ifndef SLOWWAVE_CORE_GUARDED_JSON_H_
#define SLOWWAVE_CORE_GUARDED_JSON_H_

#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace slowwave {

inline constexpr size_t kMaxJsonBytes = 4 << 20;
inline constexpr int kMaxJsonDepth = 32;

// One JSON text, whole. InvalidArgument, in a few words and without the text: too_large (over 4 MiB),
// too_deep (nesting over 32), duplicate_key, nul (in a string or outside), not_a_number (1e999), not_json
// (which includes what is not UTF-8).
absl::StatusOr<nlohmann::json> ParseGuardedJson(absl::string_view text);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_GUARDED_JSON_H_
