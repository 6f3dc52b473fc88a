#include "server/memory_service.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/fold.h"
#include "core/keys.h"
#include "core/triggers.h"
#include "server/export.h"
#include "server/grpc_status.h"
#include "server/import.h"
#include "server/ingest.h"
#include "server/mapping.h"
#include "server/paging.h"
#include "server/slots.h"
#include "server/stream_reader.h"
#include "server/stream_writer.h"
#include "server/validation.h"
#include "slowwave/v1/memory.grpc.pb.h"

namespace slowwave {
namespace {

std::string Scope(const char* list, const UserKey& user) {
  return absl::StrCat(list, "/", user.tenant, "/", user.user);
}

absl::Time AsOf(const google::protobuf::Timestamp* as_of, absl::Time now) {
  return as_of == nullptr ? now : FromWire(*as_of);
}

}  // namespace

MemoryService::MemoryService(const ServiceEnv& env, CallRoom room)
    : RpcService(*v1::User::descriptor()->file()->FindServiceByName("MemoryService"), room),
      env_(env),
      reader_(env.store) {
  Unary<v1::RegisterUserRequest, v1::User>("RegisterUser", [this](const auto& r) { return RegisterUser(r); });
  Unary<v1::GetUserRequest, v1::User>("GetUser", [this](const auto& r) { return GetUser(r); });
  LenientUnary<v1::IngestEpisodesRequest, v1::IngestEpisodesResponse>(
      "IngestEpisodes", [this](const auto& r, const BadText& bad) { return IngestEpisodes(r, bad); });
  ClientStream("IngestEpisodeStream",
               [this, room](grpc::ByteBuffer* response, std::unique_ptr<CallAudit> audit,
                            CallGate::Pass pass) -> ReadReactor* {
                 auto sink = std::make_unique<EpisodeSink>(env_, *audit, room.rates);
                 return new StreamReader(room.executor, std::move(audit), std::move(sink), response,
                                         std::move(pass), room.timers, room.budget);
               });
  Unary<v1::GetEpisodeRequest, v1::StoredEpisode>("GetEpisode",
                                                  [this](const auto& r) { return GetEpisode(r); });
  Unary<v1::ListEpisodesRequest, v1::ListEpisodesResponse>("ListEpisodes",
                                                           [this](const auto& r) { return ListEpisodes(r); });
  Unary<v1::ListFactsRequest, v1::ListFactsResponse>("ListFacts",
                                                     [this](const auto& r) { return ListFacts(r); });
  Unary<v1::GetFactRequest, v1::FactDetail>("GetFact", [this](const auto& r) { return GetFact(r); });
  Unary<v1::ListQuarantineRequest, v1::ListQuarantineResponse>(
      "ListQuarantine", [this](const auto& r) { return ListQuarantine(r); });
  Unary<v1::PutSlotRequest, v1::PutSlotResponse>("PutSlot", [this](const auto& r) { return PutSlot(r); });
  Unary<v1::ListSlotsRequest, v1::ListSlotsResponse>("ListSlots",
                                                     [this](const auto& r) { return ListSlots(r); });
  ServerStream("ExportUser",
               [this, room](const grpc::ByteBuffer& bytes, const CallerPtr& caller, CallGate::Pass pass,
                            grpc::CallbackServerContext& context) -> WriteReactor* {
                 v1::ExportUserRequest request;
                 absl::Status status = ParseRequest(bytes, request);
                 if (status.ok()) status = CheckTenantOf(caller, request);
                 if (status.ok()) status = AdmitRequest(room.rates, caller, request);
                 if (!status.ok()) {
                   return new Refused<WriteReactor>(ToGrpc(status));
                 }
                 auto source = std::make_shared<UserExport>(env_, std::move(request));
                 return new StreamWriter(
                     room.executor, OnlyTenantOf(caller), [source] { return source->Next(); },
                     std::move(pass), room.timers, context);
               });
  ClientStream("ImportUser",
               [this, room](grpc::ByteBuffer* response, std::unique_ptr<CallAudit> audit,
                            CallGate::Pass pass) -> ReadReactor* {
                 auto sink = std::make_unique<ImportSink>(env_, *audit, room.rates);
                 return new StreamReader(room.executor, std::move(audit), std::move(sink), response,
                                         std::move(pass), room.timers, room.budget);
               });
  Unary<v1::VerifyUserRequest, v1::VerifyUserResponse>("VerifyUser",
                                                       [this](const auto& r) { return VerifyUser(r); });
  Unimplemented("EraseUser");
  Unimplemented("EraseEpisodes");
}

absl::StatusOr<v1::User> MemoryService::RegisterUser(const v1::RegisterUserRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  if (request.no_conditions() && !request.conditions().empty()) {
    return absl::InvalidArgumentError("no_conditions is set beside conditions; allowed: one of the two");
  }
  if (absl::Status s = CheckConditionSizes(request.conditions(), "conditions"); !s.ok()) return s;
  std::vector<TriggerCondition> conditions;
  if (!request.conditions().empty()) {
    absl::StatusOr<std::vector<TriggerCondition>> given =
        ConditionsFrom(request.conditions(), "", env_.now(), JitterOf(*user));
    if (!given.ok()) return given.status();
    conditions = *std::move(given);
  } else if (!request.no_conditions()) {
    conditions = DefaultConditions(env_.now(), JitterOf(*user));
  }
  if (absl::Status s = JudgeQuotasNow(*user, conditions); !s.ok()) return s;
  absl::StatusOr<UserState> state = env_.store.RegisterUser(*user, conditions);
  if (!state.ok()) return state.status();
  absl::StatusOr<std::string> digest = reader_.Digest(*user);
  if (!digest.ok()) return digest.status();
  env_.engine.Wake();
  return ToWire(*state, *digest);
}

// Who has episodes already may be over a quota that is new: the next sweep looks. (One that is not new stays
// as the store has it.)
absl::Status MemoryService::JudgeQuotasNow(const UserKey& user, std::vector<TriggerCondition>& conditions) {
  const absl::StatusOr<UserState> before = env_.store.GetUser(user);
  if (absl::IsNotFound(before.status())) return absl::OkStatus();
  if (!before.ok()) return before.status();
  for (TriggerCondition& condition : conditions) {
    if (condition.kind == TriggerKind::kQuota) condition.next_due = before->read_at;
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::User> MemoryService::GetUser(const v1::GetUserRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  absl::StatusOr<UserState> state = env_.store.GetUser(*user);
  if (!state.ok()) return state.status();
  absl::StatusOr<std::string> digest = reader_.Digest(*user);
  if (!digest.ok()) return digest.status();
  return ToWire(*state, *digest);
}

absl::StatusOr<v1::IngestEpisodesResponse> MemoryService::IngestEpisodes(
    const v1::IngestEpisodesRequest& request, const BadText& bad) {
  for (const char* field : {"tenant", "user"}) {
    if (FindBad(bad, field) != nullptr) return NotUtf8(field);
  }
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  if (request.episodes_size() < 1 || request.episodes_size() > kMaxBatch) {
    return absl::InvalidArgumentError(
        absl::StrCat("episodes has ", request.episodes_size(), " entries; allowed: 1 to ", kMaxBatch));
  }
  std::vector<IngestItem> items;
  items.reserve(static_cast<size_t>(request.episodes_size()));
  for (int i = 0; i < request.episodes_size(); ++i) {
    const std::string path = absl::StrCat("episodes[", i, "]");
    items.push_back(JudgeEpisode(env_, request.episodes(i), bad, path, path, i));
  }
  absl::StatusOr<StoredItems> stored = StoreItems(env_, *user, std::move(items));
  if (!stored.ok()) return stored.status();
  v1::IngestEpisodesResponse response;
  for (v1::IngestResult& result : stored->results) *response.add_results() = std::move(result);
  for (v1::FiredTrigger& fired : stored->fired) *response.add_fired() = std::move(fired);
  return response;
}

absl::StatusOr<v1::StoredEpisode> MemoryService::GetEpisode(const v1::GetEpisodeRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  if (absl::Status s = CheckString(request.episode_id(), "episode_id", kMaxIdBytes, true); !s.ok()) return s;
  absl::StatusOr<StoredEpisode> episode = env_.store.GetEpisode(*user, request.episode_id());
  if (!episode.ok()) return episode.status();
  return ToWire(*episode);
}

absl::StatusOr<v1::ListEpisodesResponse> MemoryService::ListEpisodes(const v1::ListEpisodesRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  const auto fetch = [&](const std::string& after, int limit,
                         v1::ListEpisodesResponse& response) -> absl::Status {
    absl::StatusOr<Page<StoredEpisode>> page = env_.store.ListEpisodes(*user, after, limit);
    if (!page.ok()) return page.status();
    for (const StoredEpisode& episode : page->items) *response.add_episodes() = ToWire(episode);
    response.set_next_page_token(page->next);
    return absl::OkStatus();
  };
  return FillPage<v1::ListEpisodesResponse>(request, Scope("episodes", *user), fetch);
}

absl::StatusOr<v1::ListFactsResponse> MemoryService::ListFacts(const v1::ListFactsRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  for (const auto& [value, field] :
       {std::pair(&request.subject(), "subject"), std::pair(&request.category(), "category"),
        std::pair(&request.key(), "key")}) {
    if (absl::Status s = CheckString(*value, field, kMaxKeyBytes, false); !s.ok()) return s;
  }
  const absl::Time as_of = AsOf(request.has_as_of() ? &request.as_of() : nullptr, env_.now());
  const FactFilter filter{request.subject(), request.category(), request.key()};
  const auto fetch = [&](std::string after, int limit, v1::ListFactsResponse& response) -> absl::Status {
    // What does not hold is left out after the store's limit; going on while less than half is there keeps
    // both the number of reads and the number of thin pages low.
    do {
      absl::StatusOr<Page<Fact>> page = reader_.Facts(*user, filter, after, limit - response.facts_size());
      if (!page.ok()) return page.status();
      for (const Fact& fact : page->items) {
        if (request.history() || CurrentAt(fact, as_of)) *response.add_facts() = ToWire(fact, as_of);
      }
      after = page->next;
    } while (!after.empty() && response.facts_size() * 2 < limit);
    response.set_next_page_token(after);
    return absl::OkStatus();
  };
  // The time does not change the order or the token: pages of one list may differ in 'now'.
  return FillPage<v1::ListFactsResponse>(
      request,
      absl::StrCat(Scope("facts", *user), "/", filter.subject, "/", filter.category_part, "/", filter.key),
      fetch);
}

absl::StatusOr<v1::FactDetail> MemoryService::GetFact(const v1::GetFactRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  if (absl::Status s = CheckString(request.key(), "key", kMaxKeyBytes, true); !s.ok()) return s;
  absl::StatusOr<FactDetail> detail = reader_.Detail(*user, request.key());
  if (!detail.ok()) return detail.status();
  return ToWire(*detail, AsOf(request.has_as_of() ? &request.as_of() : nullptr, env_.now()));
}

absl::StatusOr<v1::ListQuarantineResponse> MemoryService::ListQuarantine(
    const v1::ListQuarantineRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  const auto fetch = [&](const std::string& after, int limit,
                         v1::ListQuarantineResponse& response) -> absl::Status {
    absl::StatusOr<Page<Quarantined>> page = env_.store.ListQuarantine(*user, after, limit);
    if (!page.ok()) return page.status();
    for (const Quarantined& gist : page->items) *response.add_gists() = ToWire(gist);
    response.set_next_page_token(page->next);
    return absl::OkStatus();
  };
  return FillPage<v1::ListQuarantineResponse>(request, Scope("quarantine", *user), fetch);
}

absl::StatusOr<v1::PutSlotResponse> MemoryService::PutSlot(const v1::PutSlotRequest& request) {
  absl::StatusOr<std::string> tenant = CheckTenant(request.tenant());
  if (!tenant.ok()) return tenant.status();
  if (!request.has_slot())
    return absl::InvalidArgumentError("slot is missing; allowed: a pattern and how it behaves");
  absl::StatusOr<PutResult> put = PutOneSlot(env_.store, *tenant, request.slot(), "slot");
  if (!put.ok()) return put.status();
  v1::PutSlotResponse response;
  *response.mutable_slot() = ToWire(put->slot);
  response.set_version(put->version);
  return response;
}

absl::StatusOr<v1::ListSlotsResponse> MemoryService::ListSlots(const v1::ListSlotsRequest& request) {
  absl::StatusOr<std::string> tenant = CheckTenant(request.tenant());
  if (!tenant.ok()) return tenant.status();
  const auto fetch = [&](const std::string& after, int limit,
                         v1::ListSlotsResponse& response) -> absl::Status {
    absl::StatusOr<SlotRegistry> own = env_.store.GetSlots(*tenant);
    if (!own.ok()) return own.status();
    const Registry registry(*std::move(own));
    response.set_version(registry.version());
    for (const Slot& slot : registry.slots()) {  // by pattern
      if (slot.pattern <= after) continue;
      if (response.slots_size() == limit) {
        response.set_next_page_token(response.slots(limit - 1).pattern());
        break;
      }
      *response.add_slots() = ToWire(slot);
    }
    return absl::OkStatus();
  };
  return FillPage<v1::ListSlotsResponse>(request, absl::StrCat("slots/", *tenant), fetch);
}

absl::StatusOr<v1::VerifyUserResponse> MemoryService::VerifyUser(const v1::VerifyUserRequest& request) {
  absl::StatusOr<UserKey> user = CheckUser(request.tenant(), request.user());
  if (!user.ok()) return user.status();
  absl::StatusOr<Verification> verification = reader_.Verify(*user);
  if (!verification.ok()) return verification.status();
  return ToWire(*verification);
}

}  // namespace slowwave
