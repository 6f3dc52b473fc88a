// Brings one database to this binary's layout.
#include "storage/postgres/migrations.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/postgres/connection.h"
#include "storage/postgres/embedded_sql.h"
#include "storage/postgres/postgres_store.h"

namespace slowwave {
namespace postgres {
namespace {

constexpr absl::Duration kConnect = absl::Seconds(5);
constexpr absl::Duration kRead = absl::Seconds(10);
// Long enough to build an index; a lock is waited for far less, since others queue up behind whoever waits.
constexpr absl::Duration kApply = absl::Hours(1);
constexpr absl::Duration kLockWait = absl::Seconds(2);
constexpr int kLockTries = 30;

// Named queries need the tables that migrations make, so these few statements stand here.
constexpr std::string_view kExists =
    "SELECT to_regclass('slowwave.schema_migration') IS NOT NULL, "
    "EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = "
    "'slowwave')";
constexpr std::string_view kReadAll =
    "SELECT version, name, checksum, applied_at FROM slowwave.schema_migration ORDER BY version";
constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS slowwave.schema_migration(version integer NOT NULL PRIMARY KEY, "
    "name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL)";
constexpr std::string_view kRecord = "INSERT INTO slowwave.schema_migration VALUES ($1, $2, $3, now())";
// Held to the end of the transaction, and a setting of it: both pass through a pooler.
constexpr std::string_view kLock = "SELECT pg_advisory_xact_lock(7811853, 1)";
// Where row security is on, the owner sees all rows only so: a migration that changes some must not miss any.
constexpr std::string_view kAllRows = "SELECT set_config('slowwave.across', 'on', true)";
constexpr std::string_view kLockTimeout = "SELECT set_config('lock_timeout', $1, true)";

std::string_view Column(const Result& result, int row, int column) {
  return {PQgetvalue(result.get(), row, column), static_cast<size_t>(PQgetlength(result.get(), row, column))};
}

// A migration holds several statements, which the extended protocol takes one by one.
std::vector<std::string> Split(std::string_view sql) {
  std::vector<std::string> statements(1);
  size_t at = 0;
  while (at < sql.size()) {
    if (sql.substr(at, 2) == "--") {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql[at] == ';') {
      statements.emplace_back();
      ++at;
    } else {
      statements.back().push_back(sql[at++]);
    }
  }
  std::erase_if(statements,
                [](const std::string& s) { return s.find_first_not_of(" \n") == std::string::npos; });
  return statements;
}

}  // namespace

absl::StatusOr<std::vector<AppliedMigration>> PostgresMigrationDriver::Applied() {
  std::vector<Result> results;
  const Deadline deadline = Deadline::After(kRead);
  if (Failure f = connection_.Run({{kExists, Parameters()}}, deadline, results); !f.status.ok())
    return f.status;
  if (DecodeInt(Column(results[0], 0, 0)) == 0) {
    if (DecodeInt(Column(results[0], 0, 1)) != 0) {
      return absl::FailedPreconditionError("the schema `slowwave` belongs to another program");
    }
    return std::vector<AppliedMigration>();
  }
  if (Failure f = connection_.Run({{kReadAll, Parameters()}}, deadline, results); !f.status.ok())
    return f.status;
  std::vector<AppliedMigration> list;
  for (int row = 0; row < PQntuples(results[1].get()); ++row) {
    list.push_back({.version = static_cast<int>(DecodeInt(Column(results[1], row, 0))),
                    .name = std::string(Column(results[1], row, 1)),
                    .checksum = std::string(Column(results[1], row, 2)),
                    .applied_at = DecodeTime(Column(results[1], row, 3))});
  }
  return list;
}

absl::Status PostgresMigrationDriver::TryApply(const Migration& migration, const std::string& checksum,
                                               bool& lock_missed) {
  const Deadline deadline = Deadline::After(kApply);
  std::vector<Result> results;
  const std::vector<Statement> opening = {
      {"BEGIN", Parameters()},
      {kAllRows, Parameters()},
      {kLock, Parameters()},
      {"CREATE SCHEMA IF NOT EXISTS slowwave", Parameters()},
      {kCreate, Parameters()},
      {"SELECT count(*) FROM slowwave.schema_migration WHERE version = $1", Parameters(migration.version)}};
  Failure failure = connection_.Run(opening, deadline, results);
  bool applied = false;
  if (failure.status.ok()) {
    applied = DecodeInt(Column(results.back(), 0, 0)) != 0;
    const std::vector<std::string> parts = Split(migration.sql);
    std::vector<Statement> statements;
    statements.push_back({kLockTimeout, Parameters(absl::StrCat(absl::ToInt64Milliseconds(kLockWait)))});
    for (const std::string& part : parts) statements.push_back({part, Parameters()});
    statements.push_back({kRecord, Parameters(migration.version, migration.name, checksum)});
    if (!applied) failure = connection_.Run(statements, deadline, results);
  }
  // Not had in time, or a victim of writers who wait for one another.
  lock_missed = failure.sql_state == "55P03" || failure.sql_state == "40P01";
  const std::string_view end = failure.status.ok() ? "COMMIT" : "ROLLBACK";
  if (connection_.broken()) return failure.status;
  Failure ended = connection_.Run({{end, Parameters()}}, Deadline::After(kRead), results);
  return failure.status.ok() ? ended.status : failure.status;
}

absl::Status PostgresMigrationDriver::Apply(const Migration& migration, const std::string& checksum) {
  for (int attempt = 1;; ++attempt) {
    bool lock_missed = false;
    absl::Status done = TryApply(migration, checksum, lock_missed);
    if (done.ok() || !lock_missed || attempt >= kLockTries) return done;
  }
}

absl::StatusOr<std::unique_ptr<Connection>> ConnectToMigrate(const std::string& url) {
  return Connection::Open(url, Deadline::After(kConnect));
}

}  // namespace postgres

absl::StatusOr<MigrationStatus> PostgresMigrationStatus(const std::string& url) {
  absl::StatusOr<std::unique_ptr<postgres::Connection>> connection = postgres::ConnectToMigrate(url);
  if (!connection.ok()) return connection.status();
  postgres::PostgresMigrationDriver driver(**connection);
  return ReadMigrationStatus(postgres::EmbeddedMigrations(), driver);
}

absl::StatusOr<int> PostgresMigrate(const std::string& url) {
  absl::StatusOr<std::unique_ptr<postgres::Connection>> connection = postgres::ConnectToMigrate(url);
  if (!connection.ok()) return connection.status();
  postgres::PostgresMigrationDriver driver(**connection);
  return MigrateUp(postgres::EmbeddedMigrations(), driver);
}

}  // namespace slowwave
