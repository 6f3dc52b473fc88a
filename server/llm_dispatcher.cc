#include "server/llm_dispatcher.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace slowwave {
namespace {

// How long somebody who was told to stop may go unnoticed. Real time: flags are looked at however a test's
// clock stands.
constexpr std::chrono::milliseconds kSweep(100);

// Rough, and corrected by what the endpoint counts.
double EstimateTokens(const LlmRequest& request) {
  size_t bytes = 0;
  for (const LlmMessage& message : request.messages) bytes += message.content.size();
  return static_cast<double>(bytes) / 4;
}

bool IsStopped(const LlmRequest& request) { return request.stop != nullptr && request.stop->stopped(); }

}  // namespace

struct LlmDispatcher::Pending {
  LlmRequest request;
  LlmClient::Done done;
  LlmReply reply;
  Tries tries;
  // Of the call under way.
  bool probe = false;
  ResponseFormat sent = ResponseFormat::kNone;
  double estimate = 0;
  absl::Duration sent_at;
};

LlmDispatcher::LlmDispatcher(DispatchOptions options, std::unique_ptr<HttpTransfers> transfers,
                             LlmMetrics& metrics)
    : options_(std::move(options)),
      transfers_(std::move(transfers)),
      metrics_(metrics),
      requests_(options_.requests_per_minute),
      tokens_(options_.tokens_per_minute),
      breaker_(options_.breaker),
      format_(options_.format.value_or(ResponseFormat::kJsonSchema)) {}

LlmDispatcher::~LlmDispatcher() = default;

void LlmDispatcher::Add(LlmRequest request, LlmClient::Done done) {
  auto pending = std::make_unique<Pending>();
  pending->request = std::move(request);
  pending->done = std::move(done);
  if (!breaker_.MayPass(options_.clock())) return FinishDown(std::move(pending));
  ready_.push_back(std::move(pending));
}

void LlmDispatcher::Step() {
  EndStopped();
  const absl::Duration next = SendWhatMay();
  const bool idle = ready_.empty() && waiting_.empty() && in_flight_.empty();
  const absl::Duration timeout = idle ? absl::InfiniteDuration() : absl::FromChrono(kSweep);
  for (auto& [id, answer] : transfers_->Poll(std::min(next, timeout))) Handle(id, answer);
  metrics_.in_flight.Set(static_cast<double>(in_flight_.size()));
}

void LlmDispatcher::StopAll() {
  for (auto& [id, pending] : std::exchange(in_flight_, {})) {
    transfers_->Cancel(id);
    ready_.push_back(std::move(pending));
  }
  for (auto& [due, pending] : std::exchange(waiting_, {})) ready_.push_back(std::move(pending));
  for (PendingPtr& pending : std::exchange(ready_, {})) {
    Finish(std::move(pending), LlmOutcome::kStopped, "the client is shutting down");
  }
  metrics_.in_flight.Set(0);
}

void LlmDispatcher::EndStopped() {
  const auto now = std::chrono::steady_clock::now();
  if (now - swept_ < kSweep) return;
  swept_ = now;
  std::deque<PendingPtr> stopped;
  std::deque<PendingPtr> going_on;
  for (PendingPtr& pending : ready_) {
    (IsStopped(pending->request) ? stopped : going_on).push_back(std::move(pending));
  }
  ready_ = std::move(going_on);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!IsStopped(it->second->request)) {
      ++it;
      continue;
    }
    stopped.push_back(std::move(it->second));
    it = waiting_.erase(it);
  }
  for (auto it = in_flight_.begin(); it != in_flight_.end();) {
    if (!IsStopped(it->second->request)) {
      ++it;
      continue;
    }
    transfers_->Cancel(it->first);
    if (it->second->probe) breaker_.Abandoned();
    stopped.push_back(std::move(it->second));
    it = in_flight_.erase(it);
  }
  for (PendingPtr& pending : stopped) Finish(std::move(pending), LlmOutcome::kStopped, "stopped");
}

absl::Duration LlmDispatcher::SendWhatMay() {
  const absl::Duration now = options_.clock();
  // Before those that were never sent, the earliest first.
  const auto not_due = waiting_.upper_bound(now);
  auto place = ready_.begin();
  for (auto it = waiting_.begin(); it != not_due; it = waiting_.erase(it)) {
    place = std::next(ready_.insert(place, std::move(it->second)));
  }
  absl::Duration next = waiting_.empty() ? absl::InfiniteDuration() : waiting_.begin()->first - now;
  while (!ready_.empty()) {
    const double estimate = EstimateTokens(ready_.front()->request);
    const bool passes = breaker_.MayPass(now);
    if (passes && in_flight_.size() >= static_cast<size_t>(options_.max_in_flight)) break;
    if (passes) {
      const absl::Duration wait =
          std::max({requests_.Wait(1, now), tokens_.Wait(estimate, now), throttle_.Remaining(now)});
      if (wait > absl::ZeroDuration()) {
        next = std::min(next, wait);
        break;
      }
    }
    PendingPtr pending = std::move(ready_.front());
    ready_.pop_front();
    if (!passes) {
      FinishDown(std::move(pending));
    } else if (IsStopped(pending->request)) {
      Finish(std::move(pending), LlmOutcome::kStopped, "stopped");
    } else if (auto body = options_.body(pending->request, format_); body.ok()) {
      Send(std::move(pending), *std::move(body), estimate);
    } else {
      Finish(std::move(pending), LlmOutcome::kBadRequest, body.status().message());
    }
  }
  return next;
}

