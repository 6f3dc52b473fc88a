// The process' log.
#ifndef SLOWWAVE_SERVER_LOGGING_H_
#define SLOWWAVE_SERVER_LOGGING_H_

#include <string>

namespace slowwave {

// Sends spdlog's default logger to stderr. `level`: debug, info, warn or error; `format`: text or json (one
// object a line: time, level, thread, message).
void SetUpLogging(const std::string& level, const std::string& format);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_LOGGING_H_
