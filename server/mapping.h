// Records to messages and back. Pure; requests have been validated before. The numbers of the wire's enums
// are the records' own (mapping.cc asserts it).
#ifndef SLOWWAVE_SERVER_MAPPING_H_
#define SLOWWAVE_SERVER_MAPPING_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <vector>

#include "absl/time/time.h"
#include "core/progress.h"
#include "core/reader.h"
#include "core/replay.h"
#include "core/report.h"
#include "slowwave/v1/consolidation.pb.h"
#include "slowwave/v1/memory.pb.h"
#include "storage/store.h"

namespace slowwave {

// Microsecond grain: finer digits are dropped, towards the past.
absl::Time FromWire(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp ToWire(absl::Time time);
absl::Duration FromWire(const google::protobuf::Duration& span);
google::protobuf::Duration ToWire(absl::Duration span);

// `made_id` stands in for an id that the message does not have. No time gives InfinitePast: the store sets
// its own, once.
Episode FromWire(const v1::Episode& episode, const std::string& made_id);
v1::Episode ToWire(const Episode& episode);
v1::StoredEpisode ToWire(const StoredEpisode& episode);

Slot FromWire(const v1::Slot& slot);
v1::Slot ToWire(const Slot& slot);

// Output-only fields are not taken over.
TriggerCondition FromWire(const v1::TriggerCondition& condition);
v1::TriggerCondition ToWire(const TriggerCondition& condition);

v1::Evidence ToWire(const Evidence& evidence);
v1::Fact ToWire(const Fact& fact, absl::Time as_of);
v1::Assertion ToWire(const Assertion& assertion);
v1::FactDetail ToWire(const FactDetail& detail, absl::Time as_of);
v1::QuarantinedGist ToWire(const Quarantined& gist);
v1::ReplayRunResponse ToWire(const Replay& replay);
v1::User ToWire(const UserState& user, const std::string& digest);
v1::VerifyUserResponse ToWire(const Verification& verification);

TaskOptions OptionsOf(const v1::TriggerConsolidationRequest& request);
v1::Task ToWire(const Task& task);
v1::FiredTrigger ToWire(const EnqueueResult& fired, TriggerKind kind);
TenantSettings FromWire(const v1::TenantSettings& settings);
v1::TenantSettings ToWire(const TenantSettings& settings);
v1::TaskEvent ToWire(const ProgressEvent& event);
v1::Report ToWire(const Report& report);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_MAPPING_H_
