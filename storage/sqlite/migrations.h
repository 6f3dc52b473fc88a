// Brings one SQLite file to this binary's layout.
#ifndef SLOWWAVE_STORAGE_SQLITE_MIGRATIONS_H_
#define SLOWWAVE_STORAGE_SQLITE_MIGRATIONS_H_

#include <functional>
#include <string>
#include <vector>

#include "storage/migrator.h"
#include "storage/sqlite/connection.h"

namespace slowwave::sqlite {

// Where migrations are recorded: table schema_migration of the connection's database.
class SqliteMigrationDriver : public MigrationDriver {
 public:
  SqliteMigrationDriver(Connection& connection, std::function<absl::Time()> now)
      : connection_(connection), now_(std::move(now)) {}
  absl::StatusOr<std::vector<AppliedMigration>> Applied() override;
  absl::Status Apply(const Migration& migration, const std::string& checksum) override;

 private:
  Connection& connection_;
  const std::function<absl::Time()> now_;
};

// The same file under one name, whatever links and dots lead to it.
std::string CanonicalPath(const std::string& path);

}  // namespace slowwave::sqlite

#endif  // SLOWWAVE_STORAGE_SQLITE_MIGRATIONS_H_
