#include "core/trace.h"

#include <algorithm>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/digest.h"

namespace slowwave {
namespace {

constexpr size_t kTraceDigits = 32, kSpanDigits = 16;
// version-trace-parent-flags
constexpr size_t kLength = 2 + 1 + kTraceDigits + 1 + kSpanDigits + 1 + 2;

// Lower-case, as the recommendation has it.
bool IsHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '0'; });
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(absl::string_view header) {
  if (header.size() < kLength) return std::nullopt;
  const absl::string_view version = header.substr(0, 2);
  const absl::string_view trace = header.substr(3, kTraceDigits);
  const absl::string_view parent = header.substr(4 + kTraceDigits, kSpanDigits);
  const absl::string_view flags = header.substr(kLength - 2, 2);
  if (header[2] != '-' || header[3 + kTraceDigits] != '-' || header[kLength - 3] != '-') return std::nullopt;
  if (!IsHex(version) || version == "ff") return std::nullopt;
  // Only a later version may go on after the flags.
  if (header.size() > kLength && (version == "00" || header[kLength] != '-')) return std::nullopt;
  if (!IsHex(trace) || IsZero(trace) || !IsHex(parent) || IsZero(parent) || !IsHex(flags))
    return std::nullopt;
  TraceContext context;
  context.trace_id = std::string(trace);
  // The only flag that is ours to pass on.
  context.sampled = (flags[1] - (flags[1] <= '9' ? '0' : 'a' - 10)) % 2 == 1;
  return context;
}

std::string Traceparent(const TraceContext& trace, absl::string_view span_id) {
  return absl::StrCat("00-", trace.trace_id, "-", span_id, trace.sampled ? "-01" : "-00");
}

TraceContext TraceOf(const Task& task) {
  if (task.options.trace) return *task.options.trace;
  // Of a random id, so it is as good as random.
  return {Sha256Hex("trace " + task.id).substr(0, kTraceDigits), false};
}

std::string NewSpanId() {
  thread_local absl::BitGen generator;
  const auto number = absl::Uniform<uint64_t>(absl::IntervalClosed, generator, 1, UINT64_MAX);
  return absl::StrFormat("%016x", number);
}

}  // namespace slowwave
