#include "server/export.h"

#include <algorithm>
#include <utility>

#include "core/reader.h"
#include "server/mapping.h"
#include "server/rpc_service.h"
#include "server/validation.h"

namespace slowwave {
namespace {

// What a batch is to have, about; it stays in memory until the client has taken it.
constexpr size_t kBatchBytes = 1 << 20;
constexpr int kMostAtATime = 64;
constexpr int kFormat = 1;

}  // namespace

absl::StatusOr<std::vector<grpc::ByteBuffer>> UserExport::Next() {
  if (!std::exchange(begun_, true)) return Head();
  std::vector<grpc::ByteBuffer> records;
  if (ended_) return records;
  absl::StatusOr<Page<StoredEpisode>> page = env_.store.ListEpisodes(user_, after_, at_a_time_);
  if (!page.ok()) return page.status();
  size_t bytes = 0;
  for (const StoredEpisode& stored : page->items) {
    v1::ExportRecord record;
    *record.mutable_episode() = ToWire(stored.episode);
    records.push_back(Serialize(record));
    bytes += records.back().Length();
  }
  // As many as would have filled it; after small ones large ones may come, so no more than twice as many.
  const size_t fit = bytes == 0 ? kMostAtATime : kBatchBytes * records.size() / bytes;
  at_a_time_ = static_cast<int>(
      std::clamp<size_t>(fit, 1, static_cast<size_t>(std::min(kMostAtATime, 2 * at_a_time_))));
  after_ = page->next;
  ended_ = after_.empty();
  return records;
}

absl::StatusOr<std::vector<grpc::ByteBuffer>> UserExport::Head() {
  absl::StatusOr<UserKey> user = CheckUser(request_.tenant(), request_.user());
  if (!user.ok()) return user.status();
  user_ = *std::move(user);
  const absl::StatusOr<UserState> state = env_.store.GetUser(user_);
  if (!state.ok()) return state.status();
  const absl::StatusOr<std::string> digest = MemoryReader(env_.store).Digest(user_);
  if (!digest.ok()) return digest.status();
  const absl::StatusOr<SlotRegistry> own = env_.store.GetSlots(user_.tenant);
  if (!own.ok()) return own.status();

  std::vector<grpc::ByteBuffer> records;
  v1::ExportRecord first;
  v1::ExportHeader& header = *first.mutable_header();
  header.set_tenant(user_.tenant);
  header.set_user(user_.user);
  header.set_format(kFormat);
  *header.mutable_exported_at() = ToWire(env_.now());
  for (const TriggerCondition& condition : state->conditions) *header.add_conditions() = ToWire(condition);
  header.set_digest(*digest);
  records.push_back(Serialize(first));
  for (const Slot& slot : own->slots) {
    v1::ExportRecord record;
    *record.mutable_slot() = ToWire(slot);
    records.push_back(Serialize(record));
  }
  return records;
}

}  // namespace slowwave
