// What requests may hold. All limits of the wire are here.
//
// Every error is kInvalidArgument and says which field, what is wrong with it, and what is allowed; never a
// text that came in.
#ifndef SLOWWAVE_SERVER_VALIDATION_H_
#define SLOWWAVE_SERVER_VALIDATION_H_

#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "slowwave/v1/consolidation.pb.h"
#include "slowwave/v1/memory.pb.h"
#include "storage/types.h"

namespace slowwave {

inline constexpr size_t kMaxIdBytes = 128;  // tenant, user, ids, speaker, session, event names
inline constexpr size_t kMaxTextBytes = 64 * 1024;
inline constexpr size_t kMaxMetadataBytes = 16 * 1024;
inline constexpr int kMaxMetadataDepth = 32;
inline constexpr int kMaxEntities = 256;
inline constexpr size_t kMaxEntityBytes = 256;
inline constexpr int kMaxEmbedding = 8192;
inline constexpr size_t kMaxKeyBytes = 200;
inline constexpr size_t kMaxReasonBytes = 1024;
inline constexpr size_t kMaxDescriptionBytes = 1024;
inline constexpr int kMaxAliases = 256;
inline constexpr int kMaxConditions = 32;
inline constexpr int kMaxBatch = 1000;  // episodes in one request or message
inline constexpr int kMaxPageSize = 1000;
inline constexpr int kDefaultPageSize = 50;
inline constexpr size_t kMaxPageTokenBytes = 4096;
inline constexpr int kMaxEpisodeLimit = 20000;
inline constexpr int kMaxPriority = 1000;
inline constexpr double kMaxWeight = 1000;
inline constexpr int64_t kMinSeconds = -62135596800;  // 0001-01-01T00:00:00Z
inline constexpr int64_t kMaxSeconds = 253402300799;  // 9999-12-31T23:59:59Z

// What holds in every message, at any depth: no NUL in a string, no enum number that this version does not
// know, times between the years 1 and 9999, spans with seconds and nanos of one sign, numbers finite. `path`
// comes before the field's name in errors ('episodes[3]'). Embeddings are left to CheckEpisode.
absl::Status CheckMessage(const google::protobuf::Message& message, const std::string& path);

// At most `max` bytes, and not empty if `required`.
absl::Status CheckString(absl::string_view value, absl::string_view field, size_t max, bool required);

// An empty tenant is 'default'.
absl::StatusOr<std::string> CheckTenant(const std::string& tenant);
absl::StatusOr<UserKey> CheckUser(const std::string& tenant, const std::string& user);
// 0 gives the default.
absl::StatusOr<int> CheckPageSize(int32_t page_size);

// One episode, CheckMessage included.
absl::Status CheckEpisode(const v1::Episode& episode, const std::string& path);
// How many; core/triggers.h judges each.
absl::Status CheckConditionSizes(const google::protobuf::RepeatedPtrField<v1::TriggerCondition>& conditions,
                                 const std::string& path);
absl::Status CheckSlotSizes(const v1::Slot& slot, const std::string& path);
absl::Status CheckTrigger(const v1::TriggerConsolidationRequest& request);
absl::Status CheckTenantSettings(const v1::TenantSettings& settings, const std::string& path);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_VALIDATION_H_
