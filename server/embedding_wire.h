// What goes to an embeddings endpoint and what its answers mean. Pure functions: no socket, no clock.
#ifndef SLOWWAVE_SERVER_EMBEDDING_WIRE_H_
#define SLOWWAVE_SERVER_EMBEDDING_WIRE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/llm_wire.h"

namespace slowwave {

// The contents of `request`'s messages as one call's input. InvalidArgument, without a text's content: one is
// not UTF-8.
absl::StatusOr<std::string> EmbeddingBody(const std::string& model, const LlmRequest& request);

// `texts`: how many were asked about. The content of an answer that is good: their vectors as
// bytes, for UnpackVectors, in order of the texts (matched by `index`; numbers, or base64 of little-endian
// float32). An answer of another number of vectors, of several lengths, or with a number that is not finite
// is a bad one, and asked for again.
CallVerdict JudgeEmbeddings(const HttpAnswer& answer, size_t texts, absl::Time now);

// `count` vectors of one length, as bytes.
std::vector<std::vector<float>> UnpackVectors(const std::string& packed, size_t count);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_EMBEDDING_WIRE_H_
