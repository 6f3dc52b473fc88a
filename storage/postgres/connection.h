// One connection to Postgres, and statements sent over it as pipelines. Every wait has a deadline.
//
// Through a pooler nothing is left in the session: no prepared statements, no settings but those of a
// transaction, so that each transaction may go to another server process. A session that is found to be ours
// alone keeps the plans of named statements: to plan the larger ones takes as long as to run them.
// Thread safety: none.
#ifndef SLOWWAVE_STORAGE_POSTGRES_CONNECTION_H_
#define SLOWWAVE_STORAGE_POSTGRES_CONNECTION_H_

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/deadline.h"
#include "storage/postgres/values.h"

namespace slowwave::postgres {

struct Statement {
  std::string_view sql;  // outlives its execution
  Parameters parameters;
  std::string_view name =
      {};  // always of this SQL, 63 bytes at most: the session may keep its plan; empty: no
};

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ResultDeleter>;

// Run once in a session that keeps plans. A plan is kept while its tables grow, so that it has to be the one
// for large tables from the start: by index.
inline constexpr std::string_view kKeepPlans =
    "SELECT set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false), "
    "set_config('jit', 'off', false)";

// Why a pipeline failed.
struct Failure {
  absl::Status status;
  int statement = -1;     // the first that failed; -1: the connection did
  std::string sql_state;  // five characters; empty if the connection failed
};

class Connection {
 public:
  // kInvalidArgument: no URL. kUnavailable: not reached by the deadline, refused. kFailedPrecondition: wrong
  // credentials or database, an encoding other than UTF-8. Messages are fit for any caller; what libpq said
  // is the operator's detail (storage/operator_detail.h).
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& url, Deadline deadline);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One round trip: all statements, then a sync. `results` gets one for each that succeeded. After an error
  // in one statement the others after it were not run. A broken or late connection is of no further use.
  Failure Run(const std::vector<Statement>& statements, Deadline deadline, std::vector<Result>& results);

  // Nothing was received meanwhile, such as the server's farewell.
  bool Fresh() const;
  bool broken() const { return broken_; }
  // The session is this connection's alone, from its first statement to its last.
  bool owns_session() const { return owns_session_; }
  // The server has begun a transaction that is not over.
  bool InTransaction() const;
  PGconn* handle() { return handle_; }

 private:
  explicit Connection(PGconn* handle) : handle_(handle) {}
  Failure Broken(absl::Status status);
  // Finds out whether the session is ours, and if so sets it up for kept plans.
  absl::Status LookAtSession(Deadline deadline);
  // Sends one statement; `prepares`: a result of preparing it comes before its own.
  bool SendOne(const Statement& statement, bool& prepares);
  // The result of a statement, or of preparing it; null if there is a failure, this one or an earlier one.
  Result TakeResult(int statement, Deadline deadline, Failure& failure);
  // Waits until the socket can be read (or written, if there is more to send), and reads. False: see
  // `failure`.
  bool Progress(Deadline deadline, Failure& failure);
  // The next result, null between two statements' ones. False: see `failure`.
  bool Next(Deadline deadline, Result& result, Failure& failure);

  PGconn* handle_;
  bool broken_ = false, owns_session_ = false;
  // The types of the parameters that a statement was prepared with, by its name.
  std::map<std::string, std::vector<unsigned>, std::less<>> prepared_;
};

// What the server's SQLSTATE means to a caller of the store.
absl::Status StatusOfSqlState(std::string_view sql_state);

}  // namespace slowwave::postgres

#endif  // SLOWWAVE_STORAGE_POSTGRES_CONNECTION_H_
