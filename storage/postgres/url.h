// What a database's URL may tell of itself.
#ifndef SLOWWAVE_STORAGE_POSTGRES_URL_H_
#define SLOWWAVE_STORAGE_POSTGRES_URL_H_

#include <string>

#include "absl/status/statusor.h"

namespace slowwave::postgres {

// The URL without anything but host, port and database: postgres://db:5432/memory.
// InvalidArgument, and without a word of the URL, as any of it may be a password that was not
// percent-encoded: libpq cannot read it, or reads as host, port or database what comes before an `@`.
absl::StatusOr<std::string> ShownUrl(const std::string& url);

}  // namespace slowwave::postgres

#endif  // SLOWWAVE_STORAGE_POSTGRES_URL_H_
