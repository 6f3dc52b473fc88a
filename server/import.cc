#include "server/import.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/keys.h"
#include "core/triggers.h"
#include "server/mapping.h"
#include "server/rpc_service.h"
#include "server/slots.h"
#include "server/validation.h"

namespace slowwave {
namespace {

// A message of a stream; tenant and user are judged here, the rest by whoever takes it.
template <typename Message>
absl::Status Parse(std::string wire, Message& message, BadText& bad) {
  if (absl::Status status = ParseWire(std::move(wire), message, bad); !status.ok()) return status;
  for (const char* field : {"tenant", "user"}) {
    if (FindBad(bad, field) != nullptr) return NotUtf8(field);
  }
  return absl::OkStatus();
}

// A later message may repeat either of the two, or leave it out.
template <typename Message>
absl::Status CheckSameOwner(const Message& message, const std::string& tenant, const std::string& user) {
  const char* const differs = !message.user().empty() && message.user() != user         ? "user"
                              : !message.tenant().empty() && message.tenant() != tenant ? "tenant"
                                                                                        : nullptr;
  if (differs == nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(differs,
                   " is not the first message's; allowed: the same tenant and user in all messages, "
                   "or none in later ones"));
}

void AddCounts(const v1::IngestSummary& summary, CallAudit& audit) {
  audit.Count("stored", summary.stored());
  audit.Count("existed", summary.existed());
  audit.Count("different", summary.different());
  audit.Count("erased", summary.erased());
  audit.Count("refused", summary.refused());
}

}  // namespace

absl::Duration BatchRate::Pay(const std::string& tenant) {
  const int due = std::max(1, std::exchange(stored_, 0)) - (std::exchange(first_, false) ? 1 : 0);
  return rates_ == nullptr || due == 0 ? absl::ZeroDuration() : rates_->Charge(tenant, due);
}

absl::Status EpisodeSink::Take(std::vector<std::string> messages) {
  for (std::string& wire : messages) {
    v1::IngestEpisodeStreamRequest message;
    BadText bad;
    absl::Status status = Parse(std::move(wire), message, bad);
    if (status.ok() && (!user_.has_value() || !message.tenant().empty())) {
      status = CheckTenantOf(audit_.caller(), message);
    }
    if (!user_.has_value()) audit_.About(message);
    if (status.ok() && !user_.has_value()) status = AdmitRequest(rate_.rates(), audit_.caller(), message);
    if (status.ok() && user_.has_value()) {
      status = CheckSameOwner(message, user_->tenant, user_->user);
    } else if (status.ok()) {
      absl::StatusOr<UserKey> user = CheckUser(message.tenant(), message.user());
      status = user.status();
      if (user.ok()) user_ = *std::move(user);
    }
    // What was good before a bad message is kept.
    if (!status.ok()) {
      if (absl::Status stored = Store(); !stored.ok()) return stored;
      return status;
    }
    for (int i = 0; i < message.episodes_size(); ++i) {
      const int64_t index = next_index_++;
      items_.push_back(JudgeEpisode(env_, message.episodes(i), bad, absl::StrCat("episodes[", i, "]"),
                                    absl::StrCat("episodes[", index, "]"), index));
      if (items_.size() < kMaxBatch) continue;
      if (absl::Status stored = Store(); !stored.ok()) return stored;
    }
  }
  return Store();
}

absl::Status EpisodeSink::Store() {
  if (items_.empty()) return absl::OkStatus();
  rate_.Stored();
  absl::StatusOr<StoredItems> stored = StoreItems(env_, *user_, std::exchange(items_, {}));
  if (!stored.ok()) return stored.status();
  AddToSummary(std::move(stored->results), summary_);
  AddFired(std::move(stored->fired), summary_);
  return absl::OkStatus();
}

absl::StatusOr<grpc::ByteBuffer> EpisodeSink::Finish() {
  if (!user_.has_value()) return CheckUser("", "").status();
  return Serialize(summary_);
}

absl::Duration EpisodeSink::Rest() {
  return user_.has_value() ? rate_.Pay(user_->tenant) : absl::ZeroDuration();
}

void EpisodeSink::Describe(CallAudit& audit) const {
  if (user_.has_value()) {
    audit.Set("tenant", user_->tenant);
    audit.Set("user", user_->user);
  }
  AddCounts(summary_, audit);
}

absl::Status ImportSink::Take(std::vector<std::string> messages) {
  for (std::string& wire : messages) {
    v1::ImportUserRequest message;
    BadText bad;
    absl::Status status = Parse(std::move(wire), message, bad);
    if (status.ok() && (first_ || !message.tenant().empty())) {
      status = CheckTenantOf(audit_.caller(), message);
    }
    if (first_) audit_.About(message);
    if (status.ok() && first_) status = AdmitRequest(rate_.rates(), audit_.caller(), message);
    if (status.ok()) status = CheckString(message.tenant(), "tenant", kMaxIdBytes, false);
    if (status.ok()) status = CheckString(message.user(), "user", kMaxIdBytes, false);
    if (status.ok() && first_) {
      tenant_ = message.tenant();
      name_ = message.user();
      first_ = false;
    } else if (status.ok()) {
      const absl::StatusOr<std::string> tenant = CheckTenant(tenant_);
      status = tenant.ok() ? CheckSameOwner(message, *tenant, name_) : tenant.status();
    }
    for (int i = 0; status.ok() && i < message.records_size(); ++i) {
      status = TakeRecord(message.records(i), bad, absl::StrCat("records[", i, "]"));
    }
    if (!status.ok()) {
      if (absl::Status stored = Store(); !stored.ok()) return stored;
      return status;
    }
  }
  return Store();
}

absl::Status ImportSink::TakeRecord(const v1::ExportRecord& record, const BadText& bad,
                                    const std::string& wire_path) {
  const int64_t index = next_index_++;
  const std::string path = absl::StrCat("records[", index, "]");
  if (record.has_episode()) {
    if (name_.empty()) return CheckUser(tenant_, name_).status();
    items_.push_back(
        JudgeEpisode(env_, record.episode(), bad, wire_path + ".episode", path + ".episode", index));
    return items_.size() < kMaxBatch ? absl::OkStatus() : Store();
  }
  if (record.has_header() && index == 0 && FindBad(bad, wire_path) == nullptr &&
      CheckString(record.header().user(), path, kMaxIdBytes, true).ok() && name_.empty()) {
    name_ = record.header().user();
  }
  absl::Status judged;
  if (const std::string* field = FindBad(bad, wire_path); field != nullptr) {
    judged = NotUtf8(absl::StrCat(path, field->substr(wire_path.size())));
  } else {
    judged = CheckMessage(record, path);
  }
  if (judged.ok() && record.has_slot()) {
    judged = TakeSlot(record.slot(), path + ".slot");
  } else if (judged.ok() && record.has_header()) {
    judged = index == 0 ? TakeHeader(record.header())
                        : absl::InvalidArgumentError(path + ".header is not the first record");
  } else if (judged.ok()) {
    judged = absl::InvalidArgumentError(path + " is empty; allowed: a header, a slot or an episode");
  }
  // A record that is wrong, or not the caller's to bring, is refused; a store that fails ends the call.
  if (!absl::IsInvalidArgument(judged) && !absl::IsPermissionDenied(judged)) return judged;
  Refuse(index, judged);
  return absl::OkStatus();
}

absl::Status ImportSink::TakeHeader(const v1::ExportHeader& header) {
  const std::string path = "records[0].header";
  // Whose memory it is comes first: a header that is wrong otherwise must not cost the episodes behind it.
  if (absl::Status s = CheckString(header.tenant(), path + ".tenant", kMaxIdBytes, false); !s.ok()) return s;
  if (absl::Status s = CheckString(header.user(), path + ".user", kMaxIdBytes, name_.empty()); !s.ok())
    return s;
  if (name_.empty()) name_ = header.user();
  if (tenant_.empty()) tenant_ = header.tenant();
  if (header.format() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(path, ".format is ", header.format(), "; allowed: 1"));
  }
  if (absl::Status s = CheckConditionSizes(header.conditions(), path + ".conditions"); !s.ok()) return s;
  absl::StatusOr<UserKey> user = CheckUser(tenant_, name_);
  if (!user.ok()) return user.status();
  absl::StatusOr<UserState> known = env_.store.GetUser(*user);
  if (known.ok()) return absl::OkStatus();
  if (!absl::IsNotFound(known.status())) return known.status();
  absl::StatusOr<std::vector<TriggerCondition>> conditions =
      ConditionsFrom(header.conditions(), path, env_.now(), JitterOf(*user));
  if (!conditions.ok()) return conditions.status();
  rate_.Stored();
  return env_.store.RegisterUser(*user, *conditions).status();
}

