#include "core/extractor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/builtin_extractor.h"

namespace slowwave {

absl::StatusOr<ChunkReply> Extractor::Recall(const Chunk&, const std::string&) const {
  return absl::InvalidArgumentError("this extractor keeps no journal");
}

std::string BuiltinExtractor::name() const { return absl::StrCat("builtin/", kBuiltinExtractorVersion); }

void BuiltinExtractor::Extract(const Chunk& chunk, StopFlag, Done done) {
  ChunkReply reply;
  reply.gists = ExtractBuiltin(chunk);
  reply.outcomes["ok"] = 1;
  done(std::move(reply));
}

}  // namespace slowwave
