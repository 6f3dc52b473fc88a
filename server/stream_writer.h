// A server stream whose messages are made batch by batch on the executor, as fast as the client takes them.
#ifndef SLOWWAVE_SERVER_STREAM_WRITER_H_
#define SLOWWAVE_SERVER_STREAM_WRITER_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/call_gate.h"
#include "server/executor.h"
#include "server/stream_timers.h"

namespace slowwave {

// Deletes itself when the call is over.
class StreamWriter : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  // `next`: the next messages, or none at the end; called on the executor, by one thread at a time; may
  // block.
  // `timers` may be null; else the call is cancelled when its time is over, as it may be waiting for a client
  // that does not read. `of`: whose it is, as Executor::TrySubmit has it.
  StreamWriter(Executor& executor, const std::string& of,
               std::function<absl::StatusOr<std::vector<grpc::ByteBuffer>>()> next, CallGate::Pass pass,
               StreamTimers* timers, grpc::CallbackServerContext& context);
  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  void Make();

  // One step follows the other (make, write, write, ..., make), so nothing here is shared.
  const CallGate::Pass pass_;
  Executor& executor_;
  const std::function<absl::StatusOr<std::vector<grpc::ByteBuffer>>()> next_;
  std::vector<grpc::ByteBuffer> batch_;
  size_t written_ = 0;
  std::unique_ptr<StreamTimers::Timer> timer_;  // gone with this in OnDone, before gRPC frees the context
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_STREAM_WRITER_H_
