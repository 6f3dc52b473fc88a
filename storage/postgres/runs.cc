#include "storage/codec.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {
namespace {

// The columns that run_get and run_page share.
RunRecord ReadRun(const UserKey& user, Rows& row) {
  RunRecord run;
  run.user = user;
  run.run_id = row.Text(1);
  run.task_id = row.Text(2);
  run.started_at = row.Time(3);
  run.finished_at = row.Time(4);
  run.succeeded = row.Bool(5);
  run.report = row.Text(6);
  if (row.IsNull(7)) return run;  // its task is gone
  run.trigger = row.Enum<TriggerKind>(7);
  run.reasons = row.Strings(8);
  run.attempt = static_cast<int32_t>(row.Int(9));
  return run;
}

}  // namespace

absl::StatusOr<RunRecord> PostgresStore::GetRun(const std::string& tenant, const std::string& run_id) {
  return Single("get run", [&](Transaction& t) -> absl::StatusOr<RunRecord> {
    Rows row = t.Add("run_get", tenant, run_id);
    if (!t.Send() || !row.Step()) return absl::NotFoundError("no such run");
    RunRecord run = ReadRun({tenant, row.Text(0)}, row);
    run.change_set = row.Text(10);
    return run;
  });
}

absl::StatusOr<Page<RunRecord>> PostgresStore::ListRuns(const UserKey& user, const std::string& after,
                                                        int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  int64_t last = INT64_MAX;
  std::optional<absl::Time> last_time;
  std::string last_id;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("runs", after, 3);
    if (!fields.ok()) return fields.status();
    absl::StatusOr<int64_t> number = codec::PageTokenNumber((*fields)[0]);
    absl::StatusOr<int64_t> time = codec::PageTokenNumber((*fields)[1]);
    if (!number.ok()) return number.status();
    if (!time.ok()) return time.status();
    last = *number;
    last_time = TimeOfToken(*time);
    last_id = (*fields)[2];
  }
  return Read("list runs", [&](Transaction& t) -> absl::StatusOr<Page<RunRecord>> {
    Rows owner = t.Add("user_get", user.tenant, user.user);
    Rows rows = t.Add("run_page", user.tenant, user.user, last, last_time, last_id, int64_t{limit} + 1);
    if (!t.Finish() || !owner.Step()) return NoSuchUser();
    Page<RunRecord> page;
    int64_t number = 0;
    while (rows.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        const RunRecord& shown = page.items.back();
        page.next = codec::EncodePageToken(
            "runs",
            {absl::StrCat(number), absl::StrCat(absl::ToUnixMicros(shown.finished_at)), shown.run_id});
        break;
      }
      number = rows.Int(0);
      page.items.push_back(ReadRun(user, rows));
    }
    return page;
  });
}

absl::StatusOr<Page<Quarantined>> PostgresStore::ListQuarantine(const UserKey& user, const std::string& after,
                                                                int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  std::optional<absl::Time> last_at;
  int64_t last_ordinal = 0;
  std::string last_run;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("quarantine", after, 3);
    if (!fields.ok()) return fields.status();
    absl::StatusOr<int64_t> at = codec::PageTokenNumber((*fields)[0]);
    absl::StatusOr<int64_t> ordinal = codec::PageTokenNumber((*fields)[2]);
    if (!at.ok()) return at.status();
    if (!ordinal.ok()) return ordinal.status();
    last_at = TimeOfToken(*at);
    last_run = (*fields)[1];
    last_ordinal = *ordinal;
  }
  return Read("list quarantine", [&](Transaction& t) -> absl::StatusOr<Page<Quarantined>> {
    Rows owner = t.Add("user_get", user.tenant, user.user);
    Rows rows =
        t.Add("quarantine_page", user.tenant, user.user, last_at, last_run, last_ordinal, int64_t{limit} + 1);
    if (!t.Finish() || !owner.Step()) return NoSuchUser();
    Page<Quarantined> page;
    while (rows.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        const Quarantined& last = page.items.back();
        page.next = codec::EncodePageToken("quarantine", {absl::StrCat(absl::ToUnixMicros(last.at)),
                                                          last.run_id, absl::StrCat(last.ordinal)});
        break;
      }
      Quarantined& item = page.items.emplace_back();
      item.at = rows.Time(0);
      item.run_id = rows.Text(1);
      item.ordinal = static_cast<int>(rows.Int(2));
      item.reason = rows.Text(3);
      item.detail = rows.Text(4);
      item.text = rows.Text(5);
      item.key = rows.Text(6);
      item.value = rows.MaybeText(7);
      item.evidence = rows.EvidenceList(8);
    }
    return page;
  });
}

}  // namespace slowwave::postgres
