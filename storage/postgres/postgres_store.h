// The store of production: Postgres 13 or newer, several processes on one database.
//
// Works through pgbouncer in transaction mode: nothing is kept in a session. Every call ends within its
// deadline, whatever the server or the network does. Times are the database's. All objects lie in the schema
// `slowwave`.
#ifndef SLOWWAVE_STORAGE_POSTGRES_POSTGRES_STORE_H_
#define SLOWWAVE_STORAGE_POSTGRES_POSTGRES_STORE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/migrator.h"
#include "storage/store.h"
#include "storage/store_observer.h"

namespace slowwave {

struct PostgresOptions {
  std::string url;      // postgres://user:password@host:port/database?sslmode=...
  int connections = 8;  // at most; >= 1
  absl::Duration connect_timeout = absl::Seconds(3);  // of one attempt
  absl::Duration call_timeout =
      absl::Seconds(10);  // of one call of the store, waiting for a connection included
  absl::Duration commit_timeout =
      absl::Seconds(20);  // of CommitRun, which looks again when its end is in doubt
  absl::Duration ping_timeout = absl::Seconds(2);
  bool migrate = true;                // apply outstanding migrations; else they are an error
  std::string listen_url;             // for wake-ups: a direct connection, no pooler; empty: none
  std::function<absl::Time()> now;    // tests only; null: the database's clock
  StoreObserver* observer = nullptr;  // outlives the store; null: none
};

// Reaches the database once. kInvalidArgument: a URL that cannot be parsed. kUnavailable: it cannot be
// reached. kFailedPrecondition: wrong credentials, a database that is not UTF-8, outstanding migrations with
// `migrate` unset, migrations that were changed. Ones that a newer slowwave has applied are fine: they only
// add (see migrations/README.md).
absl::StatusOr<std::unique_ptr<Store>> OpenPostgres(PostgresOptions options);

// What the database has and lacks; changes nothing.
absl::StatusOr<MigrationStatus> PostgresMigrationStatus(const std::string& url);

// Applies what is outstanding, one transaction each, while others work. One process at a time. Returns how
// many.
absl::StatusOr<int> PostgresMigrate(const std::string& url);

// Host, port and database of the URL, for messages; just `postgres` if it cannot be parsed.
std::string RedactPostgresUrl(const std::string& url);

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_POSTGRES_POSTGRES_STORE_H_
