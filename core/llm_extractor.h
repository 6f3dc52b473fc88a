// Has a language model say what a chunk amounts to, whatever comes back: a cut-off answer splits the chunk, a
// refused memory is found by splitting until it stands alone, an answer in the wrong form is asked for once
// more.
#ifndef SLOWWAVE_CORE_LLM_EXTRACTOR_H_
#define SLOWWAVE_CORE_LLM_EXTRACTOR_H_

#include <memory>
#include <string>

#include "core/extractor.h"
#include "core/llm_client.h"

namespace slowwave {

// The reply that a journal was made of, as Extractor::Recall: with any endpoint's, and with none.
absl::StatusOr<ChunkReply> ReplyOfJournal(const Chunk& chunk, const std::string& journal);
// Name of every LlmExtractor of this version.
std::string LlmReaderName();

class LlmExtractor : public Extractor {
 public:
  // `client` outlives this. `max_reply_tokens` 0: the endpoint's own limit; with a budget then kReplyTokens.
  explicit LlmExtractor(LlmClient& client, int max_reply_tokens = 0);
  static constexpr int kReplyTokens = 4096;
  std::string name() const override;
  std::string model() const override;
  std::string prompt_version() const override;
  void PostTo(Post post) override { post_ = std::move(post); }
  std::string QuestionOf(const Chunk& chunk) const override;
  absl::StatusOr<ChunkReply> Recall(const Chunk& chunk, const std::string& journal) const override;
  void Extract(const Chunk& chunk, StopFlag stop, Done done) override;

 private:
  struct Part;
  struct Job;
  void Ask(const std::shared_ptr<Job>& job, Part part, const std::string& bad_answer);
  // The budget refused.
  void NotAsked(const std::shared_ptr<Job>& job, const Part& part, const absl::Status& why);
  void Answered(const std::shared_ptr<Job>& job, Part part, LlmReply reply);
  void Read(const std::shared_ptr<Job>& job, Part part, LlmReply reply);
  // Asks about both halves of a part of several memories; false if there is but one.
  static bool MayBlameMemories(Job& job);
  bool Split(const std::shared_ptr<Job>& job, const Part& part);
  void Leave(Job& job, const Part& part, const std::string& why);
  // One part less is open; the last one answers for the chunk.
  void Close(const std::shared_ptr<Job>& job);

  LlmClient& client_;
  const int max_reply_tokens_;
  Post post_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_LLM_EXTRACTOR_H_
