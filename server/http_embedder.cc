#include "server/http_embedder.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "core/embedding.h"
#include "server/embedding_wire.h"

namespace slowwave {
namespace {

// At most so many bytes, and no character cut in two.
std::string Beginning(std::string text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  text.resize(limit);
  return text;
}

}  // namespace

struct HttpEmbedder::Job {
  std::vector<std::string> texts;
  std::vector<size_t> source;  // their places in the request
  StopFlag stop;
  std::string traceparent;
  Done done;
  absl::Mutex mu;
  int open ABSL_GUARDED_BY(mu) = 1;  // calls asked for, and Embed itself
  EmbedReply reply ABSL_GUARDED_BY(mu);

  // One less is open; the last one answers.
  void Close() {
    EmbedReply all;
    {
      absl::MutexLock lock(&mu);
      if (--open > 0) return;
      all = std::move(reply);
    }
    done(std::move(all));
  }
};

HttpEmbedder::HttpEmbedder(int texts_per_call, std::unique_ptr<HttpLlmClient> client)
    : texts_per_call_(static_cast<size_t>(texts_per_call)), client_(std::move(client)) {}

absl::StatusOr<std::unique_ptr<HttpEmbedder>> HttpEmbedder::Start(HttpEmbedderOptions options,
                                                                  prometheus::Registry& registry) {
  if (options.texts_per_call < 1) return absl::InvalidArgumentError("embedding: no text a call");
  options.client.kind = EndpointKind::kEmbeddings;
  absl::StatusOr<std::unique_ptr<HttpLlmClient>> client =
      HttpLlmClient::Start(std::move(options.client), registry);
  if (!client.ok()) return client.status();
  return std::unique_ptr<HttpEmbedder>(new HttpEmbedder(options.texts_per_call, *std::move(client)));
}

void HttpEmbedder::Embed(EmbedRequest request, Done done) {
  auto job = std::make_shared<Job>();
  job->stop = std::move(request.stop);
  job->traceparent = std::move(request.traceparent);
  job->done = std::move(done);
  {
    absl::MutexLock lock(&job->mu);
    job->reply.vectors.resize(request.texts.size());
  }
  for (size_t i = 0; i < request.texts.size(); ++i) {
    // Endpoints refuse the whole batch for one that is blank.
    if (absl::StripAsciiWhitespace(request.texts[i]).empty()) continue;
    job->texts.push_back(Beginning(std::move(request.texts[i]), kMaxTextBytes));
    job->source.push_back(i);
  }
  size_t begin = 0, bytes = 0;
  for (size_t i = 0; i < job->texts.size(); ++i) {
    if (i > begin && (i - begin == texts_per_call_ || bytes + job->texts[i].size() > kMaxCallBytes)) {
      Ask(job, begin, i);
      begin = i;
      bytes = 0;
    }
    bytes += job->texts[i].size();
  }
  if (begin < job->texts.size()) Ask(job, begin, job->texts.size());
  job->Close();
}

void HttpEmbedder::Ask(const std::shared_ptr<Job>& job, size_t begin, size_t end) {
  LlmRequest request;
  request.stop = job->stop;
  request.traceparent = job->traceparent;
  for (size_t i = begin; i < end; ++i) request.messages.push_back({"", job->texts[i]});
  {
    absl::MutexLock lock(&job->mu);
    ++job->open;
  }
  client_->Complete(std::move(request),
                    [this, job, begin, end](LlmReply reply) { Answered(job, begin, end, std::move(reply)); });
}

void HttpEmbedder::Answered(const std::shared_ptr<Job>& job, size_t begin, size_t end, LlmReply reply) {
  const size_t count = end - begin;
  const bool too_much = reply.outcome == LlmOutcome::kLength || reply.outcome == LlmOutcome::kBadRequest ||
                        reply.outcome == LlmOutcome::kRefused;
  {
    absl::MutexLock lock(&job->mu);
    job->reply.calls += reply.calls;
    job->reply.tokens += reply.prompt_tokens;
    if (reply.outcome == LlmOutcome::kDown) {
      job->reply.status.Update(absl::UnavailableError(absl::StrCat("embedding endpoint: ", reply.detail)));
    } else if (reply.outcome == LlmOutcome::kStopped) {
      job->reply.status.Update(absl::CancelledError("the run was stopped"));
    } else if (reply.outcome != LlmOutcome::kOk && !(too_much && count > 1)) {
      job->reply.problems.push_back(
          absl::StrCat(count, " memories have no embedding of the endpoint's: ", reply.detail));
    }
  }
  if (reply.outcome == LlmOutcome::kOk) Take(*job, begin, end, reply.content);
  if (too_much && count > 1) {
    Ask(job, begin, begin + count / 2);
    Ask(job, begin + count / 2, end);
  }
  job->Close();
}

void HttpEmbedder::Take(Job& job, size_t begin, size_t end, const std::string& packed) {
  std::vector<std::vector<float>> vectors = UnpackVectors(packed, end - begin);
  const size_t dimension = vectors.front().size();
  const size_t before = dimension_.exchange(dimension);
  absl::MutexLock lock(&job.mu);
  if (before != 0 && before != dimension) {
    const std::string changed =
        absl::StrCat("the embedding endpoint answers with ", dimension, " numbers a text now, and ", before,
                     " before: its model changed");
    spdlog::warn("{}", changed);
    job.reply.problems.push_back(changed);
  }
  for (size_t i = begin; i < end; ++i) {
    std::vector<float>& vector = vectors[i - begin];
    if (CheckEmbedding(vector).ok()) job.reply.vectors[job.source[i]] = std::move(vector);
  }
}

}  // namespace slowwave
