#include "storage/sqlite/migrations.h"

#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "storage/sqlite/embedded_sql.h"
#include "storage/sqlite/file_lock.h"
#include "storage/sqlite/sqlite_store.h"

namespace slowwave {
namespace sqlite {
namespace {

// Named queries need the tables that migrations make, so these few statements stand here.
constexpr char kTable[] =
    "CREATE TABLE IF NOT EXISTS schema_migration(version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
    "checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";
constexpr char kRead[] = "SELECT version, name, checksum, applied_at FROM schema_migration ORDER BY version";

int AddRow(void* list, int, char** values, char**) {
  static_cast<std::vector<AppliedMigration>*>(list)->push_back(
      {.version = std::atoi(values[0]),
       .name = values[1],
       .checksum = values[2],
       .applied_at = absl::FromUnixMicros(std::atoll(values[3]))});
  return 0;
}

std::string Quoted(std::string_view text) {
  char* quoted = sqlite3_mprintf("'%.*q'", static_cast<int>(text.size()), text.data());
  absl::Cleanup done = [&] { sqlite3_free(quoted); };
  return quoted;
}

}  // namespace

absl::StatusOr<std::vector<AppliedMigration>> SqliteMigrationDriver::Applied() {
  absl::StatusOr<std::string> ours =
      connection_.Ask("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migration'");
  if (!ours.ok()) return ours.status();
  if (ours->empty()) {
    absl::StatusOr<std::string> other = connection_.Ask("SELECT 1 FROM sqlite_schema LIMIT 1");
    if (!other.ok()) return other.status();
    if (!other->empty()) return absl::FailedPreconditionError("the file is a database of another program");
    return std::vector<AppliedMigration>();
  }
  std::vector<AppliedMigration> list;
  if (sqlite3_exec(connection_.handle(), kRead, &AddRow, &list, nullptr) != SQLITE_OK) {
    return absl::DataLossError("read schema_migration: it is not what slowwave writes");
  }
  return list;
}

absl::Status SqliteMigrationDriver::Apply(const Migration& migration, const std::string& checksum) {
  if (absl::Status begun = connection_.Begin("migrate", /*write=*/true); !begun.ok()) return begun;
  absl::Status done = connection_.Execute(kTable);
  if (done.ok()) done = connection_.Execute(std::string(migration.sql));
  if (done.ok()) {
    done = connection_.Execute(absl::StrCat("INSERT INTO schema_migration VALUES (", migration.version, ", ",
                                            Quoted(migration.name), ", ", Quoted(checksum), ", ",
                                            absl::ToUnixMicros(now_()), ")"));
  }
  return connection_.Commit(done);
}

std::string CanonicalPath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path : canonical.string();
}

}  // namespace sqlite

absl::StatusOr<MigrationStatus> SqliteMigrationStatus(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    class Nothing : public MigrationDriver {
      absl::StatusOr<std::vector<AppliedMigration>> Applied() override {
        return std::vector<AppliedMigration>();
      }
      absl::Status Apply(const Migration&, const std::string&) override { return absl::OkStatus(); }
    } nothing;
    return ReadMigrationStatus(sqlite::EmbeddedMigrations(), nothing);
  }
  absl::StatusOr<std::unique_ptr<sqlite::Connection>> connection =
      sqlite::Connection::Open({.path = path, .writable = false, .create = false});
  if (!connection.ok()) return connection.status();
  sqlite::SqliteMigrationDriver driver(**connection, [] { return absl::Now(); });
  return ReadMigrationStatus(sqlite::EmbeddedMigrations(), driver);
}

absl::Status SqliteMigrate(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSqlite({.path = path});
  return store.status();
}

}  // namespace slowwave
