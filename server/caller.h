// Who calls, once their credentials have been looked at.
#ifndef SLOWWAVE_SERVER_CALLER_H_
#define SLOWWAVE_SERVER_CALLER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace slowwave {

// What a call needs. Bits.
enum class Role : unsigned {
  kRead = 1,     // memories, facts, tasks, reports
  kWrite = 2,    // tell memories, ask for sleep
  kOperate = 4,  // cancel, retry, slots, tenant settings
  kErase = 8,    // forget
};

// By its name in files and tokens: read, write, operate, erase.
std::optional<Role> RoleNamed(absl::string_view name);

struct Caller {
  std::string name;    // for the audit
  std::string tenant;  // `*`: all
  unsigned roles = 0;
  std::optional<absl::Time> expires;
};

// Null: nobody is asked who they are.
using CallerPtr = std::shared_ptr<const Caller>;

// Empty: of all tenants, or nobody is asked.
inline std::string OnlyTenantOf(const CallerPtr& caller) {
  return caller == nullptr || caller->tenant == "*" ? std::string() : caller->tenant;
}

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_CALLER_H_
