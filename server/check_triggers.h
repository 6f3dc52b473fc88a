// CheckTriggers: judges a user's conditions for a caller, and fires at most one.
#ifndef SLOWWAVE_SERVER_CHECK_TRIGGERS_H_
#define SLOWWAVE_SERVER_CHECK_TRIGGERS_H_

#include "absl/status/statusor.h"
#include "server/service_env.h"
#include "slowwave/v1/consolidation.pb.h"

namespace slowwave {

absl::StatusOr<v1::CheckTriggersResponse> CheckTriggers(const ServiceEnv& env,
                                                        const v1::CheckTriggersRequest& request);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_CHECK_TRIGGERS_H_
