#include "storage/postgres/inspection.h"

#include <poll.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/codec.h"
#include "storage/postgres/connection.h"
#include "storage/postgres/transaction.h"

namespace slowwave {
namespace postgres {
namespace {

constexpr absl::Duration kConnect = absl::Seconds(5);
constexpr absl::Duration kCall = absl::Seconds(5);
constexpr absl::Duration kNotification = absl::Seconds(3);
constexpr char kMigrations[] = "schema_migration";

// As deploy/sql/roles.sql grants it, beside SELECT on all.
constexpr std::string_view kInsertedAndDeleted[] = {"episode",    "assertion", "fact",     "review",
                                                    "quarantine", "run",       "exchange", "erased"};
constexpr std::string_view kUpdatedToo[] = {"tenant", "slot", "user_state", "trig",  "pending",
                                            "task",   "plan", "request",    "budget"};

bool IsOneOf(const std::string& name, const auto& names) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

void ReadRights(Rows& table, const std::string& name, PostgresInspection& seen) {
  const bool updated = IsOneOf(name, kUpdatedToo), written = updated || IsOneOf(name, kInsertedAndDeleted);
  const auto need = [&](bool needed, int column, const char* right) {
    if (needed && !table.Bool(column)) seen.missing_rights.push_back(absl::StrCat(right, " on ", name));
  };
  need(true, 4, "SELECT");
  need(written, 5, "INSERT");
  need(updated, 6, "UPDATE");
  need(written, 7, "DELETE");
}

// Whether a notification comes before the deadline.
bool Hears(Connection& connection, Deadline deadline) {
  while (!deadline.over()) {
    if (PQconsumeInput(connection.handle()) != 1) return false;
    if (PGnotify* note = PQnotifies(connection.handle()); note != nullptr) {
      PQfreemem(note);
      return true;
    }
    pollfd socket{.fd = PQsocket(connection.handle()), .events = POLLIN, .revents = 0};
    const absl::Duration left = deadline.left();
    poll(&socket, 1, static_cast<int>(std::max<int64_t>(0, absl::ToInt64Milliseconds(left))));
  }
  return false;
}

}  // namespace
}  // namespace postgres

absl::StatusOr<PostgresInspection> InspectPostgres(const std::string& url) {
  using postgres::Connection;
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open(url, Deadline::After(postgres::kConnect));
  if (!connection.ok()) return connection.status();
  postgres::Transaction t(**connection, postgres::Mode::kSingle, Deadline::After(postgres::kCall),
                          std::nullopt);
  PostgresInspection seen;
  postgres::Rows role = t.Add("inspect_role");
  const absl::Time before = absl::Now();
  t.Send();
  const absl::Time after = absl::Now();
  bool usage = false;
  if (role.Step()) {
    seen.role = role.Text(0);
    seen.superuser = role.Bool(1);
    seen.bypasses_row_security = role.Bool(2);
    seen.standby = role.Bool(3);
    seen.server_version = role.Text(4);
    usage = role.Bool(5);
    seen.clock_error = (after - before) / 2;
    seen.clock_ahead = role.Time(6) - (before + seen.clock_error);
  }
  postgres::Rows across = t.Add("inspect_across");
  postgres::Rows tables = t.Add("inspect_tables");
  t.Send();
  if (across.Step()) seen.looks_across = across.Bool(0);
  while (tables.Step()) {
    const std::string name = tables.Text(0);
    seen.owner |= tables.Bool(1);
    postgres::ReadRights(tables, name, seen);
    if (name == postgres::kMigrations) continue;
    ++seen.tables;
    if (!tables.Bool(2)) {
      seen.without_row_security.push_back(name);
    } else if (!tables.Bool(3)) {
      seen.not_forced.push_back(name);
    }
  }
  if (seen.tables > 0 && !usage) seen.missing_rights.emplace_back("USAGE on the schema");
  if (absl::Status end = t.End(absl::OkStatus()); !end.ok()) return end;
  return seen;
}

absl::Status CheckPostgresListen(const std::string& url, const std::string& listen_url) {
  using postgres::Connection;
  absl::StatusOr<std::unique_ptr<Connection>> listening =
      Connection::Open(listen_url, Deadline::After(postgres::kConnect));
  if (!listening.ok()) return listening.status();
  absl::StatusOr<std::unique_ptr<Connection>> telling =
      Connection::Open(url, Deadline::After(postgres::kConnect));
  if (!telling.ok()) return telling.status();
  const std::string channel = absl::StrCat("slowwave_doctor_", codec::NewToken());
  const std::string listen = absl::StrCat("LISTEN ", channel), notify = absl::StrCat("NOTIFY ", channel);
  std::vector<postgres::Result> results;
  const Deadline deadline = Deadline::After(postgres::kCall);
  if (auto f = (*listening)->Run({{listen, postgres::Parameters()}}, deadline, results); !f.status.ok()) {
    return f.status;
  }
  if (auto f = (*telling)->Run({{notify, postgres::Parameters()}}, deadline, results); !f.status.ok()) {
    return f.status;
  }
  if (postgres::Hears(**listening, Deadline::After(postgres::kNotification))) return absl::OkStatus();
  return absl::UnavailableError("a notification that was sent did not come");
}

}  // namespace slowwave
