#include "core/run_state.h"

namespace slowwave {
namespace {

constexpr int64_t kQuestionBytes = 6 << 10;  // of the system message and the schema, which each question has
constexpr int64_t kEachTextTwice = 2;        // as the messages, and as the body that is sent

int64_t BytesOf(const std::string& text) { return static_cast<int64_t>(sizeof(text) + text.capacity()); }

int64_t BytesOf(const Episode& e) {
  int64_t bytes = static_cast<int64_t>(sizeof(e) + e.embedding.capacity() * sizeof(float) + e.id.capacity() +
                                       e.text.capacity() + e.speaker.capacity() + e.session_id.capacity() +
                                       e.metadata.capacity());
  for (const std::string& entity : e.entities) bytes += BytesOf(entity);
  return bytes;
}

}  // namespace

int64_t BytesOf(const ChunkReply& reply) {
  int64_t bytes = static_cast<int64_t>(sizeof(reply) + reply.journal.capacity());
  for (const Gist& gist : reply.gists) {
    bytes += static_cast<int64_t>(sizeof(gist) + gist.text.capacity() + gist.subject.capacity() +
                                  gist.predicate.capacity() + gist.key.capacity() + gist.defect.capacity());
    if (gist.value) bytes += static_cast<int64_t>(gist.value->capacity());
    for (const Citation& citation : gist.evidence) {
      bytes += static_cast<int64_t>(sizeof(citation) + citation.quote.capacity());
    }
  }
  return bytes;
}

int64_t BytesOfQuestion(const Chunk& chunk) {
  int64_t bytes = 0;
  for (const ChunkMemory& memory : chunk.memories) bytes += static_cast<int64_t>(memory.episode->text.size());
  for (const Episode* episode : chunk.context) bytes += static_cast<int64_t>(episode->text.size());
  return kQuestionBytes + kEachTextTwice * bytes;
}

int64_t BytesOf(const RunState& run) {
  int64_t bytes = static_cast<int64_t>(sizeof(run) + run.claimed.plan.capacity());
  for (const Episode& episode : run.sample.episodes) bytes += BytesOf(episode);
  for (const Episode& episode : run.sample.context) bytes += BytesOf(episode);
  for (size_t c = 0; c < run.chunks.size(); ++c) {
    const bool answered = c < run.recalled.size() && run.recalled[c];
    bytes += answered ? BytesOf(run.replies[c]) : BytesOfQuestion(run.chunks[c]);
  }
  return bytes;
}

void FreeWhatChunksNeedNot(RunState& run) {
  for (auto* episodes : {&run.sample.episodes, &run.sample.context}) {
    for (Episode& episode : *episodes) {
      Free(episode.embedding);
      Free(episode.entities);
      Free(episode.metadata);
    }
  }
  Free(run.claimed.plan);
}

}  // namespace slowwave
