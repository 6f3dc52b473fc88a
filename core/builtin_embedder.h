// A deterministic lexical embedding, for episodes that come without one when no endpoint is configured.
#ifndef SLOWWAVE_CORE_BUILTIN_EMBEDDER_H_
#define SLOWWAVE_CORE_BUILTIN_EMBEDDER_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace slowwave {

// A length that no model is known to have, so that these are never compared with a model's vectors.
inline constexpr int kBuiltinEmbeddingDimension = 509;

// Hashed words and character n-grams, stop words damped, L2-normalised; the same on every machine. The zero
// vector for a text without any word. Any thread.
std::vector<float> EmbedBuiltin(absl::string_view text);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_BUILTIN_EMBEDDER_H_
