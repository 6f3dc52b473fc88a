// Looks at a database as `slowwave doctor` does: what the role may do there, whether its clock is ours,
// whether notifications come through. Changes nothing.
#ifndef SLOWWAVE_STORAGE_POSTGRES_INSPECTION_H_
#define SLOWWAVE_STORAGE_POSTGRES_INSPECTION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace slowwave {

struct PostgresInspection {
  std::string server_version;
  std::string role;
  bool superuser = false, bypasses_row_security = false;
  bool owner = false;    // of a table of ours, or a member of the role that is
  bool standby = false;  // takes no writes
  // How far its clock is ahead of this machine's, and how far that may be off.
  absl::Duration clock_ahead, clock_error;
  // What a daemon does and this role may not: 'UPDATE on task'. Only of tables that are there.
  std::vector<std::string> missing_rights;
  int tables = 0;                                 // of ours, less the record of migrations
  std::vector<std::string> without_row_security;  // names of tables
  bool looks_across = true;                       // it finds the tenants that have work
  std::vector<std::string> not_forced;            // row security on, but not for the owner
};

// Errors as OpenPostgres.
absl::StatusOr<PostgresInspection> InspectPostgres(const std::string& url);

// Sends a notification by way of `url` and waits for it on `listen_url`. kUnavailable: it does not come, as
// through a pooler that hands each transaction to another server process, or one of the two cannot be
// reached.
absl::Status CheckPostgresListen(const std::string& url, const std::string& listen_url);

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_POSTGRES_INSPECTION_H_
