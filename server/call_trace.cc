#include "server/call_trace.h"

#include <utility>

#include "core/trace.h"

namespace slowwave {
namespace {

thread_local const CallTrace* current = nullptr;

std::optional<TraceContext> TraceIn(const grpc::ServerContextBase& context) {
  const auto [begin, end] = context.client_metadata().equal_range("traceparent");
  if (begin == end || std::next(begin) != end) return std::nullopt;
  return ParseTraceparent({begin->second.data(), begin->second.size()});
}

}  // namespace

CallTrace::CallTrace(const grpc::ServerContextBase& context) : CallTrace(TraceIn(context)) {}

CallTrace::CallTrace(std::optional<TraceContext> trace)
    : trace_(std::move(trace)),
      before_(std::exchange(current, this)),
      fields_{.trace_id = trace_ ? trace_->trace_id : ""},
      scope_(fields_) {}

CallTrace::~CallTrace() { current = before_; }

std::optional<TraceContext> CallTrace::Current() {
  if (current == nullptr) return std::nullopt;
  return current->trace_;
}

}  // namespace slowwave
