// What may be asked of the journal of exchanges, on either backend. Pure functions.
#ifndef SLOWWAVE_STORAGE_EXCHANGES_H_
#define SLOWWAVE_STORAGE_EXCHANGES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/types.h"

namespace slowwave {

// kInvalidArgument: over a limit of store.h.
absl::Status CheckHashes(const std::vector<std::string>& request_hashes);
absl::Status CheckExchanges(const std::vector<Exchange>& exchanges);

// The retention as databases can subtract it from the time: never negative, and a thousand years at most.
absl::Duration ClampRetention(absl::Duration retention);

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_EXCHANGES_H_
