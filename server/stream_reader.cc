#include "server/stream_reader.h"

#include <exception>
#include <utility>

#include "server/grpc_status.h"
#include "server/rpc_service.h"

namespace slowwave {
namespace {

// One more message may come on top.
constexpr size_t kMaxGathered = 4 << 20;

}  // namespace

StreamReader::StreamReader(Executor& executor, std::unique_ptr<CallAudit> audit,
                           std::unique_ptr<StreamSink> sink, grpc::ByteBuffer* response, CallGate::Pass pass,
                           StreamTimers* timers)
    : pass_(std::move(pass)),
      executor_(executor),
      audit_(std::move(audit)),
      sink_(std::move(sink)),
      response_(response) {
  if (timers != nullptr) {
    timer_ = timers->Start(StreamTimers::Kind::kRead, [this](const absl::Status& why) { End(why); });
  }
  StartRead(&incoming_);
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
  absl::MutexLock lock(&mu_);
  cancelled_ = true;
}

void StreamReader::OnReadDone(bool ok) {
  if (ok && timer_ != nullptr) timer_->Touch();
  bool read = false;
  {
    absl::MutexLock lock(&mu_);
    if (finished_) return;
    if (ok) {
      gathered_.push_back(Flatten(incoming_));
      bytes_ += gathered_.back().size();
      incoming_.Clear();
      read = bytes_ < kMaxGathered;
      paused_ = !read;
    } else {
      ended_ = true;
    }
    if (!working_) {
      working_ = true;
      executor_.Submit([this] { Work(); });
    }
  }
  // The call cannot end under us: while a read is wanted, Work() has not seen the end.
  if (read) StartRead(&incoming_);
}

void StreamReader::Work() {
  const CallTrace trace(trace_);
  std::vector<std::string> messages;
  bool resume = false;
  bool last = false;
  {
    absl::MutexLock lock(&mu_);
    messages = std::exchange(gathered_, {});
    bytes_ = 0;
    resume = std::exchange(paused_, false);
    last = ended_;
  }
  if (resume) StartRead(&incoming_);
  absl::Status status;
  try {
    if (!messages.empty()) status = sink_->Take(std::move(messages));
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
  if (timer_ != nullptr) timer_->Touch();
  {
    absl::MutexLock lock(&mu_);
    if (status.ok() && !last) status = end_;
    if (status.ok() && !last) {
      // Back to the queue's end between batches, so that one stream does not hold a thread.
      if (!gathered_.empty() || ended_) {
        executor_.Submit([this] { Work(); });
      } else {
        working_ = false;
      }
      return;
    }
    finished_ = true;
  }
  Conclude(status);
}

}  // namespace slowwave
