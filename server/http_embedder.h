// An OpenAI-compatible embeddings endpoint over HTTP. Texts go in batches over a client of its own, which
// retries, waits and breaks as the LLM endpoint's does.
#ifndef SLOWWAVE_SERVER_HTTP_EMBEDDER_H_
#define SLOWWAVE_SERVER_HTTP_EMBEDDER_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/embedder.h"
#include "server/http_llm_client.h"

namespace slowwave {

struct HttpEmbedderOptions {
  HttpLlmOptions client;    // its kind and format do not matter
  int texts_per_call = 64;  // >= 1
};

class HttpEmbedder : public Embedder {
 public:
  // Longer texts are embedded by their beginning.
  static constexpr size_t kMaxTextBytes = 16 << 10;
  static constexpr size_t kMaxCallBytes = 128 << 10;

  // Errors as HttpLlmClient::Start. `registry` outlives it.
  static absl::StatusOr<std::unique_ptr<HttpEmbedder>> Start(HttpEmbedderOptions options,
                                                             prometheus::Registry& registry);
  const std::string& model() const override { return client_->model(); }
  bool down() const { return client_->down(); }
  // A batch that the endpoint refuses is halved until the text it means stands alone.
  void Embed(EmbedRequest request, Done done) override;
  // As HttpLlmClient::Stop.
  void Stop() { client_->Stop(); }

 private:
  struct Job;
  HttpEmbedder(int texts_per_call, std::unique_ptr<HttpLlmClient> client);
  void Ask(const std::shared_ptr<Job>& job, size_t begin, size_t end);
  void Answered(const std::shared_ptr<Job>& job, size_t begin, size_t end, LlmReply reply);
  void Take(Job& job, size_t begin, size_t end, const std::string& packed);

  const size_t texts_per_call_;
  std::atomic<size_t> dimension_ = 0;  // of the last answer
  const std::unique_ptr<HttpLlmClient> client_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_HTTP_EMBEDDER_H_
