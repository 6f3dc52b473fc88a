// Which distributed trace something belongs to, in the terms of W3C Trace Context. Values and pure functions.
#ifndef SLOWWAVE_CORE_TRACE_H_
#define SLOWWAVE_CORE_TRACE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "storage/types.h"

namespace slowwave {

// What the header `traceparent` says; nothing if it is not one that the recommendation lets through. One of a
// later version is read as far as this one knows.
std::optional<TraceContext> ParseTraceparent(absl::string_view header);

// The header for a call made on behalf of `trace` by the span `span_id`.
std::string Traceparent(const TraceContext& trace, absl::string_view span_id);

// The trace that a task's runs belong to: its caller's, else one of the task's own, the same in every
// process.
TraceContext TraceOf(const Task& task);

// 16 hexadecimal digits, at random and not all zero.
std::string NewSpanId();

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_TRACE_H_
