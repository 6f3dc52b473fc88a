// slowwave.v1.MemoryService: validates, calls the reader and the store, maps the result.
#ifndef SLOWWAVE_SERVER_MEMORY_SERVICE_H_
#define SLOWWAVE_SERVER_MEMORY_SERVICE_H_

#include "absl/status/statusor.h"
#include "core/reader.h"
#include "server/rpc_service.h"
#include "server/service_env.h"
#include "slowwave/v1/memory.pb.h"

namespace slowwave {

// Any thread. `env` and what `room` names outlive it; it outlives the server. The methods are those of the
// .proto; requests have passed CheckMessage, but IngestEpisodes', which judges each episode.
class MemoryService : public RpcService {
 public:
  MemoryService(const ServiceEnv& env, CallRoom room);

  absl::StatusOr<v1::User> RegisterUser(const v1::RegisterUserRequest&);
  absl::StatusOr<v1::User> GetUser(const v1::GetUserRequest&);
  absl::StatusOr<v1::IngestEpisodesResponse> IngestEpisodes(const v1::IngestEpisodesRequest&, const BadText&);
  absl::StatusOr<v1::StoredEpisode> GetEpisode(const v1::GetEpisodeRequest&);
  absl::StatusOr<v1::ListEpisodesResponse> ListEpisodes(const v1::ListEpisodesRequest&);
  absl::StatusOr<v1::ListFactsResponse> ListFacts(const v1::ListFactsRequest&);
  absl::StatusOr<v1::FactDetail> GetFact(const v1::GetFactRequest&);
  absl::StatusOr<v1::ListQuarantineResponse> ListQuarantine(const v1::ListQuarantineRequest&);
  absl::StatusOr<v1::PutSlotResponse> PutSlot(const v1::PutSlotRequest&);
  absl::StatusOr<v1::ListSlotsResponse> ListSlots(const v1::ListSlotsRequest&);
  absl::StatusOr<v1::VerifyUserResponse> VerifyUser(const v1::VerifyUserRequest&);

 private:
  absl::Status JudgeQuotasNow(const UserKey& user, std::vector<TriggerCondition>& conditions);

  const ServiceEnv& env_;
  const MemoryReader reader_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_MEMORY_SERVICE_H_
