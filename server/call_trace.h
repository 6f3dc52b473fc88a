// The distributed trace that a call comes in with, for what it sets off and what is logged meanwhile.
#ifndef SLOWWAVE_SERVER_CALL_TRACE_H_
#define SLOWWAVE_SERVER_CALL_TRACE_H_

#include <grpcpp/server_context.h>

#include <optional>

#include "core/log_fields.h"
#include "storage/types.h"

namespace slowwave {

// While it stands, this thread works for a call of that trace.
class CallTrace {
 public:
  // As the metadata `traceparent` says; nothing if it is missing, malformed or there more than once.
  explicit CallTrace(const grpc::ServerContextBase& context);
  explicit CallTrace(std::optional<TraceContext> trace);
  ~CallTrace();
  CallTrace(const CallTrace&) = delete;
  CallTrace& operator=(const CallTrace&) = delete;

  // Of the calling thread.
  static std::optional<TraceContext> Current();

 private:
  const std::optional<TraceContext> trace_;
  const CallTrace* const before_;
  const LogFields fields_;
  const LogScope scope_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_CALL_TRACE_H_
