// What a status tells an operator beside its message, which any caller may see: a database's own words name
// addresses, roles and databases.
#ifndef SLOWWAVE_STORAGE_OPERATOR_DETAIL_H_
#define SLOWWAVE_STORAGE_OPERATOR_DETAIL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace slowwave {

inline constexpr char kOperatorDetail[] = "slowwave.detail";

inline absl::Status WithOperatorDetail(absl::Status status, absl::string_view detail) {
  status.SetPayload(kOperatorDetail, absl::Cord(detail));
  return status;
}

// For the log, `slowwave doctor` and whoever starts a process; never for who calls one.
inline std::string MessageForOperator(const absl::Status& status) {
  const absl::optional<absl::Cord> detail = status.GetPayload(kOperatorDetail);
  return detail ? absl::StrCat(status.message(), ": ", std::string(*detail)) : std::string(status.message());
}

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_OPERATOR_DETAIL_H_
