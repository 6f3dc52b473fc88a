// What the log lines of a thread are about: fields that stand beside the message.
#ifndef SLOWWAVE_CORE_LOG_FIELDS_H_
#define SLOWWAVE_CORE_LOG_FIELDS_H_

#include <string>

namespace slowwave {

// Empty ones are left out. Never a tenant, a user or a memory's text.
struct LogFields {
  std::string task_id = {}, run_id = {}, trace_id = {}, span_id = {};
};

// While it stands, what this thread logs is about these; then about what it was about before. `fields`
// outlives it and may change meanwhile, on this thread.
class LogScope {
 public:
  explicit LogScope(const LogFields& fields);
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

 private:
  const LogFields* const before_;
};

// Of the calling thread; null: about nothing.
const LogFields* CurrentLogFields();

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_LOG_FIELDS_H_
