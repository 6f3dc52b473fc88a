#include "server/http_llm_client.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/embedding_wire.h"
#include "server/http_transfers.h"
#include "server/llm_dispatcher.h"

namespace slowwave {
namespace {

std::function<double()> Dice() {
  return [generator = std::make_shared<absl::BitGen>()] { return absl::Uniform(*generator, 0.0, 1.0); };
}

absl::Status Check(const HttpLlmOptions& options) {
  if (absl::Status s = CheckBaseUrl(options.base_url); !s.ok()) return s;
  if (options.model.empty()) return absl::InvalidArgumentError("no model is named");
  if (options.max_in_flight < 1) return absl::InvalidArgumentError("at least one call has to be in flight");
  if (!std::all_of(options.api_key.begin(), options.api_key.end(),
                   [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); })) {
    return absl::InvalidArgumentError("the API key has a character that cannot stand in a header");
  }
  return absl::OkStatus();
}

HttpTransferOptions TransferOptions(const HttpLlmOptions& options) {
  HttpTransferOptions transfers;
  absl::string_view base = options.base_url;
  while (absl::ConsumeSuffix(&base, "/")) {
  }
  transfers.url =
      absl::StrCat(base, options.kind == EndpointKind::kChat ? "/chat/completions" : "/embeddings");
  transfers.api_key = options.api_key;
  transfers.proxy = options.proxy;
  transfers.ca_file = options.ca_file;
  transfers.max_connections = options.max_in_flight;
  transfers.connect_timeout = options.connect_timeout;
  transfers.silence_timeout = options.silence_timeout;
  transfers.total_timeout = options.total_timeout;
  transfers.clock = options.clock;
  return transfers;
}

DispatchOptions DispatchOptionsOf(const HttpLlmOptions& options) {
  DispatchOptions dispatch;
  if (options.kind == EndpointKind::kChat) {
    dispatch.name = "llm";
    dispatch.body = [model = options.model](const LlmRequest& request, ResponseFormat format) {
      return ChatBody(model, request, format);
    };
    dispatch.judge = [](const LlmRequest&, const HttpAnswer& answer, ResponseFormat sent, absl::Time now) {
      return JudgeCall(answer, sent, now);
    };
  } else {
    dispatch.name = "embedding";
    dispatch.body = [model = options.model](const LlmRequest& request, ResponseFormat) {
      return EmbeddingBody(model, request);
    };
    dispatch.judge = [](const LlmRequest& request, const HttpAnswer& answer, ResponseFormat, absl::Time now) {
      return JudgeEmbeddings(answer, request.messages.size(), now);
    };
  }
  dispatch.secret = options.api_key;
  dispatch.max_in_flight = options.max_in_flight;
  dispatch.requests_per_minute = options.requests_per_minute;
  dispatch.tokens_per_minute = options.tokens_per_minute;
  dispatch.prompt_price = options.prompt_price;
  dispatch.completion_price = options.completion_price;
  dispatch.format = options.format;
  dispatch.retry = options.retry;
  dispatch.breaker = options.breaker;
  dispatch.clock = options.clock;
  dispatch.wall_clock = options.wall_clock;
  dispatch.chance = options.chance ? options.chance : Dice();
  return dispatch;
}

// The library writes to sockets that the other side may have closed.
void BlockBrokenPipes() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

absl::Status CheckBaseUrl(absl::string_view url) {
  absl::string_view rest = url;
  const bool known = absl::ConsumePrefix(&rest, "http://") || absl::ConsumePrefix(&rest, "https://");
  const absl::string_view host = rest.substr(0, rest.find('/'));
  const bool plain = std::all_of(rest.begin(), rest.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '?' && c != '#' && c != '@';
  });
  if (known && plain && !host.empty() && host.front() != ':') return absl::OkStatus();
  return absl::InvalidArgumentError(
      "is not an address of an endpoint; allowed: http://HOST/PATH or https://HOST/PATH, such as "
      "http://127.0.0.1:8000/v1, without user, query or fragment");
}

HttpLlmClient::HttpLlmClient(const HttpLlmOptions& options, prometheus::Registry& registry)
    : model_(options.model), metrics_(registry, options.kind) {}

absl::StatusOr<std::unique_ptr<HttpLlmClient>> HttpLlmClient::Start(HttpLlmOptions options,
                                                                    prometheus::Registry& registry) {
  if (absl::Status s = Check(options); !s.ok())
    return absl::Status(
        s.code(), absl::StrCat(options.kind == EndpointKind::kChat ? "llm: " : "embedding: ", s.message()));
  auto transfers = HttpTransfers::Make(TransferOptions(options));
  if (!transfers.ok()) return transfers.status();
  std::unique_ptr<HttpLlmClient> client(new HttpLlmClient(options, registry));
  client->dispatcher_ =
      std::make_unique<LlmDispatcher>(DispatchOptionsOf(options), *std::move(transfers), client->metrics_);
  absl::MutexLock lock(&client->join_mutex_);
  client->thread_ = std::thread([self = client.get()] { self->Run(); });
  return client;
}

HttpLlmClient::~HttpLlmClient() { Stop(); }

void HttpLlmClient::Complete(LlmRequest request, Done done) {
  {
    absl::MutexLock lock(&mutex_);
    if (!stopping_) {
      inbox_.emplace_back(std::move(request), std::move(done));
      dispatcher_->Wake();
      return;
    }
  }
  LlmReply reply;
  reply.outcome = LlmOutcome::kStopped;
  reply.detail = "the client is shutting down";
  done(std::move(reply));
}

void HttpLlmClient::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    dispatcher_->Wake();
  }
  absl::MutexLock lock(&join_mutex_);
  if (thread_.joinable()) thread_.join();
}

void HttpLlmClient::Run() {
  BlockBrokenPipes();
  bool stopping = false;
  while (!stopping) {
    std::vector<std::pair<LlmRequest, Done>> arrived;
    {
      absl::MutexLock lock(&mutex_);
      arrived.swap(inbox_);
      stopping = stopping_;
    }
    for (auto& [request, done] : arrived) dispatcher_->Add(std::move(request), std::move(done));
    if (!stopping) dispatcher_->Step();
  }
  dispatcher_->StopAll();
}

}  // namespace slowwave
