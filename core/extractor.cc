#include "core/extractor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/builtin_extractor.h"

namespace slowwave {

std::string BuiltinExtractor::name() const { return absl::StrCat("builtin/", kBuiltinExtractorVersion); }

void BuiltinExtractor::Extract(const Chunk& chunk, Done done) {
  ChunkReply reply;
  reply.gists = ExtractBuiltin(chunk);
  reply.outcome = "ok";
  done(std::move(reply));
}

}  // namespace slowwave