void LlmDispatcher::Send(PendingPtr pending, std::string body, double estimate) {
  const absl::Duration now = options_.clock();
  requests_.Take(1, now);
  tokens_.Take(estimate, now);
  pending->probe = breaker_.Pass();
  pending->sent = pending->request.schema.empty() ? ResponseFormat::kNone : format_;
  pending->estimate = estimate;
  pending->sent_at = now;
  ++pending->reply.calls;
  transfers_->Start(++last_id_, std::move(body), pending->request.traceparent);
  in_flight_.emplace(last_id_, std::move(pending));
}

void LlmDispatcher::Handle(HttpTransfers::Id id, const HttpAnswer& answer) {
  const auto found = in_flight_.find(id);
  PendingPtr pending = std::move(found->second);
  in_flight_.erase(found);
  // What was asked for by configuration stays as it is.
  const ResponseFormat sent = options_.format ? ResponseFormat::kNone : pending->sent;
  CallVerdict verdict = options_.judge(pending->request, answer, sent, options_.wall_clock());
  if (options_.secret.size() >= 8) {
    verdict.detail = absl::StrReplaceAll(verdict.detail, {{options_.secret, "(key)"}});
  }
  Count(*pending, verdict);
  TellBreaker(*pending, verdict);
  if (verdict.next != CallVerdict::Next::kWait) throttle_.Answered();
  if (verdict.next == CallVerdict::Next::kFinish) {
    return Finish(std::move(pending), verdict.outcome, verdict.detail, std::move(verdict.content));
  }
  if (breaker_.open()) return FinishDown(std::move(pending));
  TryAgain(std::move(pending), verdict);
}

void LlmDispatcher::Count(Pending& pending, const CallVerdict& verdict) {
  const absl::Duration now = options_.clock();
  ++pending.reply.outcomes[verdict.word];
  pending.reply.prompt_tokens += verdict.prompt_tokens;
  pending.reply.completion_tokens += verdict.completion_tokens;
  const auto used = static_cast<double>(verdict.prompt_tokens + verdict.completion_tokens);
  if (used > 0) tokens_.Take(used - pending.estimate, now);
  metrics_.calls.at(verdict.word)->Increment();
  metrics_.seconds.Observe(absl::ToDoubleSeconds(now - pending.sent_at));
  metrics_.prompt_tokens.Increment(static_cast<double>(verdict.prompt_tokens));
  if (metrics_.completion_tokens != nullptr) {
    metrics_.completion_tokens->Increment(static_cast<double>(verdict.completion_tokens));
  }
  metrics_.cost.Increment((static_cast<double>(verdict.prompt_tokens) * options_.prompt_price +
                           static_cast<double>(verdict.completion_tokens) * options_.completion_price) /
                          1e6);
}

void LlmDispatcher::TellBreaker(const Pending& pending, const CallVerdict& verdict) {
  const absl::Duration now = options_.clock();
  const bool was_open = breaker_.open();
  breaker_.Ended(verdict.health, pending.probe, static_cast<int>(in_flight_.size()), now);
  metrics_.breaker_open.Set(breaker_.open() ? 1 : 0);
  if (was_open && !breaker_.open()) spdlog::info("{}: the endpoint answers again", options_.name);
  if (!breaker_.open() || (was_open && !pending.probe)) return;
  why_down_ = verdict.detail;
  spdlog::warn("{}: the endpoint is not asked for {} ({}: {})", options_.name,
               absl::FormatDuration(breaker_.Remaining(now)), verdict.word, why_down_);
  BringDown();
}

void LlmDispatcher::TryAgain(PendingPtr pending, const CallVerdict& verdict) {
  const absl::Duration now = options_.clock();
  if (verdict.next == CallVerdict::Next::kDowngrade) Downgrade(pending->sent);
  const NextTry next = PlanNextTry(verdict, options_.retry, now, options_.chance(), pending->tries);
  if (verdict.next == CallVerdict::Next::kWait) throttle_.Told(now + verdict.wait.value_or(next.after));
  if (!next.again) return Finish(std::move(pending), verdict.outcome, verdict.detail);
  ++pending->reply.retries;
  waiting_.emplace(now + next.after, std::move(pending));
}

// Many calls may be refused at once; the first of them settles it.
void LlmDispatcher::Downgrade(ResponseFormat sent) {
  if (sent != format_) return;
  format_ = sent == ResponseFormat::kJsonSchema ? ResponseFormat::kJsonObject : ResponseFormat::kNone;
  spdlog::info("{}: the endpoint takes no response_format {}; from now on {}", options_.name,
               ResponseFormatName(sent), ResponseFormatName(format_));
}

void LlmDispatcher::BringDown() {
  for (auto& [due, pending] : std::exchange(waiting_, {})) FinishDown(std::move(pending));
  for (PendingPtr& pending : std::exchange(ready_, {})) FinishDown(std::move(pending));
}

void LlmDispatcher::FinishDown(PendingPtr pending) {
  Finish(std::move(pending), LlmOutcome::kDown, absl::StrCat("the endpoint is not asked: ", why_down_));
}

void LlmDispatcher::Finish(PendingPtr pending, LlmOutcome outcome, absl::string_view detail,
                           std::string content) {
  pending->reply.outcome = outcome;
  pending->reply.detail = std::string(detail);
  pending->reply.content = std::move(content);
  pending->done(std::move(pending->reply));
}

}  // namespace slowwave
