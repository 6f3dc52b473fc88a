#include "storage/codec.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {
namespace {

// The columns that run_get and run_page share.
RunRecord ReadRun(const UserKey& user, Query& q) {
  RunRecord run;
  run.user = user;
  run.run_id = q.Text(1);
  run.task_id = q.Text(2);
  run.started_at = q.Time(3);
  run.finished_at = q.Time(4);
  run.succeeded = q.Bool(5);
  run.report = q.Text(6);
  if (q.IsNull(7)) return run;  // its task is gone
  run.trigger = q.Enum<TriggerKind>(7);
  run.reasons = q.Strings(8);
  run.attempt = static_cast<int32_t>(q.Int(9));
  return run;
}

}  // namespace

absl::StatusOr<RunRecord> SqliteStore::GetRun(const std::string& tenant, const std::string& run_id) {
  return Read("get run", [&](Connection& c) -> absl::StatusOr<RunRecord> {
    Query q(c, "run_get", tenant, run_id);
    if (!q.Step()) return absl::NotFoundError("no such run");
    RunRecord run = ReadRun({tenant, q.Text(0)}, q);
    run.change_set = q.Text(10);
    return run;
  });
}

absl::StatusOr<Page<RunRecord>> SqliteStore::ListRuns(const UserKey& user, const std::string& after,
                                                      int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  int64_t last = INT64_MAX;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("runs", after, 1);
    if (!fields.ok()) return fields.status();
    absl::StatusOr<int64_t> number = codec::PageTokenNumber(fields->front());
    if (!number.ok()) return number.status();
    last = *number;
  }
  return Read("list runs", [&](Connection& c) -> absl::StatusOr<Page<RunRecord>> {
    if (!LoadUser(c, user)) return NoSuchUser();
    Page<RunRecord> page;
    int64_t number = 0;
    Query q(c, "run_page", user.tenant, user.user, last, int64_t{limit} + 1);
    while (q.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        page.next = codec::EncodePageToken("runs", {absl::StrCat(number)});
        break;
      }
      number = q.Int(0);
      page.items.push_back(ReadRun(user, q));
    }
    return page;
  });
}

absl::StatusOr<Page<Quarantined>> SqliteStore::ListQuarantine(const UserKey& user, const std::string& after,
                                                              int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  int64_t last_at = INT64_MIN, last_ordinal = 0;
  std::string last_run;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("quarantine", after, 3);
    if (!fields.ok()) return fields.status();
    absl::StatusOr<int64_t> at = codec::PageTokenNumber((*fields)[0]),
                            ordinal = codec::PageTokenNumber((*fields)[2]);
    if (!at.ok()) return at.status();
    if (!ordinal.ok()) return ordinal.status();
    last_at = *at;
    last_run = (*fields)[1];
    last_ordinal = *ordinal;
  }
  return Read("list quarantine", [&](Connection& c) -> absl::StatusOr<Page<Quarantined>> {
    if (!LoadUser(c, user)) return NoSuchUser();
    Page<Quarantined> page;
    Query q(c, "quarantine_page", user.tenant, user.user, last_at, last_run, last_ordinal,
            int64_t{limit} + 1);
    while (q.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        const Quarantined& last = page.items.back();
        page.next = codec::EncodePageToken("quarantine", {absl::StrCat(absl::ToUnixMicros(last.at)),
                                                          last.run_id, absl::StrCat(last.ordinal)});
        break;
      }
      Quarantined& item = page.items.emplace_back();
      item.at = q.Time(0);
      item.run_id = q.Text(1);
      item.ordinal = static_cast<int>(q.Int(2));
      item.reason = q.Text(3);
      item.detail = q.Text(4);
      item.text = q.Text(5);
      item.key = q.Text(6);
      item.value = q.MaybeText(7);
      item.evidence = q.EvidenceList(8);
    }
    return page;
  });
}

}  // namespace slowwave::sqlite
