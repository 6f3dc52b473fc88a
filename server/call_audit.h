// The record of a call that was to change something: who, what, whose, how it ended.
#ifndef SLOWWAVE_SERVER_CALL_AUDIT_H_
#define SLOWWAVE_SERVER_CALL_AUDIT_H_

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/caller.h"

namespace slowwave {

// Of one call, from when it begins; writes a line in the log when it ends, whatever the reason, once its
// caller is known. Nothing is written of calls that only read. Thread safety: none.
class CallAudit {
 public:
  // `method`: its plain name, a literal.
  explicit CallAudit(const char* method) : method_(method) {}

  void By(CallerPtr caller) { caller_ = std::move(caller); }
  const CallerPtr& caller() const { return caller_; }  // null: nobody is asked, or nobody knows yet

  // What the request says it is about: tenant, user, task, run, slot.
  void About(const google::protobuf::Message& request);
  void Set(const std::string& field, absl::string_view value);
  void Count(const std::string& field, int64_t count);

  // A line of its own for a part of the call.
  void Part(const std::string& field, absl::string_view value, const absl::Status& status) const;
  void End(const absl::Status& status) const;

 private:
  std::string Line(const std::string& fields, const absl::Status& status) const;
  bool IsRecorded() const;

  const char* const method_;
  CallerPtr caller_;
  std::vector<std::pair<std::string, std::string>> fields_;  // name, and value as it is written
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_CALL_AUDIT_H_
