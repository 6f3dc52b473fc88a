// The process' log.
#ifndef SLOWWAVE_SERVER_LOGGING_H_
#define SLOWWAVE_SERVER_LOGGING_H_

#include <string>

namespace slowwave {

// Sends spdlog's default logger to stderr. `level`: debug, info, warn or error; `format`: text or json (one
// object a line: time, level, thread, message). What the thread is at (core/log_fields.h) follows: task_id,
// run_id, trace_id, span_id, as far as known; in text as task_id=... behind the message.
void SetUpLogging(const std::string& level, const std::string& format);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_LOGGING_H_
