// The embedded store: one SQLite file, one process.
//
// WAL with one writer connection behind a mutex, and a few reading ones, so that reads never wait for a
// write. A call that wrote has been synced to disk when it returns.
#ifndef SLOWWAVE_STORAGE_SQLITE_SQLITE_STORE_H_
#define SLOWWAVE_STORAGE_SQLITE_SQLITE_STORE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "storage/migrator.h"
#include "storage/store.h"
#include "storage/store_observer.h"

namespace slowwave {

struct SqliteOptions {
  std::string path;  // ":memory:" keeps nothing, for tests
  std::function<absl::Time()> now = [] { return absl::Now(); };
  absl::Duration busy_timeout = absl::Seconds(5);  // for a lock that another program holds, such as a backup
  bool durable = true;                             // false: no syncs, for tests
  StoreObserver* observer = nullptr;               // outlives the store; null: none
};

// Creates the file if there is none and applies outstanding migrations. While the store lives it holds the
// lock file `path`.lock. kFailedPrecondition: another process (named) has it open, or the file is not ours,
// or is from a newer slowwave. kDataLoss: not a database. kUnavailable: cannot be opened, for instance
// because the folder does not exist.
absl::StatusOr<std::unique_ptr<Store>> OpenSqlite(SqliteOptions options);

// What the file has and lacks; needs no lock and changes nothing. A file that does not exist lacks
// everything.
absl::StatusOr<MigrationStatus> SqliteMigrationStatus(const std::string& path);

// Creates the file if there is none and applies what is outstanding. Errors as OpenSqlite.
absl::Status SqliteMigrate(const std::string& path);

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_SQLITE_SQLITE_STORE_H_
