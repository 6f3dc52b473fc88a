// A database as a daemon in production has it: laid out by the owner, and then roles.sql and row_security.sql
// of deploy/sql/. Whoever includes this is compiled with SLOWWAVE_SOURCE_DIR.
#ifndef SLOWWAVE_TESTS_SUPPORT_DAEMON_DATABASE_H_
#define SLOWWAVE_TESTS_SUPPORT_DAEMON_DATABASE_H_

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "absl/strings/str_replace.h"
#include "storage/postgres/postgres_store.h"
#include "tests/support/postgres_server.h"

namespace slowwave {

inline std::string DeploySql(const std::string& name) {
  std::ifstream file(SLOWWAVE_SOURCE_DIR "/deploy/sql/" + name);
  std::string sql{std::istreambuf_iterator<char>(file), {}};
  if (sql.empty()) throw std::runtime_error(name + ": cannot be read");
  return sql;
}

// Of the database of a daemon's URL, that of the server's superuser.
inline std::string SuperuserUrl(const std::string& daemon_url) {
  return absl::StrReplaceAll(daemon_url, {{"slowwave_service@", "slowwave@"}});
}

// The URL that its daemons use. Throws std::runtime_error.
inline std::string NewDaemonDatabase(PostgresServer& server, bool row_security = true) {
  const std::string url = server.NewDatabase();
  if (absl::StatusOr<int> made = PostgresMigrate(url); !made.ok()) {
    throw std::runtime_error(std::string(made.status().message()));
  }
  PostgresServer::Sql(url, DeploySql("roles.sql"));
  if (row_security) PostgresServer::Sql(url, DeploySql("row_security.sql"));
  return absl::StrReplaceAll(url, {{"slowwave@", "slowwave_service@"}});
}

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_DAEMON_DATABASE_H_
