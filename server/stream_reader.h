// A client stream, read with back-pressure: messages gather while the last ones are stored, up to a bound.
#ifndef SLOWWAVE_SERVER_STREAM_READER_H_
#define SLOWWAVE_SERVER_STREAM_READER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/call_audit.h"
#include "server/call_gate.h"
#include "server/call_trace.h"
#include "server/executor.h"
#include "server/stream_budget.h"
#include "server/stream_timers.h"

namespace slowwave {

// What a stream's messages go into. Called on the executor, by one thread at a time; may block.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  // Keeps them for good before it returns. An error ends the call.
  virtual absl::Status Take(std::vector<std::string> messages) = 0;
  // After the client's last message: the answer.
  virtual absl::StatusOr<grpc::ByteBuffer> Finish() = 0;
  // How long to take no more: the tenant has made its calls for now.
  virtual absl::Duration Rest() = 0;
  // Adds whose it was and what became of it, however it ends.
  virtual void Describe(CallAudit& audit) const = 0;
};

// Deletes itself when the call is over. What was received before a call broke off is still taken. Who sends
// more than the budget has room for, or than its tenant may, is read no further until there is room.
class StreamReader : public grpc::ServerReadReactor<grpc::ByteBuffer> {
 public:
  // `timers` may be null: then it takes as long as the client likes.
  StreamReader(Executor& executor, std::unique_ptr<CallAudit> audit, std::unique_ptr<StreamSink> sink,
               grpc::ByteBuffer* response, CallGate::Pass pass, StreamTimers* timers, StreamBudget& budget);
  ~StreamReader() override;
  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  // Keeps what was read, which there is room for. Whether to read on at once: `may_read`, and enough is not
  // gathered yet.
  bool Gather(size_t bytes, bool may_read);
  void Work();
  void WakeUp();
  // Has Work() run, unless it does already.
  void Schedule() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The call is to end; at once, unless something is being stored.
  void End(const absl::Status& why);
  // Audits, and ends the call; nothing may be done with this afterwards.
  void Conclude(const absl::Status& status);

  const std::optional<TraceContext> trace_ = CallTrace::Current();  // of the call that made it
  const CallGate::Pass pass_;
  Executor& executor_;
  StreamBudget& budget_;
  const std::unique_ptr<CallAudit> audit_;
  const std::unique_ptr<StreamSink> sink_;
  grpc::ByteBuffer* const response_;
  grpc::ByteBuffer incoming_;  // the read under way owns it
  absl::Mutex mu_;
  std::vector<std::string> gathered_ ABSL_GUARDED_BY(mu_);
  size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
  bool working_ ABSL_GUARDED_BY(mu_) = false;
  size_t held_ ABSL_GUARDED_BY(mu_) = 0;       // of the budget: what is gathered, and what is being stored
  bool paused_ ABSL_GUARDED_BY(mu_) = false;   // no read is under way, and Work() is to begin the next
  bool resting_ ABSL_GUARDED_BY(mu_) = false;  // not before it is woken up
  bool ended_ ABSL_GUARDED_BY(mu_) = false;    // no read will follow
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;  // nobody hears how it ends
  absl::Status end_ ABSL_GUARDED_BY(mu_);        // not OK: it is to end so
  std::unique_ptr<StreamTimers::Timer> timer_;   // last: it tells the rest
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_STREAM_READER_H_
