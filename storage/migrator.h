// Numbered migrations, forward only: each applied once, in order, whole or not at all.
//
// A backend gives its list (embedded at build) and a driver that records what was applied in the database
// itself. Thread safety: none here; the driver sees to it that two processes do not migrate at once.
#ifndef SLOWWAVE_STORAGE_MIGRATOR_H_
#define SLOWWAVE_STORAGE_MIGRATOR_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace slowwave {

struct Migration {
  int version = 0;  // 1, 2, 3 ... without gaps
  std::string_view name;
  std::string_view sql;
};

struct AppliedMigration {
  int version = 0;
  std::string name;
  std::string checksum;  // of the SQL that was run
  absl::Time applied_at;
};

struct MigrationState {
  int version = 0;
  std::string name;
  std::string checksum;                  // as this binary has it; empty if it does not know the version
  std::optional<absl::Time> applied_at;  // unset: still to be applied
  std::string problem;                   // empty: none
};

// One entry a version that the binary or the database knows, ascending.
struct MigrationStatus {
  std::vector<MigrationState> migrations;
  int applied = 0;
  int outstanding = 0;
};

class MigrationDriver {
 public:
  virtual ~MigrationDriver() = default;
  // Ascending by version; empty for a new database. kFailedPrecondition: the database is someone else's.
  virtual absl::StatusOr<std::vector<AppliedMigration>> Applied() = 0;
  // Runs the SQL and records it, in one transaction.
  virtual absl::Status Apply(const Migration& migration, const std::string& checksum) = 0;
};

// SHA-256 of the SQL, in hex.
std::string MigrationChecksum(const Migration& migration);

// What the database has and lacks. Differences are told in `problem`, they are no error.
absl::StatusOr<MigrationStatus> ReadMigrationStatus(const std::vector<Migration>& known,
                                                    MigrationDriver& driver);

// kFailedPrecondition: the database was written by a newer binary, or a migration was changed after it was
// applied, or one is missing in between. Outstanding ones at the end are fine.
absl::Status ValidateMigrations(const MigrationStatus& status);

// Validates, then applies what is outstanding. Returns how many were applied; those before a failure stay
// applied.
absl::StatusOr<int> MigrateUp(const std::vector<Migration>& known, MigrationDriver& driver);

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_MIGRATOR_H_
