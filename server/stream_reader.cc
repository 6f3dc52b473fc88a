#include "server/stream_reader.h"

#include <exception>
#include <utility>

#include "server/grpc_status.h"
#include "server/rpc_service.h"

namespace slowwave {
namespace {

// One more message may come on top.
constexpr size_t kMaxGathered = 4 << 20;
// What a message costs beside its bytes, or empty ones would cost nothing.
constexpr size_t kOverhead = 1024;

}  // namespace

StreamReader::StreamReader(Executor& executor, std::unique_ptr<CallAudit> audit,
                           std::unique_ptr<StreamSink> sink, grpc::ByteBuffer* response, CallGate::Pass pass,
                           StreamTimers* timers, StreamBudget& budget)
    : pass_(std::move(pass)),
      executor_(executor),
      budget_(budget),
      audit_(std::move(audit)),
      sink_(std::move(sink)),
      response_(response) {
  if (timers != nullptr) {
    timer_ = timers->Start(
        StreamTimers::Kind::kRead, [this](const absl::Status& why) { End(why); }, [this] { WakeUp(); });
  }
  StartRead(&incoming_);
}

StreamReader::~StreamReader() {
  budget_.Leave(this);
  size_t held = 0;
  {
    absl::MutexLock lock(&mu_);
    held = held_;
  }
  // Not under the lock: it tells others, who take theirs.
  if (held > 0) budget_.Return(held);
}

void StreamReader::End(const absl::Status& why) {
  {
    absl::MutexLock lock(&mu_);
    end_ = why;
    if (finished_ || working_) return;
    finished_ = true;
  }
  Conclude(why);
}

void StreamReader::Conclude(const absl::Status& status) {
  bool cancelled = false;
  {
    absl::MutexLock lock(&mu_);
    cancelled = cancelled_;
  }
  sink_->Describe(*audit_);
  audit_->End(cancelled && status.ok() ? absl::CancelledError("the caller has gone") : status);
  Finish(ToGrpc(status));
}

void StreamReader::OnCancel() {
  {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
  }
  WakeUp();
}

void StreamReader::WakeUp() {
  absl::MutexLock lock(&mu_);
  resting_ = false;
  if (paused_ && !finished_) Schedule();
}

void StreamReader::Schedule() {
  if (std::exchange(working_, true)) return;
  executor_.Submit([this] { Work(); });
}

void StreamReader::OnReadDone(bool ok) {
  if (!ok) {
    absl::MutexLock lock(&mu_);
    if (finished_) return;
    ended_ = true;
    Schedule();
    return;
  }
  if (timer_ != nullptr) timer_->Hold();
  const size_t bytes = incoming_.Length() + kOverhead;
  // Until there is room it stays gRPC's, and nothing more is read. Afterwards somebody else's thread is here,
  // which the call might end under: Work() reads on.
  if (!budget_.Take(bytes, this, [this, bytes] { Gather(bytes, /*may_read=*/false); })) return;
  // The call cannot end under us: while a read is wanted, Work() has not seen the end.
  if (!Gather(bytes, /*may_read=*/true)) return;
  if (timer_ != nullptr) timer_->Touch();
  StartRead(&incoming_);
}

bool StreamReader::Gather(size_t bytes, bool may_read) {
  std::string message = Flatten(incoming_);
  incoming_.Clear();
  absl::MutexLock lock(&mu_);
  held_ += bytes;
  if (finished_) return false;
  gathered_.push_back(std::move(message));
  bytes_ += bytes;
  paused_ = !may_read || resting_ || bytes_ >= kMaxGathered;
  Schedule();
  return !paused_;
}

void StreamReader::Work() {
  const CallTrace trace(trace_);
  std::vector<std::string> messages;
  size_t taken = 0;
  bool resume = false;
  bool last = false;
  {
    absl::MutexLock lock(&mu_);
    messages = std::exchange(gathered_, {});
    taken = std::exchange(bytes_, 0);
    resume = paused_ && !resting_;
    if (resume) paused_ = false;
    last = ended_;
  }
  if (resume) {
    if (timer_ != nullptr) timer_->Touch();
    StartRead(&incoming_);
  }
  absl::Status status;
  absl::Duration rest;
  try {
    if (!messages.empty()) {
      status = sink_->Take(std::move(messages));
      rest = sink_->Rest();
    }
    if (status.ok() && last) {
      absl::StatusOr<grpc::ByteBuffer> answer = sink_->Finish();
      if (answer.ok()) {
        response_->Swap(&*answer);
      } else {
        status = answer.status();
      }
    }
  } catch (const std::exception&) {
    status = absl::InternalError("the call failed unexpectedly");
  }
  budget_.Return(taken);
  {
    absl::MutexLock lock(&mu_);
    held_ -= taken;
    if (status.ok() && !last) status = end_;
    if (status.ok() && !last) {
      if (rest > absl::ZeroDuration() && timer_ != nullptr && !cancelled_) {
        resting_ = true;
        timer_->RestFor(rest);
      }
      working_ = false;
      // Back to the queue's end between batches, so that one stream does not hold a thread.
      if (!gathered_.empty() || ended_ || (paused_ && !resting_)) Schedule();
      return;
    }
    finished_ = true;
  }
  Conclude(status);
}

}  // namespace slowwave
