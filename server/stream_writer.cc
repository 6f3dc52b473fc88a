#include "server/stream_writer.h"

#include <exception>
#include <utility>

#include "server/grpc_status.h"
#include "server/rpc_service.h"

namespace slowwave {

StreamWriter::StreamWriter(Executor& executor, const std::string& of,
                           std::function<absl::StatusOr<std::vector<grpc::ByteBuffer>>()> next,
                           CallGate::Pass pass, StreamTimers* timers, grpc::CallbackServerContext& context)
    : pass_(std::move(pass)), executor_(executor), next_(std::move(next)) {
  if (timers != nullptr) {
    timer_ =
        timers->Start(StreamTimers::Kind::kWrite, [&context](const absl::Status&) { context.TryCancel(); });
  }
  if (!executor_.TrySubmit([this] { Make(); }, of)) Finish(ToGrpc(TooManyCalls()));
}

void StreamWriter::Make() {
  absl::StatusOr<std::vector<grpc::ByteBuffer>> batch;
  try {
    batch = next_();
  } catch (const std::exception&) {
    batch = absl::InternalError("the call failed unexpectedly");
  }
  if (!batch.ok() || batch->empty()) {
    Finish(ToGrpc(batch.status()));
    return;
  }
  batch_ = *std::move(batch);
  written_ = 0;
  StartWrite(&batch_[0]);
}

void StreamWriter::OnWriteDone(bool ok) {
  if (!ok) {
    Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the caller has gone"));
  } else if (++written_ < batch_.size()) {
    StartWrite(&batch_[written_]);
  } else {
    executor_.Submit([this] { Make(); });
  }
}

}  // namespace slowwave