absl::Status ImportSink::TakeSlot(const v1::Slot& slot, const std::string& path) {
  absl::StatusOr<std::string> tenant = CheckTenant(tenant_);
  if (!tenant.ok()) return tenant.status();
  absl::StatusOr<SlotRegistry> own = env_.store.GetSlots(*tenant);
  if (!own.ok()) return own.status();
  if (IsIn(*own, FromWire(slot))) return absl::OkStatus();
  if (absl::Status s = CheckRole(audit_.caller(), Role::kOperate); !s.ok()) {
    ++denied_slots_;
    return absl::Status(s.code(), absl::StrCat(path, ": ", s.message()));
  }
  audit_.Set("tenant", *tenant);
  rate_.Stored();
  absl::StatusOr<PutResult> put = PutOneSlot(env_.store, *tenant, slot, path);
  // One that is wrong is counted with what was refused.
  if (!absl::IsInvalidArgument(put.status())) audit_.Part("slot", slot.pattern(), put.status());
  if (!put.ok()) return put.status();
  if (put->changed) summary_.set_slots(summary_.slots() + 1);
  return absl::OkStatus();
}

absl::Status ImportSink::Store() {
  if (items_.empty()) return absl::OkStatus();
  absl::StatusOr<UserKey> user = CheckUser(tenant_, name_);
  if (!user.ok()) return user.status();
  rate_.Stored();
  absl::StatusOr<StoredItems> stored = StoreItems(env_, *user, std::exchange(items_, {}));
  if (!stored.ok()) return stored.status();
  AddToSummary(std::move(stored->results), summary_);
  AddFired(std::move(stored->fired), summary_);
  return absl::OkStatus();
}

void ImportSink::Refuse(int64_t index, const absl::Status& why) {
  v1::IngestResult result;
  result.set_index(index);
  result.set_status(v1::INGEST_STATUS_REFUSED);
  result.set_reason(std::string(why.message()));
  AddToSummary({std::move(result)}, summary_);
}

absl::StatusOr<grpc::ByteBuffer> ImportSink::Finish() {
  if (name_.empty()) return CheckUser(tenant_, name_).status();
  return Serialize(summary_);
}

absl::Duration ImportSink::Rest() {
  const absl::StatusOr<std::string> tenant = CheckTenant(tenant_);
  return tenant.ok() ? rate_.Pay(*tenant) : absl::ZeroDuration();
}

// The header may have said whose it is.
void ImportSink::Describe(CallAudit& audit) const {
  const absl::StatusOr<std::string> tenant = CheckTenant(tenant_);
  if (!first_ && tenant.ok()) audit.Set("tenant", *tenant);
  if (!name_.empty()) audit.Set("user", name_);
  AddCounts(summary_, audit);
  audit.Count("slots", summary_.slots());
  if (denied_slots_ > 0) audit.Count("slots_denied", denied_slots_);
}

}  // namespace slowwave
