// Episodes from the wire into the store: good ones are stored, bad ones refused with a reason.
#ifndef SLOWWAVE_SERVER_INGEST_H_
#define SLOWWAVE_SERVER_INGEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/service_env.h"
#include "server/wire_text.h"
#include "slowwave/v1/memory.pb.h"
#include "storage/types.h"

namespace slowwave {

// An episode that was judged; `status` tells whether it may be stored.
struct IngestItem {
  int64_t index = 0;
  std::string path;  // in reasons: 'episodes[3]'
  Episode episode;
  absl::Status status;
};

// `wire_path`: where the episode stands in its message, as `bad` names it; `path`: how reasons name it.
IngestItem JudgeEpisode(const ServiceEnv& env, const v1::Episode& episode, const BadText& bad,
                        const std::string& wire_path, const std::string& path, int64_t index);

struct StoredItems {
  std::vector<v1::IngestResult> results;  // one an item, in order
  std::vector<v1::FiredTrigger> fired;
};

// Stores the good ones in one transaction (creating the user with the defaults) and answers for all; what
// they set off is part of it, and the engine is told. Errors are the store's: then nothing was stored.
absl::StatusOr<StoredItems> StoreItems(const ServiceEnv& env, const UserKey& user,
                                       std::vector<IngestItem> items);

// Adds results to a stream's summary.
void AddToSummary(std::vector<v1::IngestResult> results, v1::IngestSummary& summary);
// Each task once.
void AddFired(std::vector<v1::FiredTrigger> fired, v1::IngestSummary& summary);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_INGEST_H_
