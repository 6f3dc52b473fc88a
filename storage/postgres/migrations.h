#ifndef SLOWWAVE_STORAGE_POSTGRES_MIGRATIONS_H_
#define SLOWWAVE_STORAGE_POSTGRES_MIGRATIONS_H_

#include <memory>
#include <string>
#include <vector>

#include "storage/migrator.h"
#include "storage/postgres/connection.h"

namespace slowwave::postgres {

// Where migrations are recorded: slowwave.schema_migration. An advisory lock keeps two processes from
// applying at once; the second finds it done. A migration waits for a table's lock a short time only, then
// lets the queue behind it pass and tries again.
class PostgresMigrationDriver : public MigrationDriver {
 public:
  explicit PostgresMigrationDriver(Connection& connection) : connection_(connection) {}
  absl::StatusOr<std::vector<AppliedMigration>> Applied() override;
  absl::Status Apply(const Migration& migration, const std::string& checksum) override;

 private:
  absl::Status TryApply(const Migration& migration, const std::string& checksum, bool& lock_missed);

  Connection& connection_;
};

absl::StatusOr<std::unique_ptr<Connection>> ConnectToMigrate(const std::string& url);

}  // namespace slowwave::postgres

#endif  // SLOWWAVE_STORAGE_POSTGRES_MIGRATIONS_H_
