#include "core/log_fields.h"

#include <utility>

namespace slowwave {
namespace {

thread_local const LogFields* current = nullptr;

}  // namespace

LogScope::LogScope(const LogFields& fields) : before_(std::exchange(current, &fields)) {}
LogScope::~LogScope() { current = before_; }

const LogFields* CurrentLogFields() { return current; }

}  // namespace slowwave
