// Reads what a language model answered. Survives anything. Pure functions; any thread.
#ifndef SLOWWAVE_CORE_REPLY_PARSER_H_
#define SLOWWAVE_CORE_REPLY_PARSER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/extraction.h"

namespace slowwave {

// Grows with every change of what is understood.
inline constexpr char kParserVersion[] = "1";

// The gists of `content`, in order; their citations index `chunk`. Understood: {"gists": [...]}, a list of
// gists, one bare gist, each also inside Markdown fences or with words around it. A gist that is not in the
// form asked for comes with its `defect`; one without the member `evidence` cites every memory of the chunk
// and is marked `guessed`. InvalidArgument, in a stable word: see ParseGuardedJson, or wrong_shape.
absl::StatusOr<std::vector<Gist>> ParseReply(absl::string_view content, const Chunk& chunk);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_REPLY_PARSER_H_
